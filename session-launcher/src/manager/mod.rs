//! Service managers that supervise the leaf processes. The engine decides; a manager only starts what it is told to.

// Whoever reads standard error may have gone, and println! would panic.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod dinit;
pub mod direct;
pub mod openrc;
pub mod select;
pub mod shepherd;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::Access;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::Pid;

use crate::exec::launch::Launch;
use crate::job::{ActiveState, ProcessId};
use crate::unit::spec::{ServiceType, Unit, UnitName};

/// A process that a manager is to start.
#[derive(Debug)]
pub struct Order<'a> {
    /// The engine's name for it.
    pub process: ProcessId,
    /// Its unit.
    pub unit: &'a Unit,
    /// It is the unit's main process: the one that a native manager shows as its service.
    pub is_main: bool,
    /// A wrapper of the unit waits for it already: somebody has started the native service.
    pub is_asked: bool,
    /// What it starts with.
    pub launch: &'a Launch,
    /// Where its output goes.
    pub log: Option<BorrowedFd<'a>>,
    /// The sockets that it is handed.
    pub sockets: &'a [BorrowedFd<'a>],
}

/// What became of an order.
#[derive(Debug)]
pub enum Started {
    /// It runs, as a child of this process: its end is waited for here. With the channel to its wrapper when that is of
    /// use: until no job is left (`Type=idle`), or until the exec (`Type=exec`).
    Child(Pid, Option<std::os::fd::OwnedFd>),
    /// The manager has been asked. The process reports to the exec socket, with the number of its order.
    Ordered,
}

/// Why a manager did not start something.
#[derive(Debug, thiserror::Error)]
pub enum ManagerError {
    /// A process could not be made.
    #[error("cannot start a process: {0}")]
    Spawn(#[from] std::io::Error),
    /// The service manager refused, or could not be reached.
    #[error("{manager}: {message}")]
    Refused {
        /// Which.
        manager: &'static str,
        /// In its own words.
        message: String,
    },
}

/// What a native manager's user did with the manager's own tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NativeEvent {
    /// Somebody asked it to start the service.
    StartAsked(UnitName),
    /// Somebody asked it to stop the service.
    StopAsked(UnitName),
    /// It could not start what was ordered.
    StartFailed(ProcessId),
}

/// One service manager.
pub trait Manager {
    /// Its name for people.
    fn name(&self) -> &'static str;

    /// Starts a process.
    ///
    /// # Errors
    /// It could not be started; nothing is left of it.
    fn start(&mut self, order: &Order<'_>) -> Result<Started, ManagerError>;

    /// The unit's main process has ended, and the engine knows: a native service is to be shown as stopped.
    fn ended(&mut self, unit: &UnitName);

    /// The state of a unit has changed: a native service is to be shown so.
    fn state_changed(&mut self, _unit: &UnitName, _state: ActiveState) {}

    /// Somebody has stopped the unit's native service: the manager waits for its end, and need not be told.
    fn stop_asked(&mut self, _unit: &UnitName) {}

    /// The manager's own process, if it may be among our descendants: an engine that comes back lets it live.
    fn supervisor(&self) -> Option<i32> {
        None
    }

    /// The session is over: nothing native is to be left of it.
    fn finish(&mut self) {}

    /// What its users asked of it since the last call. Called whenever its descriptor is readable.
    fn native_events(&mut self) -> Vec<NativeEvent>;

    /// What to wait for, for [`Manager::native_events`].
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

/// The longest time that a native manager gives a service whose unit waits for ever: a day.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What the engine needs to stop a service beside `TimeoutStopSec=`, which it may apply to each of several steps.
const STOP_STEPS: u32 = 4;

/// How long a native manager waits for a service to stop before it kills the wrapper. The engine stops the service as its unit
/// says, with the unit's own time-outs; this is for an engine that hangs.
pub fn stop_timeout(unit: &Unit) -> Duration {
    let timeout = unit.service().and_then(|service| service.timeout_stop).unwrap_or(FOREVER).min(FOREVER);
    timeout.saturating_mul(STOP_STEPS).saturating_add(Duration::from_secs(10))
}

/// Whether the unit's main process can be a native service: it stays, and the wrapper is its parent.
fn is_supervised(unit: &Unit) -> bool {
    unit.service()
        .is_some_and(|service| !matches!(service.service_type, ServiceType::Oneshot | ServiceType::Forking))
}

/// Connects to a service manager. One that hangs, with as many waiting as it lets wait, is not waited for.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let descriptor = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&descriptor, &SocketAddrUnix::new(socket)?)?;
    let stream = UnixStream::from(descriptor);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Whether that is what connecting says when there is nobody: no socket, or one that somebody has left.
fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory
    )
}

/// Whether a child has ended already.
fn has_ended(child: &mut std::process::Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// The program of that name on the user's PATH, else in one of these directories.
fn find_program(name: &str, path: &str, elsewhere: &[&str]) -> Option<PathBuf> {
    path.split(':')
        .chain(elsewhere.iter().copied())
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join(name))
        .find(|candidate| candidate.is_file() && rustix::fs::access(candidate, Access::EXEC_OK).is_ok())
}

/// The file that a descriptor is open on.
fn path_of(descriptor: BorrowedFd<'_>) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).ok()
}
