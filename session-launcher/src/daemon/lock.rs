//! The lock of a user's manager: there is one at a time.

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;
use tokio::time::Instant;

use super::DaemonError;
use crate::bus;
use crate::client::bus::has_owner;

/// How long a manager that is about to end may take.
const WAIT: Duration = Duration::from_secs(20);

/// How often it is tried.
const INTERVAL: Duration = Duration::from_millis(50);

/// Takes it, waiting a while for a manager that is about to end.
///
/// One that the bus has started, for a caller that came while an engine was being started again, goes as soon as that engine is
/// back: it would take over when the session ends, with nobody to serve.
///
/// # Errors
/// Another manager runs, or the file cannot be made.
pub async fn take(path: &Path, connection: &zbus::Connection) -> Result<fs::File, DaemonError> {
    let failed = |error| DaemonError::Directory { path: path.to_owned(), error };
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(failed)?;
    let is_activated = std::env::var_os("DBUS_STARTER_ADDRESS").is_some();
    let until = Instant::now() + WAIT;
    loop {
        match rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(DaemonError::Running(path.to_owned())),
            Err(error) => return Err(failed(error.into())),
        }
        // Without a bus there is nobody to serve either.
        if is_activated && has_owner(connection, bus::NAME).await.unwrap_or(true) {
            return Err(DaemonError::NameTaken);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
