//! Service managers that supervise the leaf processes. The engine decides; a manager only starts what it is told to.

pub mod direct;
pub mod openrc;
pub mod select;

use std::os::fd::BorrowedFd;

use rustix::process::Pid;

use crate::exec::launch::Launch;
use crate::job::{ActiveState, ProcessId};
use crate::unit::spec::{Unit, UnitName};

/// A process that a manager is to start.
#[derive(Debug)]
pub struct Order<'a> {
    /// The engine's name for it.
    pub process: ProcessId,
    /// Its unit.
    pub unit: &'a Unit,
    /// It is the unit's main process: the one that a native manager shows as its service.
    pub is_main: bool,
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

    /// The session is over: nothing native is to be left of it.
    fn finish(&mut self) {}

    /// What its users asked of it since the last call. Called whenever its descriptor is readable.
    fn native_events(&mut self) -> Vec<NativeEvent>;

    /// What to wait for, for [`Manager::native_events`].
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}
