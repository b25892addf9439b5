//! Listening sockets for managers that cannot hand them over (systemd.socket(5), "ListenStream=").

use std::os::fd::OwnedFd;

use super::Error;
use crate::listener;
use crate::unit::spec::{Listen, ListenKind, SocketSettings};

/// Listens on an address: a path, `@name` or `[host:]port`.
///
/// # Errors
/// It cannot be listened on.
pub fn stream(address: &str, mode: u32) -> Result<OwnedFd, Error> {
    let failed = |error: std::io::Error| Error::system(format!("--listen-stream {address}"), error);
    let listen = Listen { kind: ListenKind::Stream, address: address.to_owned() };
    let settings = SocketSettings { socket_mode: mode, ..SocketSettings::default() };
    let socket = listener::open(&listen, &settings).map_err(|error| failed(std::io::Error::other(error)))?;
    // As a service gets its sockets without NonBlocking=.
    rustix::io::ioctl_fionbio(&socket, false).map_err(|error| failed(error.into()))?;
    Ok(socket)
}
