//! What the manager needs of the session bus besides its own face: messages as they come, and who owns which name.

use std::collections::BTreeSet;
use std::pin::Pin;

use zbus::export::futures_core::Stream;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};

const BUS: &str = "org.freedesktop.DBus";

/// The next message; `None` when the bus is gone.
pub async fn next(stream: &mut MessageStream) -> Option<zbus::Result<Message>> {
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

/// Asks to be told of every change of a name's owner, and gives the names that have one now, unique names among them.
///
/// # Errors
/// The bus does not answer.
pub async fn owned_names(connection: &Connection) -> zbus::Result<BTreeSet<String>> {
    let path = "/org/freedesktop/DBus";
    let rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'";
    connection.call_method(Some(BUS), path, Some(BUS), "AddMatch", &rule).await?;
    let reply = connection.call_method(Some(BUS), path, Some(BUS), "ListNames", &()).await?;
    let names: Vec<String> = reply.body().deserialize()?;
    Ok(names.into_iter().collect())
}

/// What tells this bus from every other, also from a later one at the same address.
///
/// # Errors
/// The bus does not answer.
pub async fn bus_id(connection: &Connection) -> zbus::Result<String> {
    let path = "/org/freedesktop/DBus";
    let reply = connection.call_method(Some(BUS), path, Some(BUS), "GetId", &()).await?;
    reply.body().deserialize()
}

/// Whether the bus has given the name to a connection itself, for as long as that lasts.
pub fn is_unique(name: &str) -> bool {
    name.starts_with(':')
}

/// The well-known name that a message of the bus says has a new owner (true) or none any more.
pub fn name_change(message: &Message) -> Option<(String, bool)> {
    let header = message.header();
    let is_change = header.message_type() == Type::Signal
        && header.sender().is_some_and(|sender| sender.as_str() == BUS)
        && header.member().is_some_and(|member| member.as_str() == "NameOwnerChanged");
    if !is_change {
        return None;
    }
    let (name, _, new): (String, String, String) = message.body().deserialize().ok()?;
    (!is_unique(&name)).then_some((name, !new.is_empty()))
}
