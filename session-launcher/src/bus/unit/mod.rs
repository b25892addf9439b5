//! `org.freedesktop.systemd1.Unit` and the interface of each type of unit (org.freedesktop.systemd1(5), "Unit Objects").
//!
//! [`general`]: what all units have; one module for each type; [`execution`], [`kill`], [`resource`]: groups of
//! properties that several types share.

mod command;
mod execution;
mod general;
mod kill;
mod methods;
mod path;
mod resource;
mod scope;
mod service;
mod slice;
mod socket;
mod timer;
mod value;

use super::face::State;
use super::table::{Interface, Value};
use crate::daemon::driver::Driver;
use crate::job::{Abilities, ProcessId, UnitStatus};
use crate::unit::spec::{ExecSettings, KillSettings, ResourceControl, Settings, Unit, UnitKind, UnitName};

/// A loaded unit as a client sees it.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The engine and its hands.
    pub driver: &'a Driver,
    /// What the face keeps.
    pub state: &'a State,
    /// Its settings.
    pub unit: &'a Unit,
    /// What it does.
    pub status: UnitStatus,
}

/// Gets a property.
pub type Get = fn(&Subject<'_>) -> Value;

impl<'a> Subject<'a> {
    /// The loaded unit of that name.
    pub fn of(driver: &'a Driver, state: &'a State, name: &UnitName) -> Option<Self> {
        let status = driver.engine().status(name)?;
        Some(Self { driver, state, unit: driver.engine().spec(name)?, status })
    }

    /// The interface of its type.
    pub fn type_interface(&self) -> Option<&'static Interface<Get>> {
        interface_of(self.unit.kind())
    }

    fn abilities(&self) -> Abilities {
        self.driver.engine().abilities(&self.status.name)
    }

    /// The kernel's number of a process; 0 for none.
    fn pid(&self, process: Option<ProcessId>) -> u32 {
        process
            .and_then(|process| self.driver.pid_of(process))
            .and_then(|pid| u32::try_from(pid).ok())
            .unwrap_or(0)
    }

    /// Whether the unit's files are newer than what is loaded of them.
    fn is_outdated(&self) -> bool {
        let loaded = self.driver.engine().host().loader.read_at();
        let changed = |path: &std::path::PathBuf| {
            std::fs::metadata(path)
                .and_then(|metadata| metadata.modified())
                .map_or(true, |time| time > loaded)
        };
        self.unit.fragment_path.iter().chain(&self.unit.drop_in_paths).any(changed)
    }

    fn exec(&self) -> Option<&ExecSettings> {
        match &self.unit.settings {
            Settings::Service(service) => Some(&service.exec),
            Settings::Socket(socket) => Some(&socket.exec),
            _ => None,
        }
    }

    fn kill(&self) -> Option<&KillSettings> {
        match &self.unit.settings {
            Settings::Service(service) => Some(&service.kill),
            Settings::Socket(socket) => Some(&socket.kill),
            Settings::Scope(scope) => Some(&scope.kill),
            _ => None,
        }
    }

    fn resources(&self) -> Option<&ResourceControl> {
        match &self.unit.settings {
            Settings::Service(service) => Some(&service.resources),
            Settings::Socket(socket) => Some(&socket.resources),
            Settings::Scope(scope) => Some(&scope.resources),
            Settings::Slice(slice) => Some(slice),
            _ => None,
        }
    }
}

/// What every unit has.
pub static UNIT: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Unit",
    properties: general::PROPERTIES,
    methods: &[methods::METHODS],
    signals: &[],
};

static TARGET: Interface<Get> =
    Interface { name: "org.freedesktop.systemd1.Target", properties: &[], methods: &[], signals: &[] };

/// The interface of a type of unit.
pub fn interface_of(kind: UnitKind) -> Option<&'static Interface<Get>> {
    match kind {
        UnitKind::Service => Some(&service::SERVICE),
        UnitKind::Target => Some(&TARGET),
        UnitKind::Socket => Some(&socket::SOCKET),
        UnitKind::Timer => Some(&timer::TIMER),
        UnitKind::Path => Some(&path::PATH),
        UnitKind::Slice => Some(&slice::SLICE),
        UnitKind::Scope => Some(&scope::SCOPE),
        UnitKind::Mount | UnitKind::Automount | UnitKind::Swap | UnitKind::Device => None,
    }
}
