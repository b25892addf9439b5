//! Telling whoever started the daemon that it serves: sd_notify(3), and a newline on a descriptor (Dinit, s6, OpenRC).

use std::io::Write;
use std::os::fd::RawFd;

/// Says that requests are answered from now on.
pub fn announce(ready_fd: Option<RawFd>) {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::warn!("NOTIFY_SOCKET: {error}");
    }
    if let Some(descriptor) = ready_fd
        && let Err(error) = write_newline(descriptor)
    {
        tracing::warn!("--ready-fd {descriptor}: {error}");
    }
}

/// Says that the daemon is about to end.
pub fn announce_stopping() {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Stopping]) {
        tracing::warn!("NOTIFY_SOCKET: {error}");
    }
}

/// Writes the newline that such managers wait for, and closes the descriptor, as they ask.
fn write_newline(descriptor: RawFd) -> std::io::Result<()> {
    let mut pipe = crate::inherited_fd::take(descriptor)?;
    pipe.write_all(b"\n")
}
