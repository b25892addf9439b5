//! What can be seen of units and their processes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Driver;
use crate::daemon::cgroup::Cgroups;
use crate::daemon::process_table::MainRun;
use crate::exec::prepare::{self, DirectoryKind};
use crate::job::ProcessId;
use crate::unit::spec::{Settings, Unit, UnitKind, UnitName};

impl Driver {
    /// The kernel's number of a process of the engine.
    pub fn pid_of(&self, process: ProcessId) -> Option<i32> {
        self.engine.host().processes.pid(process).map(|pid| pid.as_raw_nonzero().get())
    }

    /// The unit of a process.
    pub fn unit_of_pid(&self, pid: i32) -> Option<UnitName> {
        self.engine.host().unit_of_pid(pid)
    }

    /// All processes of a unit.
    pub fn processes_of(&self, unit: &UnitName) -> Vec<i32> {
        self.engine.host().processes_of(unit)
    }

    /// All processes of all units that are not down.
    pub fn all_processes(&self) -> BTreeSet<i32> {
        let up = self.engine.statuses().into_iter().filter(|status| !status.active.is_inactive_or_failed());
        up.flat_map(|status| self.processes_of(&status.name)).collect()
    }

    /// `InvocationID`, in hexadecimal.
    pub fn invocation(&self, unit: &UnitName) -> Option<&str> {
        self.engine.host().processes.known_invocation(unit)
    }

    /// The last main process of a service.
    pub fn main_run(&self, unit: &UnitName) -> Option<&MainRun> {
        self.engine.host().processes.main_run(unit)
    }

    /// `ControlGroup` of a unit that runs; empty where there are no control groups.
    pub fn control_group(&self, unit: &Unit) -> String {
        self.engine.host().cgroups.as_ref().map(|cgroups| cgroups.path(unit)).unwrap_or_default()
    }

    /// The directories that are made for a loaded unit.
    pub fn directories_of(&self, unit: &UnitName) -> Vec<(DirectoryKind, PathBuf)> {
        let exec = match self.engine.spec(unit).map(|unit| &unit.settings) {
            Some(Settings::Service(service)) => &service.exec,
            Some(Settings::Socket(socket)) => &socket.exec,
            _ => return Vec::new(),
        };
        prepare::directories(exec, self.engine.host().loader.host())
            .into_iter()
            .filter_map(|(variable, directory)| Some((DirectoryKind::of_variable(variable)?, directory.path)))
            .collect()
    }

    /// Whether a unit's processes can be suspended together.
    pub fn can_freeze(&self, unit: &UnitName) -> bool {
        matches!(unit.kind(), UnitKind::Service | UnitKind::Scope)
            && self.engine.host().cgroups.as_ref().is_some_and(Cgroups::can_freeze)
    }

    /// Whether they are.
    pub fn is_frozen(&self, unit: &UnitName) -> bool {
        let (Some(spec), Some(cgroups)) = (self.engine.spec(unit), &self.engine.host().cgroups) else {
            return false;
        };
        self.can_freeze(unit) && cgroups.is_frozen(spec)
    }
}
