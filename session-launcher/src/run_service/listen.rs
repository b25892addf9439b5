//! Listening sockets for managers that cannot hand them over (systemd.socket(5), "ListenStream=").

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use super::Error;

/// Listens on an address: a path, `@name` or `[host:]port`.
///
/// # Errors
/// It cannot be listened on.
pub fn stream(address: &str, mode: u32) -> Result<OwnedFd, Error> {
    let failed = |error: std::io::Error| Error::system(format!("--listen-stream {address}"), error);
    if address.starts_with('/') {
        return path(Path::new(address), mode).map_err(failed);
    }
    if let Some(name) = address.strip_prefix('@') {
        let address = SocketAddr::from_abstract_name(name).map_err(failed)?;
        return Ok(UnixListener::bind_addr(&address).map_err(failed)?.into());
    }
    let address = if address.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("[::]:{address}")
    } else {
        address.to_owned()
    };
    Ok(TcpListener::bind(address.as_str()).map_err(failed)?.into())
}

fn path(path: &Path, mode: u32) -> std::io::Result<OwnedFd> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // Left over from an earlier run.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(listener.into())
}
