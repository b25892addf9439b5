//! What can go wrong between a client and the manager.

use zbus::DBusError as _;

/// Why a call to the manager failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Neither `$DBUS_SESSION_BUS_ADDRESS` nor `$XDG_RUNTIME_DIR` is set.
    #[error("$DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR are not defined: there is no session bus")]
    NoAddress,
    /// The bus cannot be reached.
    #[error("cannot reach the session bus: {0}")]
    NoBus(String),
    /// The other side refused. The message is its own.
    #[error("{message}")]
    Refused {
        /// The name of the error, such as `org.freedesktop.systemd1.NoSuchUnit`.
        name: String,
        /// What it says.
        message: String,
    },
    /// The connection broke, or the answer is not what was to be expected.
    #[error("{0}")]
    Connection(String),
    /// The manager did not come.
    #[error("no user manager: {0}")]
    NoManager(String),
    /// Something took too long.
    #[error("{what}: not within {seconds} s")]
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
}

impl ClientError {
    /// Whether the other side answered with this error; `name` without `org.freedesktop.systemd1.` and
    /// `org.freedesktop.DBus.Error.`.
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::Refused { name: full, .. } if full.rsplit('.').next() == Some(name))
    }
}

impl From<zbus::Error> for ClientError {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, message, _) => {
                Self::Refused { name: name.to_string(), message: message.unwrap_or_else(|| name.to_string()) }
            }
            zbus::Error::FDO(error) => {
                let name = error.name().to_string();
                let message = error.description().map_or_else(|| name.clone(), str::to_owned);
                Self::Refused { name, message }
            }
            zbus::Error::InputOutput(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                Self::Connection("Connection timed out".to_owned())
            }
            other => Self::Connection(other.to_string()),
        }
    }
}
