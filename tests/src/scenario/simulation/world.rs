//! The pretended machine: its processes, names, files and sockets, and what the engine sees of them.

use super::super::observation::Happening;
use super::super::script::Progress;
use session_launcher::job::{Event, Host, Moment, ProcessId};
use session_launcher::unit::load::Loader;
use session_launcher::unit::spec::{
    CalendarExpression, Condition, ConditionKind, PathWatch, PathWatchKind, Unit, UnitName,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// How long anything takes that takes no time by itself.
pub(super) const TICK: Duration = Duration::from_micros(100);

#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: ProcessId,
    pub(super) unit: UnitName,
    pub(super) progress: Progress,
    /// When it goes on; `None`: it waits for a signal or word.
    pub(super) wake: Option<Moment>,
    pub(super) notify: bool,
    /// A child that no command line names.
    pub(super) is_child: bool,
    pub(super) stubborn: bool,
    pub(super) environment: Vec<(String, String)>,
    pub(super) names: BTreeSet<String>,
    pub(super) newest_child: Option<ProcessId>,
}

/// The pretended machine.
#[derive(Debug)]
pub(super) struct World {
    pub(super) loader: Loader,
    pub(super) transient: BTreeMap<UnitName, Unit>,
    pub(super) directories: Vec<PathBuf>,
    pub(super) files: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) processes: Vec<Process>,
    pub(super) now: Moment,
    pub(super) next_foreign: u32,
    pub(super) names: BTreeMap<String, ProcessId>,
    pub(super) watched_names: BTreeSet<String>,
    pub(super) pid_files: BTreeMap<PathBuf, ProcessId>,
    pub(super) watched_pid_files: Vec<(UnitName, PathBuf)>,
    pub(super) listening: BTreeMap<UnitName, Vec<String>>,
    pub(super) waiting_connections: BTreeSet<String>,
    pub(super) watched_paths: BTreeMap<UnitName, Vec<PathWatch>>,
    pub(super) events: Vec<(Moment, Event)>,
    /// Start jobs that processes ask for: when they arrive, the unit, the mode.
    pub(super) requests: Vec<(Moment, String, String)>,
    pub(super) happenings: Vec<Happening>,
}

/// What the engine sees.
#[derive(Debug)]
pub(super) struct View {
    pub(super) world: World,
}

impl Host for View {
    fn load(&mut self, name: &UnitName) -> Unit {
        self.world.transient.get(name).cloned().unwrap_or_else(|| self.world.loader.load(name).unit)
    }

    fn condition(&mut self, _: &UnitName, condition: &Condition) -> bool {
        let parameter = condition.parameter.as_str();
        match condition.kind {
            ConditionKind::PathExists => self.world.real_path(parameter).exists(),
            ConditionKind::Environment => match parameter.split_once('=') {
                Some((name, value)) => self.world.environment.get(name).is_some_and(|set| set == value),
                None => self.world.environment.contains_key(parameter),
            },
            ConditionKind::User => parameter != "root" && parameter != "@system",
            _ => panic!("no condition {:?} here", condition.kind),
        }
    }

    fn has_other_processes(&mut self, unit: &UnitName, known: &[ProcessId]) -> bool {
        self.world.processes.iter().any(|process| &process.unit == unit && !known.contains(&process.id))
    }

    fn pid_file(&mut self, unit: &UnitName) -> Option<ProcessId> {
        let spec = self.world.loader.load(unit).unit;
        let path = spec.service()?.pid_file.clone()?;
        let process = *self.world.pid_files.get(&path)?;
        let alive = self.world.processes.iter().any(|p| p.id == process && &p.unit == unit);
        alive.then_some(process)
    }

    fn guess_main_process(&mut self, unit: &UnitName) -> Option<ProcessId> {
        let mut candidates = self.world.processes.iter().filter(|process| &process.unit == unit);
        let only = candidates.next()?.id;
        candidates.next().is_none().then_some(only)
    }

    fn path_is_ready(&mut self, _: &UnitName, watch: &PathWatch) -> bool {
        let path = self.world.real_path(&watch.path.to_string_lossy());
        match watch.kind {
            PathWatchKind::DirectoryNotEmpty => {
                std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
            }
            PathWatchKind::PathExistsGlob => panic!("no globs here"),
            _ => path.exists(),
        }
    }

    fn calendar_next(&mut self, _: &CalendarExpression) -> Option<Moment> {
        panic!("no calendar here")
    }
}

impl World {
    /// `/scenario/files/x` lies in this play's own directory.
    pub(super) fn real_path(&self, path: &str) -> PathBuf {
        match path.strip_prefix("/scenario/files") {
            Some(rest) => self.files.join(rest.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    pub(super) fn happened(&mut self, unit: &UnitName, what: impl Into<String>) {
        self.happenings.push(Happening { unit: unit.to_string(), what: what.into() });
    }

    /// What a process itself reports is kept apart: its order with what the manager says cannot be told.
    pub(super) fn reported(&mut self, unit: &UnitName, what: impl Into<String>) {
        self.happenings.push(Happening { unit: format!("{unit} process"), what: what.into() });
    }

    pub(super) fn soon(&mut self, event: Event) {
        self.events.push((self.now + TICK, event));
    }
}
