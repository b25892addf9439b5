//! The exec socket: where the wrappers of native services get their processes from.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use rustix::process::Signal;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use super::guardian_link::{receive, send};
use super::readable;
use crate::exec::launch::Launch;
use crate::exec::message;
use crate::exec::native_message::{FromWrapper, ToWrapper};
use crate::job::ProcessId;
use crate::unit::spec::UnitName;

/// More wrappers are not served at once.
const MAX_CONNECTIONS: usize = 4096;

/// Names a connection.
pub type ConnectionId = u64;

/// What wrappers say.
#[derive(Debug)]
pub enum WrapperEvent {
    /// One has connected.
    Connected(Arc<OwnedFd>),
    /// One has said something.
    Said(ConnectionId, FromWrapper),
    /// One is gone.
    Gone(ConnectionId),
}

/// A process that a wrapper is to start.
#[derive(Debug)]
pub struct Parked {
    /// The order.
    pub process: ProcessId,
    /// What it starts with.
    pub launch: Launch,
    /// Where its output goes.
    pub log: Option<OwnedFd>,
    /// The sockets that it is handed.
    pub sockets: Vec<OwnedFd>,
    /// It was to be sent a signal before it ran.
    pub signal: Option<Signal>,
}

#[derive(Debug)]
struct Connection {
    descriptor: Arc<OwnedFd>,
    unit: Option<UnitName>,
    /// The end of the channel to the process, until that has its launch.
    order: Option<(Parked, OwnedFd)>,
    runs: Option<ProcessId>,
    /// It is no wrapper; it waits for the unit to come up.
    asks: bool,
}

/// All wrappers, and the processes that wait for one.
#[derive(Debug)]
pub struct ExecSocket {
    connections: BTreeMap<ConnectionId, Connection>,
    next: ConnectionId,
    parked: HashMap<UnitName, Parked>,
    events: mpsc::UnboundedSender<WrapperEvent>,
    receiver: Option<mpsc::UnboundedReceiver<WrapperEvent>>,
}

impl Default for ExecSocket {
    fn default() -> Self {
        // Bounded in fact: a task for each connection, which reads on only as fast as it is listened to.
        let (events, receiver) = mpsc::unbounded_channel();
        Self {
            connections: BTreeMap::new(),
            next: 0,
            parked: HashMap::new(),
            events,
            receiver: Some(receiver),
        }
    }
}

/// A process that runs now.
#[derive(Debug)]
pub struct Running {
    /// The channel to its wrapper, as with a child.
    pub channel: OwnedFd,
    /// The exec is reported over the channel.
    pub reports_exec: bool,
    /// It waits until no job is left.
    pub is_idle: bool,
    /// A signal that it is to get at once.
    pub signal: Option<Signal>,
}

impl Connection {
    /// It is a wrapper that has no process yet.
    fn waits(&self) -> bool {
        !self.asks && self.order.is_none() && self.runs.is_none()
    }
}

impl ExecSocket {
    /// Listens at `path`.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn listen(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let listener = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        rustix::net::bind(&listener, &SocketAddrUnix::new(path)?)?;
        rustix::net::listen(&listener, 128)?;
        let listener = readable::register(listener)?;
        let events = self.events.clone();
        tokio::spawn(async move {
            while let Ok(mut guard) = listener.readable().await {
                match rustix::net::accept_with(listener.get_ref(), flags) {
                    Ok(connection) if is_own(&connection) => {
                        let _ = events.send(WrapperEvent::Connected(Arc::new(connection)));
                    }
                    Ok(_) => {}
                    Err(_) => guard.clear_ready(),
                }
            }
        });
        Ok(())
    }

    /// What wrappers say, for the event loop.
    pub fn take_receiver(&mut self) -> Option<mpsc::UnboundedReceiver<WrapperEvent>> {
        self.receiver.take()
    }

    /// Takes a new connection.
    pub fn connected(&mut self, descriptor: Arc<OwnedFd>) {
        let Ok(reader) = descriptor.try_clone().and_then(readable::register) else { return };
        if self.connections.len() >= MAX_CONNECTIONS {
            return;
        }
        let id = self.next;
        self.next += 1;
        self.connections
            .insert(id, Connection { descriptor, unit: None, order: None, runs: None, asks: false });
        tokio::spawn(read(id, reader, self.events.clone()));
    }

    /// The wrapper of a unit waits for a process: it gets the one that is parked. False when there is none.
    pub fn wanted(&mut self, id: ConnectionId, unit: &UnitName) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return true };
        connection.unit = Some(unit.clone());
        match self.parked.remove(unit) {
            Some(parked) => {
                self.hand_over(id, parked);
                true
            }
            None => false,
        }
    }

    /// Somebody waits for the unit to come up.
    pub fn asked(&mut self, id: ConnectionId, unit: &UnitName) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.unit = Some(unit.clone());
            connection.asks = true;
        }
    }

    /// Parks a process until its unit's wrapper comes, or hands it to the one that waits.
    pub fn park(&mut self, unit: &UnitName, parked: Parked) {
        let waiting = self
            .connections
            .iter()
            .find(|(_, connection)| connection.unit.as_ref() == Some(unit) && connection.waits())
            .map(|(id, _)| *id);
        match waiting {
            Some(id) => self.hand_over(id, parked),
            None => {
                self.parked.insert(unit.clone(), parked);
            }
        }
    }

    fn hand_over(&mut self, id: ConnectionId, parked: Parked) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let pair =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let Ok((ours, theirs)) = pair else { return };
        let message = ToWrapper::Start { process: parked.process };
        if send(connection.descriptor.as_fd(), &message, Some(theirs.as_fd())).is_ok() {
            connection.order = Some((parked, ours));
        } else if let Some(unit) = connection.unit.take() {
            // It is about to be reported as gone; another one may come.
            self.parked.insert(unit, parked);
        }
    }

    /// The process runs: it gets its launch. `None`: it was not ordered here, but by an engine before.
    pub fn runs(&mut self, id: ConnectionId, unit: &UnitName, process: ProcessId) -> Option<Running> {
        let connection = self.connections.get_mut(&id)?;
        connection.unit = Some(unit.clone());
        connection.runs = Some(process);
        let (parked, channel) = connection.order.take()?;
        let log = parked.log.as_ref().map(AsFd::as_fd);
        let sockets: Vec<_> = parked.sockets.iter().map(AsFd::as_fd).collect();
        if let Err(error) = message::send(&channel, &parked.launch, log, &sockets) {
            // The process sees the end of its channel, and ends.
            tracing::error!("{unit}: {error}");
        }
        Some(Running {
            channel,
            reports_exec: parked.launch.report_exec,
            is_idle: parked.launch.idle_milliseconds.is_some(),
            signal: parked.signal,
        })
    }

    /// Remembers a signal for a process that does not run yet. False: none of that name waits.
    pub fn signal_later(&mut self, process: ProcessId, signal: Signal) -> bool {
        let handed = self.connections.values_mut().filter_map(|connection| connection.order.as_mut());
        let mut waiting = handed.map(|(parked, _)| parked).chain(self.parked.values_mut());
        match waiting.find(|parked| parked.process == process) {
            Some(parked) => {
                parked.signal = Some(signal);
                true
            }
            None => false,
        }
    }

    /// Forgets what was to run for a unit that is down.
    pub fn forget_unit(&mut self, unit: &UnitName) {
        self.parked.remove(unit);
    }

    /// Forgets a process that will not run. False: it does not wait here, a wrapper has taken it.
    pub fn forget(&mut self, process: ProcessId) -> bool {
        let before = self.parked.len();
        self.parked.retain(|_, parked| parked.process != process);
        self.parked.len() < before
    }

    /// Whether the unit has a process that was ordered and does not run yet.
    pub fn has_order(&self, unit: &UnitName) -> bool {
        self.parked.contains_key(unit)
            || self
                .connections
                .values()
                .any(|connection| connection.order.is_some() && connection.unit.as_ref() == Some(unit))
    }

    /// Whether a wrapper of the unit waits for a process.
    pub fn is_waited_for(&self, unit: &UnitName) -> bool {
        self.connections.values().any(|connection| {
            connection.unit.as_ref() == Some(unit) && connection.order.is_none() && connection.runs.is_none()
        })
    }

    /// Tells a unit's wrapper that the unit is up.
    pub fn ready(&self, unit: &UnitName) {
        for connection in
            self.connections.values().filter(|connection| connection.unit.as_ref() == Some(unit))
        {
            let _ = send(connection.descriptor.as_fd(), &ToWrapper::Ready, None);
        }
    }

    /// No process will come for the wrappers of the unit that wait for one. Who asked hears what became of it.
    pub fn settled(&self, unit: &UnitName, is_up: bool) {
        let connections =
            self.connections.values().filter(|connection| connection.unit.as_ref() == Some(unit));
        for connection in connections.filter(|connection| connection.asks || connection.waits()) {
            let message = if connection.asks && is_up { ToWrapper::Ready } else { ToWrapper::Refused };
            let _ = send(connection.descriptor.as_fd(), &message, None);
        }
    }

    /// Tells the wrapper of a unit's process that the engine does not stop the unit.
    pub fn refuse_stop(&self, unit: &UnitName) {
        for connection in self.connections.values() {
            if connection.unit.as_ref() == Some(unit) && connection.runs.is_some() {
                let _ = send(connection.descriptor.as_fd(), &ToWrapper::Refused, None);
            }
        }
    }

    /// A wrapper is gone. Gives the processes that it has not reported the end of: one that runs, and one that was only ordered.
    pub fn gone(&mut self, id: ConnectionId) -> (Option<ProcessId>, Option<ProcessId>) {
        let Some(connection) = self.connections.remove(&id) else { return (None, None) };
        (connection.runs, connection.order.map(|(parked, _)| parked.process))
    }

    /// A wrapper has told how its process ended.
    pub fn ended(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            let _ = send(connection.descriptor.as_fd(), &ToWrapper::Noted, None);
            connection.runs = None;
            connection.unit = None;
        }
    }
}

/// Passes on what a wrapper says.
async fn read(id: ConnectionId, reader: AsyncFd<OwnedFd>, events: mpsc::UnboundedSender<WrapperEvent>) {
    while let Ok(mut guard) = reader.readable().await {
        match receive::<FromWrapper>(reader.get_ref()) {
            Ok(Some((message, _))) => {
                if events.send(WrapperEvent::Said(id, message)).is_err() {
                    return;
                }
                // One at a time: a wrapper that talks without end does not keep the engine from its work.
                tokio::task::yield_now().await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
            Ok(None) | Err(_) => break,
        }
    }
    let _ = events.send(WrapperEvent::Gone(id));
}

/// Only the user's own processes are served.
fn is_own(connection: &OwnedFd) -> bool {
    sockopt::socket_peercred(connection).is_ok_and(|peer| peer.uid == rustix::process::getuid())
}
