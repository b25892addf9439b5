//! The sockets of socket units (systemd.socket(5)).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::readable;
use crate::unit::spec::{Listen, ListenKind, Settings, SocketSettings, Unit, UnitName};

/// Why a socket unit cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// This kind is not served.
    #[error("{0}: sockets of this kind are not supported")]
    Unsupported(String),
    /// It cannot be opened.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
}

/// A socket as a service gets it.
#[derive(Debug)]
pub struct Handed {
    /// `FileDescriptorName=`.
    pub name: String,
    /// The socket.
    pub descriptor: Arc<OwnedFd>,
}

/// What the next engine has to have if this one is killed.
#[derive(Debug)]
pub enum Keep {
    /// Hold this descriptor under this name.
    Hold(String, Arc<OwnedFd>),
    /// Let what is held under this name go.
    Drop(String),
}

#[derive(Debug)]
struct Open {
    settings: SocketSettings,
    descriptors: Vec<Arc<OwnedFd>>,
    waiting: Vec<AbortHandle>,
}

/// All open sockets.
#[derive(Debug)]
pub struct Sockets {
    open: BTreeMap<UnitName, Open>,
    /// Sockets of an earlier engine, by name, until their unit listens again.
    kept: BTreeMap<String, OwnedFd>,
    /// Connections of `Accept=yes`, by the instance that serves each.
    connections: BTreeMap<UnitName, Arc<OwnedFd>>,
    accepted: u64,
    news: Vec<Keep>,
    ready: mpsc::UnboundedSender<UnitName>,
    ready_receiver: Option<mpsc::UnboundedReceiver<UnitName>>,
}

impl Default for Sockets {
    fn default() -> Self {
        // Bounded in fact: each waiting task sends once and ends.
        let (ready, receiver) = mpsc::unbounded_channel();
        Self {
            open: BTreeMap::new(),
            kept: BTreeMap::new(),
            connections: BTreeMap::new(),
            accepted: 0,
            news: Vec::new(),
            ready,
            ready_receiver: Some(receiver),
        }
    }
}

impl Sockets {
    /// The units at whose sockets something waits, for the event loop.
    pub fn take_receiver(&mut self) -> Option<mpsc::UnboundedReceiver<UnitName>> {
        self.ready_receiver.take()
    }

    /// Sockets that an earlier engine has left in good hands.
    pub fn restore(&mut self, kept: Vec<(String, OwnedFd)>) {
        self.kept.extend(kept);
    }

    /// What is to be kept for the next engine, and what no more.
    pub fn take_news(&mut self) -> Vec<Keep> {
        std::mem::take(&mut self.news)
    }

    /// Opens a unit's sockets, or keeps them when they are open.
    ///
    /// # Errors
    /// One cannot be opened; then none stays open.
    pub fn listen(&mut self, unit: &UnitName, settings: &SocketSettings) -> Result<(), SocketError> {
        if !self.open.contains_key(unit) {
            let mut descriptors = Vec::new();
            for (place, listen) in settings.listen.iter().enumerate() {
                let key = key(unit, place);
                let descriptor = match self.kept.remove(&key) {
                    Some(kept) => kept,
                    None => open(listen, settings)?,
                };
                let descriptor = Arc::new(descriptor);
                self.news.push(Keep::Hold(key, Arc::clone(&descriptor)));
                descriptors.push(descriptor);
            }
            for link in &settings.symlinks {
                make_link(settings, Path::new(link));
            }
            let open = Open { settings: settings.clone(), descriptors, waiting: Vec::new() };
            self.open.insert(unit.clone(), open);
        }
        self.watch(unit, true);
        Ok(())
    }

    /// Waits for connections, or waits no more.
    pub fn watch(&mut self, unit: &UnitName, watch: bool) {
        let Some(open) = self.open.get_mut(unit) else { return };
        for waiting in open.waiting.drain(..) {
            waiting.abort();
        }
        if !watch {
            return;
        }
        for descriptor in &open.descriptors {
            let Ok(descriptor) = descriptor.try_clone() else { continue };
            let (unit, ready) = (unit.clone(), self.ready.clone());
            let task = tokio::spawn(async move {
                let Ok(waiter) = readable::register(descriptor) else { return };
                if waiter.readable().await.is_ok() {
                    let _ = ready.send(unit);
                }
            });
            open.waiting.push(task.abort_handle());
        }
    }

    /// Takes a connection of a unit with `Accept=yes` and gives it to an instance of its service. `None`: the unit
    /// hands over its sockets themselves, or nobody waits any more.
    pub fn accept(&mut self, unit: &UnitName, template: Option<&UnitName>) -> Option<UnitName> {
        let open = self.open.get(unit)?;
        if !open.settings.accept {
            return None;
        }
        let connection = open.descriptors.iter().find_map(|descriptor| {
            rustix::net::accept_with(descriptor, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).ok()
        })?;
        let number = self.accepted;
        self.accepted += 1;
        let peer = match sockopt::socket_peercred(&connection) {
            Ok(peer) => format!("{number}-{}-{}", peer.pid.as_raw_nonzero(), peer.uid.as_raw()),
            Err(_) => format!("{number}-0-0"),
        };
        let instance = template?.instantiate(&peer)?;
        self.connections.insert(instance.clone(), Arc::new(connection));
        Some(instance)
    }

    /// Whether a unit accepts connections itself.
    pub fn accepts(&self, unit: &UnitName) -> bool {
        self.open.get(unit).is_some_and(|open| open.settings.accept)
    }

    /// Throws away what waits.
    pub fn flush(&self, unit: &UnitName) {
        let Some(open) = self.open.get(unit) else { return };
        for descriptor in &open.descriptors {
            if open.settings.listen.iter().any(|listen| listen.kind.accepts()) {
                while rustix::net::accept(descriptor).is_ok() {}
            } else {
                let mut buffer = [0u8; 4096];
                while rustix::io::read(descriptor, &mut buffer).is_ok_and(|count| count > 0) {}
            }
        }
    }

    /// Closes a unit's sockets.
    pub fn close(&mut self, unit: &UnitName) {
        let Some(open) = self.open.remove(unit) else { return };
        for waiting in &open.waiting {
            waiting.abort();
        }
        for place in 0..open.descriptors.len() {
            self.news.push(Keep::Drop(key(unit, place)));
        }
        if open.settings.remove_on_stop {
            for listen in &open.settings.listen {
                if let Some(path) = path_of(listen) {
                    let _ = fs::remove_file(path);
                }
            }
            for link in &open.settings.symlinks {
                let _ = fs::remove_file(link);
            }
        }
    }

    /// The sockets that a service's main process gets: a connection of its own, else those of all its socket units.
    pub fn of_service(&mut self, service: &Unit) -> Vec<Handed> {
        if let Some(connection) = self.connections.remove(&service.name) {
            return vec![Handed { name: "connection".to_owned(), descriptor: connection }];
        }
        let named: &[UnitName] = match &service.settings {
            Settings::Service(settings) => &settings.sockets,
            _ => &[],
        };
        let mut handed = Vec::new();
        for (unit, open) in &self.open {
            let serves = named.contains(unit)
                || open
                    .settings
                    .service
                    .as_ref()
                    .is_some_and(|of| of == &service.name || service.aliases.contains(of));
            if serves && !open.settings.accept {
                let name = open.settings.file_descriptor_name.clone().unwrap_or_else(|| unit.to_string());
                handed.extend(
                    open.descriptors
                        .iter()
                        .map(|descriptor| Handed { name: name.clone(), descriptor: Arc::clone(descriptor) }),
                );
            }
        }
        handed
    }
}

fn key(unit: &UnitName, place: usize) -> String {
    format!("{unit}:{place}")
}

fn open(listen: &Listen, settings: &SocketSettings) -> Result<OwnedFd, SocketError> {
    let failed = |error: io::Error| SocketError::Listen { address: listen.address.clone(), error };
    let descriptor = match listen.kind {
        ListenKind::Stream | ListenKind::Datagram | ListenKind::SequentialPacket
            if listen.address.starts_with(['/', '@']) =>
        {
            open_unix(listen, settings).map_err(failed)?
        }
        ListenKind::Stream => {
            let listener =
                TcpListener::bind(internet_address(&listen.address).map_err(failed)?).map_err(failed)?;
            listener.into()
        }
        ListenKind::Datagram => {
            let socket =
                UdpSocket::bind(internet_address(&listen.address).map_err(failed)?).map_err(failed)?;
            socket.into()
        }
        ListenKind::Fifo => open_fifo(Path::new(&listen.address), settings).map_err(failed)?,
        _ => return Err(SocketError::Unsupported(listen.address.clone())),
    };
    rustix::io::ioctl_fionbio(&descriptor, true).map_err(|error| failed(error.into()))?;
    set_options(&descriptor, settings).map_err(failed)?;
    Ok(descriptor)
}

/// `port`, `address:port` or `[address]:port`; a port alone is every address of both families.
fn internet_address(text: &str) -> io::Result<SocketAddr> {
    let text = if text.parse::<u16>().is_ok() { format!("[::]:{text}") } else { text.to_owned() };
    text.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no address of a socket"))
}

fn open_unix(listen: &Listen, settings: &SocketSettings) -> io::Result<OwnedFd> {
    let kind = match listen.kind {
        ListenKind::Stream => SocketType::STREAM,
        ListenKind::Datagram => SocketType::DGRAM,
        _ => SocketType::SEQPACKET,
    };
    let address = match listen.address.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes())?,
        None => SocketAddrUnix::new(listen.address.as_str())?,
    };
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
        let backlog = i32::try_from(settings.backlog).unwrap_or(i32::MAX);
        rustix::net::listen(&socket, backlog)?;
    }
    Ok(socket)
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

fn path_of(listen: &Listen) -> Option<&Path> {
    listen.address.starts_with('/').then(|| Path::new(&listen.address))
}

fn make_parents(path: &Path, settings: &SocketSettings) -> io::Result<()> {
    match path.parent() {
        Some(parent) => fs::DirBuilder::new().recursive(true).mode(settings.directory_mode).create(parent),
        None => Ok(()),
    }
}

fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if std::os::unix::fs::FileTypeExt::is_socket(&metadata.file_type()) => {
            fs::remove_file(path)
        }
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket is there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn make_link(settings: &SocketSettings, link: &Path) {
    let Some(target) = settings.listen.iter().find_map(path_of) else { return };
    if let Some(parent) = link.parent() {
        let _ = fs::DirBuilder::new().recursive(true).mode(settings.directory_mode).create(parent);
    }
    let partial =
        PathBuf::from(std::ffi::OsStr::from_bytes(&[link.as_os_str().as_bytes(), b".partial"].concat()));
    let _ = fs::remove_file(&partial);
    let made = std::os::unix::fs::symlink(target, &partial).and_then(|()| fs::rename(&partial, link));
    if let Err(error) = made {
        tracing::warn!("{}: {error}", link.display());
    }
}

fn set_options(descriptor: &OwnedFd, settings: &SocketSettings) -> io::Result<()> {
    let switch =
        |name: &str| settings.options.get(name).and_then(|value| crate::unit::value::boolean::parse(value));
    if switch("PassCredentials") == Some(true) {
        sockopt::set_socket_passcred(descriptor.as_fd(), true)?;
    }
    if switch("KeepAlive") == Some(true) {
        sockopt::set_socket_keepalive(descriptor.as_fd(), true)?;
    }
    Ok(())
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
}
