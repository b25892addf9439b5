//! What the engine sees of the world.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::census::Census;
use super::cgroup::Cgroups;
use super::environment::Environment;
use super::offspring;
use super::process_table::ProcessTable;
use super::session_bus;
use crate::job::{Host, Moment, ProcessId};
use crate::unit::condition::Surroundings;
use crate::unit::diagnostic::Severity;
use crate::unit::load::Loader;
use crate::unit::search_path::SearchPath;
use crate::unit::spec::{CalendarExpression, Condition, LoadState, PathWatch, PathWatchKind, Unit, UnitName};
use crate::unit::specifier;

/// The engine's host: unit files, /proc and the clock.
#[derive(Debug)]
pub struct View {
    /// Reads unit files.
    pub loader: Loader,
    /// Units that were made over D-Bus.
    pub transient: BTreeMap<UnitName, Unit>,
    /// The manager's environment.
    pub environment: Environment,
    /// The known processes.
    pub processes: ProcessTable,
    /// Control groups, where they can be had.
    pub cgroups: Option<Cgroups>,
    /// Those to whom every process of a unit comes whose parent has ended; nothing where it may go elsewhere.
    pub reapers: Option<Vec<i32>>,
    /// `PIDFile=` of loaded services.
    pub pid_files: HashMap<UnitName, std::path::PathBuf>,
}

/// A loader for the user's units in this environment.
pub fn loader(environment: &Environment) -> Loader {
    let host = specifier::Host::detect(environment.variables(), None);
    Loader::new(SearchPath::of_user(&host, environment.variables()), host)
}

impl View {
    /// A look at the processes.
    pub fn census(&self) -> Census {
        Census::take(&self.processes, &|pid| self.group_unit(pid))
    }

    /// The processes of a unit: of its control group, or, without one, by the quickest look that tells.
    pub fn processes_of(&self, unit: &UnitName) -> Vec<i32> {
        self.group_processes(unit)
            .or_else(|| offspring::of_unit(unit, &self.processes, self.reapers.as_deref()?))
            .unwrap_or_else(|| self.census().of(unit))
    }

    /// The same, by a look at all processes where there is no control group: a list of children may lack one while
    /// another of them is being reaped.
    pub fn processes_of_for_sure(&self, unit: &UnitName) -> Vec<i32> {
        self.group_processes(unit).unwrap_or_else(|| self.census().of(unit))
    }

    fn group_processes(&self, unit: &UnitName) -> Option<Vec<i32>> {
        let mut pids = self.cgroups.as_ref()?.processes(unit)?;
        // A process that has not been moved yet, or may not be, is in another group.
        for pid in self.processes.pids_of(unit) {
            if !pids.contains(&pid) && super::census::is_alive(pid) {
                pids.push(pid);
            }
        }
        Some(pids)
    }

    /// The unit of a process.
    pub fn unit_of_pid(&self, pid: i32) -> Option<UnitName> {
        super::census::unit_of_pid(pid, &self.processes, &|pid| self.group_unit(pid))
    }

    fn group_unit(&self, pid: i32) -> Option<UnitName> {
        self.cgroups.as_ref().and_then(|cgroups| cgroups.unit_of(pid))
    }
}

impl Host for View {
    fn load(&mut self, name: &UnitName) -> Unit {
        if let Some(unit) = session_bus::unit(name) {
            return unit;
        }
        if let Some(unit) = self.transient.get(name) {
            return unit.clone();
        }
        let loaded = self.loader.load(name);
        for finding in &loaded.findings {
            match finding.severity {
                Severity::Note => tracing::debug!("{finding}"),
                _ => tracing::warn!("{finding}"),
            }
        }
        match loaded.unit.service().and_then(|service| service.pid_file.clone()) {
            Some(path) => self.pid_files.insert(loaded.unit.name.clone(), path),
            None => self.pid_files.remove(&loaded.unit.name),
        };
        loaded.unit
    }

    fn condition(&mut self, _: &UnitName, condition: &Condition) -> bool {
        let surroundings =
            Surroundings { host: self.loader.host(), environment: self.environment.variables(), root: None };
        surroundings.test(condition)
    }

    fn has_other_processes(&mut self, unit: &UnitName, known: &[ProcessId]) -> bool {
        let known: Vec<i32> = known
            .iter()
            .filter_map(|process| self.processes.pid(*process))
            .map(|pid| pid.as_raw_nonzero().get())
            .collect();
        self.processes.has_run(unit) && self.processes_of(unit).iter().any(|pid| !known.contains(pid))
    }

    fn pid_file(&mut self, unit: &UnitName) -> Option<ProcessId> {
        let text = std::fs::read_to_string(self.pid_files.get(unit)?).ok()?;
        let pid: i32 = text.lines().next()?.trim().parse().ok()?;
        (self.unit_of_pid(pid).as_ref() == Some(unit) && super::census::is_alive(pid))
            .then(|| self.processes.process(pid))
    }

    fn guess_main_process(&mut self, unit: &UnitName) -> Option<ProcessId> {
        match self.processes_of(unit).as_slice() {
            [only] => Some(self.processes.process(*only)),
            _ => None,
        }
    }

    fn path_is_ready(&mut self, _: &UnitName, watch: &PathWatch) -> bool {
        match watch.kind {
            PathWatchKind::PathExistsGlob => {
                glob::glob(&watch.path.to_string_lossy()).is_ok_and(|mut found| found.next().is_some())
            }
            PathWatchKind::DirectoryNotEmpty => directory_has_entries(&watch.path),
            PathWatchKind::PathExists | PathWatchKind::PathChanged | PathWatchKind::PathModified => {
                watch.path.exists()
            }
        }
    }

    fn calendar_next(&mut self, expression: &CalendarExpression) -> Option<Moment> {
        let wall = SystemTime::now();
        let next = expression.next_after(wall)?;
        let wait = next.duration_since(wall).unwrap_or(Duration::ZERO);
        Some(super::clock::now() + wait)
    }
}

fn directory_has_entries(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

/// A unit that nobody knows.
pub fn unknown(name: UnitName) -> Unit {
    Unit::new(name, LoadState::NotFound)
}
