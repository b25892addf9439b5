//! The name of a service of Type=dbus on its bus.

use std::future::poll_fn;
use std::pin::Pin;

use tokio::sync::mpsc;
use zbus::export::futures_core::Stream;
use zbus::{MatchRule, MessageStream};

use super::Error;

const BUS: &str = "org.freedesktop.DBus";

/// Tells whether the name is owned, now and at every change, until the bus goes.
///
/// # Errors
/// The bus cannot be asked.
pub async fn watch(name: &str, system: bool, changes: mpsc::Sender<bool>) -> Result<(), Error> {
    let connection =
        if system { zbus::Connection::system().await } else { zbus::Connection::session().await }?;
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender(BUS)
        .interface(BUS)
        .member("NameOwnerChanged")
        .arg(0, name)
        .build()?;
    let mut signals = MessageStream::for_match_rule(rule, &connection, None).await?;
    // After the match rule, so that no change is missed.
    let answer =
        connection.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "NameHasOwner", &name).await?;
    if answer.body().deserialize::<bool>()? {
        let _ = changes.send(true).await;
    }
    while let Some(signal) = poll_fn(|context| Pin::new(&mut signals).poll_next(context)).await {
        let signal = signal?;
        let body = signal.body();
        let (_, _, owner): (&str, &str, &str) = body.deserialize()?;
        if changes.send(!owner.is_empty()).await.is_err() {
            break;
        }
    }
    Ok(())
}
