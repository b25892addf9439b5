//! Telling whoever started the daemon that it serves: sd_notify(3), and a newline on a descriptor (Dinit, s6, OpenRC).

use std::ffi::OsStr;
use std::io::Write;
use std::os::fd::RawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Says that requests are answered from now on.
pub fn announce(ready_fd: Option<RawFd>) {
    notify("READY=1");
    if let Some(descriptor) = ready_fd
        && let Err(error) = write_newline(descriptor)
    {
        tracing::warn!("--ready-fd {descriptor}: {error}");
    }
}

/// Says that the daemon is about to end.
pub fn announce_stopping() {
    notify("STOPPING=1");
}

/// Sends a message to `$NOTIFY_SOCKET`, if there is one.
fn notify(message: &str) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&name, message.as_bytes()) {
        tracing::warn!("NOTIFY_SOCKET={}: {error}", name.display());
    }
}

/// `@` stands for the byte 0 that abstract names begin with, which the crate sd-notify 0.5 does not know.
fn send(name: &OsStr, message: &[u8]) -> std::io::Result<()> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    UnixDatagram::unbound()?.send_to_addr(message, &address)?;
    Ok(())
}

/// Writes the newline that such managers wait for, and closes the descriptor, as they ask.
fn write_newline(descriptor: RawFd) -> std::io::Result<()> {
    let mut pipe = crate::inherited_fd::take(descriptor)?;
    pipe.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_with_a_path_and_with_an_abstract_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let at_path = UnixDatagram::bind(&path).unwrap();
        let name = format!("userdbd-readiness-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let at_name = UnixDatagram::bind_addr(&address).unwrap();
        send(path.as_os_str(), b"READY=1").unwrap();
        send(OsStr::new(&format!("@{name}")), b"READY=1").unwrap();
        for socket in [at_path, at_name] {
            let mut buffer = [0; 16];
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"READY=1");
        }
    }
}
