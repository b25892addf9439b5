//! The sockets of socket units (systemd.socket(5)).

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::net::{SocketFlags, sockopt};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::readable;
use crate::listener::{self, ListenError};
use crate::unit::spec::{Settings, SocketSettings, Unit, UnitName};

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
    pub fn listen(&mut self, unit: &UnitName, settings: &SocketSettings) -> Result<(), ListenError> {
        if !self.open.contains_key(unit) {
            let mut descriptors = Vec::new();
            for (place, listen) in settings.listen.iter().enumerate() {
                let key = key(unit, place);
                let descriptor = match self.kept.remove(&key) {
                    Some(kept) => kept,
                    None => listener::open(listen, settings)?,
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
        let instance = template?.instantiate(&format!("{number}-{}", ends_of(&connection)))?;
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
                if let Some(path) = listener::path_of(listen) {
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

/// The ends of a connection, as they are in the name of the instance that serves it.
fn ends_of(connection: &OwnedFd) -> String {
    let own = rustix::net::getsockname(connection).and_then(SocketAddr::try_from);
    let other = rustix::net::getpeername(connection).and_then(|other| match other {
        Some(other) => SocketAddr::try_from(other),
        None => Err(rustix::io::Errno::NOTCONN),
    });
    if let (Ok(own), Ok(other)) = (own, other) {
        return format!("{}-{}", plain(own), plain(other));
    }
    match sockopt::socket_peercred(connection) {
        Ok(peer) => format!("{}-{}", peer.pid.as_raw_nonzero(), peer.uid.as_raw()),
        Err(_) => "0-0".to_owned(),
    }
}

/// An address and port. An IPv4 address that came over an IPv6 socket is written as the former.
fn plain(address: SocketAddr) -> String {
    format!("{}:{}", address.ip().to_canonical(), address.port())
}

fn key(unit: &UnitName, place: usize) -> String {
    format!("{unit}:{place}")
}

fn make_link(settings: &SocketSettings, link: &Path) {
    let Some(target) = settings.listen.iter().find_map(listener::path_of) else { return };
    let _ = listener::make_parents(link, settings);
    let partial =
        PathBuf::from(std::ffi::OsStr::from_bytes(&[link.as_os_str().as_bytes(), b".partial"].concat()));
    let _ = fs::remove_file(&partial);
    let made = std::os::unix::fs::symlink(target, &partial).and_then(|()| fs::rename(&partial, link));
    if let Err(error) = made {
        tracing::warn!("{}: {error}", link.display());
    }
}
