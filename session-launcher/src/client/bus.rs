//! The session bus: where it is, and calls to the bus itself.

use std::collections::BTreeMap;
use std::time::Duration;

use zbus::Connection;
use zbus::message::Message;

use super::{ClientError, Result};

/// The longest that one call may take: that of D-Bus libraries.
const CALL_TIMEOUT: Duration = Duration::from_secs(25);

/// Where the session bus listens: `$DBUS_SESSION_BUS_ADDRESS`, else `$XDG_RUNTIME_DIR/bus`.
///
/// # Errors
/// Neither is set.
pub fn address() -> Result<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(address) = variable("DBUS_SESSION_BUS_ADDRESS") {
        return Ok(address);
    }
    let directory = variable("XDG_RUNTIME_DIR").ok_or(ClientError::NoAddress)?;
    Ok(format!("unix:path={}/bus", escape(&directory)))
}

/// Writes a value of a D-Bus address (D-Bus Specification, "Server Addresses").
fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_/.\\*".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02x}"));
        }
    }
    escaped
}

/// Connects to the session bus.
///
/// # Errors
/// There is none, or it does not answer.
pub async fn connect() -> Result<Connection> {
    let address = address()?;
    let builder = zbus::connection::Builder::address(address.as_str()).method_timeout(CALL_TIMEOUT);
    let build = builder.build();
    match tokio::time::timeout(CALL_TIMEOUT, build).await {
        Ok(connection) => connection.map_err(|error| ClientError::NoBus(error.to_string())),
        Err(_) => Err(ClientError::NoBus(format!("{address} does not answer"))),
    }
}

async fn call<B>(connection: &Connection, member: &str, body: &B) -> Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    const NAME: &str = "org.freedesktop.DBus";
    Ok(connection.call_method(Some(NAME), "/org/freedesktop/DBus", Some(NAME), member, body).await?)
}

/// Whether anybody owns a name.
///
/// # Errors
/// The bus is gone.
pub async fn has_owner(connection: &Connection, name: &str) -> Result<bool> {
    Ok(call(connection, "NameHasOwner", &name).await?.body().deserialize()?)
}

/// Lets the bus start the owner of a name, and waits until it has it.
///
/// # Errors
/// There is no service file for it, or what it names failed.
pub async fn start_service(connection: &Connection, name: &str) -> Result<()> {
    call(connection, "StartServiceByName", &(name, 0_u32)).await.map(drop)
}

/// Sets variables for what the bus starts.
///
/// # Errors
/// The bus refuses it.
pub async fn update_activation_environment(
    connection: &Connection,
    variables: &BTreeMap<String, String>,
) -> Result<()> {
    call(connection, "UpdateActivationEnvironment", variables).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped() {
        assert_eq!(escape("/run/user/1000"), "/run/user/1000");
        assert_eq!(escape("/a b,c;d"), "/a%20b%2cc%3bd");
    }
}
