//! The face that the bus sees.

use zbus::fdo::{RequestNameFlags, RequestNameReply};

use crate::daemon::DaemonError;
use crate::daemon::driver::Driver;

/// The name that GNOME's programs call.
const NAME: &str = "org.freedesktop.systemd1";

/// Answers calls and tells of changes.
#[derive(Debug)]
pub struct Face {
    _connection: zbus::Connection,
}

impl Face {
    /// Takes the name.
    ///
    /// # Errors
    /// Somebody else has it, or the bus does not answer.
    pub async fn new(connection: zbus::Connection) -> Result<Self, DaemonError> {
        match connection.request_name_with_flags(NAME, RequestNameFlags::DO_NOT_QUEUE).await? {
            RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner => {
                Ok(Self { _connection: connection })
            }
            _ => Err(DaemonError::NameTaken),
        }
    }

    /// Answers a message.
    pub async fn handle(&mut self, _driver: &mut Driver, _message: &zbus::Message) {}

    /// Tells of what has changed.
    pub async fn publish(&mut self, driver: &mut Driver) {
        driver.take_reports();
    }
}
