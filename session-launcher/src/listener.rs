//! Opens what a socket unit listens on (systemd.socket(5)), for the daemon and for `run-service`.

mod option;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use crate::unit::spec::{Listen, ListenKind, SocketSettings};

/// Why something cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// This kind is not served.
    #[error("{0}: sockets of this kind are not supported")]
    Unsupported(String),
    /// It cannot be opened.
    #[error("cannot listen on {address}: {error}")]
    Open {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
}

/// Opens one socket, FIFO or special file, non-blocking.
///
/// # Errors
/// It is of a kind that is not served, or cannot be opened.
pub fn open(listen: &Listen, settings: &SocketSettings) -> Result<OwnedFd, ListenError> {
    let failed = |error: io::Error| ListenError::Open { address: listen.address.clone(), error };
    let descriptor = match listen.kind {
        ListenKind::Stream | ListenKind::Datagram | ListenKind::SequentialPacket
            if listen.address.starts_with(['/', '@']) =>
        {
            open_unix(listen, settings)
        }
        ListenKind::Stream | ListenKind::Datagram => open_internet(listen, settings),
        ListenKind::Fifo => open_fifo(Path::new(&listen.address), settings),
        ListenKind::Special => open_special(Path::new(&listen.address), settings),
        _ => return Err(ListenError::Unsupported(listen.address.clone())),
    };
    let descriptor = descriptor.map_err(failed)?;
    rustix::io::ioctl_fionbio(&descriptor, true).map_err(|error| failed(error.into()))?;
    option::set(&descriptor, listen, settings);
    Ok(descriptor)
}

/// The file that a socket or FIFO is reached by.
pub fn path_of(listen: &Listen) -> Option<&Path> {
    listen.address.starts_with('/').then(|| Path::new(&listen.address))
}

/// Makes the directories above a socket.
///
/// # Errors
/// They cannot be made.
pub fn make_parents(path: &Path, settings: &SocketSettings) -> io::Result<()> {
    match path.parent() {
        Some(parent) => fs::DirBuilder::new().recursive(true).mode(settings.directory_mode).create(parent),
        None => Ok(()),
    }
}

fn open_unix(listen: &Listen, settings: &SocketSettings) -> io::Result<OwnedFd> {
    let address = match listen.address.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        None => SocketAddrUnix::new(listen.address.as_str())?,
    };
    let kind = socket_type(listen.kind);
    let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    if let Some(path) = path_of(listen) {
        make_parents(path, settings)?;
        // Left by somebody who is gone; whoever still listens there is not ours to judge, as systemd has it.
        remove_socket(path)?;
        rustix::net::bind(&socket, &address)?;
        fs::set_permissions(path, fs::Permissions::from_mode(settings.socket_mode))?;
    } else {
        rustix::net::bind(&socket, &address)?;
    }
    if listen.kind.accepts() {
        rustix::net::listen(&socket, backlog(settings))?;
    }
    Ok(socket)
}

fn open_internet(listen: &Listen, settings: &SocketSettings) -> io::Result<OwnedFd> {
    let address = internet_address(&listen.address)?;
    match bind_internet(&address, listen.kind, settings) {
        // A port alone means every address: without IPv6, every one that there is.
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
                && is_port(&listen.address) =>
        {
            let every = SocketAddr::new(std::net::Ipv4Addr::UNSPECIFIED.into(), address.port());
            bind_internet(&every, listen.kind, settings)
        }
        result => result,
    }
}

fn bind_internet(address: &SocketAddr, kind: ListenKind, settings: &SocketSettings) -> io::Result<OwnedFd> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = rustix::net::socket_with(family, socket_type(kind), SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    option::set_before_bind(&socket, address, settings)?;
    rustix::net::bind(&socket, address)?;
    if kind.accepts() {
        rustix::net::listen(&socket, backlog(settings))?;
    }
    Ok(socket)
}

const fn socket_type(kind: ListenKind) -> SocketType {
    match kind {
        ListenKind::Stream => SocketType::STREAM,
        ListenKind::Datagram => SocketType::DGRAM,
        _ => SocketType::SEQPACKET,
    }
}

fn backlog(settings: &SocketSettings) -> i32 {
    i32::try_from(settings.backlog).unwrap_or(i32::MAX)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// `port`, `address:port` or `[address]:port`; a port alone is every address of both families.
fn internet_address(text: &str) -> io::Result<SocketAddr> {
    let text = if is_port(text) { format!("[::]:{text}") } else { text.to_owned() };
    text.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no address of a socket"))
}

fn open_fifo(path: &Path, settings: &SocketSettings) -> io::Result<OwnedFd> {
    make_parents(path, settings)?;
    let mode = Mode::from_raw_mode(settings.socket_mode);
    match rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0) {
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(settings.socket_mode))?,
        Err(rustix::io::Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // Also for writing, so that it never is at its end.
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn open_special(path: &Path, settings: &SocketSettings) -> io::Result<OwnedFd> {
    let access = if settings.writable { OFlags::RDWR } else { OFlags::RDONLY };
    let flags = access | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
    // A file of /proc or /sys, or a device.
    if matches!(kind, FileType::RegularFile | FileType::CharacterDevice) {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "no file and no character device"))
    }
}

fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket is there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_every_address() {
        assert_eq!(internet_address("80").unwrap().to_string(), "[::]:80");
        assert_eq!(internet_address("127.0.0.1:80").unwrap().to_string(), "127.0.0.1:80");
        assert!(internet_address("localhost").is_err());
    }

    #[test]
    fn only_what_is_special_is_opened_so() {
        let listen = |address: &str| Listen { kind: ListenKind::Special, address: address.to_owned() };
        let settings = SocketSettings::default();
        assert!(open(&listen("/dev/null"), &settings).is_ok());
        assert!(open(&listen("/proc/self/mounts"), &settings).is_ok());
        let error = open(&listen("/tmp"), &settings).unwrap_err();
        assert_eq!(error.to_string(), "cannot listen on /tmp: no file and no character device");
    }
}
