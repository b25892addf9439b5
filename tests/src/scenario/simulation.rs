//! Plays a scenario on the job engine, with pretended processes and a pretended clock.

use super::format::{Act, Scenario};
use super::observation::{Happening, Observation, Step as Played};
use super::script::{self, Progress, Step};
use super::settle::SOON;
use session_launcher::job::{
    Action, Engine, Event, ExitStatus, Host, JobKind, KillTarget, Moment, Notification, NotifySender, Phase,
    ProcessId, Request, RequestError, Spawn,
};
use session_launcher::unit::load::Loader;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::spec::{
    CalendarExpression, CollectMode, CommandLine, Condition, ConditionKind, DependencyKind, DependencyOrigin,
    JobMode, LoadState, PathWatch, PathWatchKind, Settings, Unit, UnitName,
};
use session_launcher::unit::specifier;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything takes that takes no time by itself.
const TICK: Duration = Duration::from_micros(100);

/// The user that plays, as the original player has it.
pub const USER_ID: u32 = 1000;

#[derive(Debug)]
struct Process {
    id: ProcessId,
    unit: UnitName,
    progress: Progress,
    /// When it goes on; `None`: it waits for a signal or word.
    wake: Option<Moment>,
    notify: bool,
    /// A child that no command line names.
    is_child: bool,
    stubborn: bool,
    environment: Vec<(String, String)>,
    names: BTreeSet<String>,
    newest_child: Option<ProcessId>,
}

/// The pretended machine.
#[derive(Debug)]
pub struct World {
    loader: Loader,
    transient: BTreeMap<UnitName, Unit>,
    directories: Vec<PathBuf>,
    files: PathBuf,
    environment: BTreeMap<String, String>,
    processes: Vec<Process>,
    now: Moment,
    next_foreign: u32,
    names: BTreeMap<String, ProcessId>,
    watched_names: BTreeSet<String>,
    pid_files: BTreeMap<PathBuf, ProcessId>,
    watched_pid_files: Vec<(UnitName, PathBuf)>,
    listening: BTreeMap<UnitName, Vec<String>>,
    waiting_connections: BTreeSet<String>,
    watched_paths: BTreeMap<UnitName, Vec<PathWatch>>,
    events: Vec<(Moment, Event)>,
    /// Start jobs that processes ask for: when they arrive, the unit, the mode.
    requests: Vec<(Moment, String, String)>,
    happenings: Vec<Happening>,
}

/// Loads units of these directories for the user that plays.
pub fn loader(directories: &[PathBuf]) -> Loader {
    let environment = BTreeMap::from([("HOME".to_owned(), "/home/user".to_owned())]);
    let mut host = specifier::Host::detect(&environment, None);
    host.uid = USER_ID;
    host.user = "user".to_owned();
    host.runtime_dir = Some(PathBuf::from("/scenario/run"));
    Loader::new(SearchPath::of_directories(directories.to_vec()), host)
}

/// What the engine sees.
#[derive(Debug)]
struct View {
    world: World,
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
    fn real_path(&self, path: &str) -> PathBuf {
        match path.strip_prefix("/scenario/files") {
            Some(rest) => self.files.join(rest.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    fn happened(&mut self, unit: &UnitName, what: impl Into<String>) {
        self.happenings.push(Happening { unit: unit.to_string(), what: what.into() });
    }

    /// What a process itself reports is kept apart: its order with what the manager says cannot be told.
    fn reported(&mut self, unit: &UnitName, what: impl Into<String>) {
        self.happenings.push(Happening { unit: format!("{unit} process"), what: what.into() });
    }

    fn soon(&mut self, event: Event) {
        self.events.push((self.now + TICK, event));
    }
}

/// A play in progress.
pub struct Simulation {
    engine: Engine<View>,
    scenario: Scenario,
    units: Vec<UnitName>,
    _directory: tempfile::TempDir,
}

/// Plays a scenario. `base` holds the unit directories below the scenario's own.
pub fn play(scenario: &Scenario, base: &[PathBuf]) -> Observation {
    let mut simulation = Simulation::new(scenario, base);
    let mut steps = vec![simulation.begin()];
    for act in scenario.acts.clone() {
        steps.push(simulation.step(&act));
    }
    steps
}

fn name(text: &str) -> UnitName {
    UnitName::new(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Writes the files of one edition into a unit directory.
pub fn write_units(scenario: &Scenario, edition: u32, directory: &Path) {
    for (_, path, text) in scenario.files.iter().filter(|(of, ..)| *of == edition) {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in a directory"))
            .expect("directories can be made");
        match text.strip_prefix("link ") {
            Some(target) => {
                let _ = std::fs::remove_file(&path);
                std::os::unix::fs::symlink(target.trim(), &path).expect("a link can be made");
            }
            None if text.trim() == "absent" => std::fs::remove_file(&path).expect("it was there"),
            None => std::fs::write(&path, text).expect("a unit file can be written"),
        }
    }
}

/// The environment that both managers have.
pub fn manager_environment() -> BTreeMap<String, String> {
    BTreeMap::from([("SCENARIO_SET".to_owned(), "1".to_owned())])
}

impl Simulation {
    fn new(scenario: &Scenario, base: &[PathBuf]) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let units = directory.path().join("units");
        let files = directory.path().join("files");
        std::fs::create_dir(&units).expect("a directory can be made");
        std::fs::create_dir(&files).expect("a directory can be made");
        write_units(scenario, 1, &units);
        let directories: Vec<_> = std::iter::once(units).chain(base.iter().cloned()).collect();
        let world = World {
            loader: loader(&directories),
            transient: BTreeMap::new(),
            directories,
            files,
            environment: manager_environment(),
            processes: Vec::new(),
            now: Duration::from_secs(100),
            next_foreign: 5000,
            names: BTreeMap::new(),
            watched_names: BTreeSet::new(),
            pid_files: BTreeMap::new(),
            watched_pid_files: Vec::new(),
            listening: BTreeMap::new(),
            waiting_connections: BTreeSet::new(),
            watched_paths: BTreeMap::new(),
            events: Vec::new(),
            requests: Vec::new(),
            happenings: Vec::new(),
        };
        let engine = Engine::new(View { world }, Duration::from_secs(100));
        Self {
            engine,
            scenario: scenario.clone(),
            units: scenario.units().iter().map(|unit| name(unit)).collect(),
            _directory: directory,
        }
    }

    fn world(&mut self) -> &mut World {
        &mut self.engine.host_mut().world
    }

    fn now(&mut self) -> Moment {
        self.world().now
    }

    fn begin(&mut self) -> Played {
        self.request("start", "basic.target", None);
        self.settle();
        self.finish_step("begin".to_owned(), None)
    }

    fn step(&mut self, act: &Act) -> Played {
        let refusal = self.perform(act);
        self.settle();
        self.finish_step(format!("{act:?}"), refusal)
    }

    fn finish_step(&mut self, act: String, refusal: Option<String>) -> Played {
        let mine: BTreeSet<String> = self.units.iter().map(ToString::to_string).collect();
        let happenings = std::mem::take(&mut self.world().happenings);
        let happenings = happenings
            .into_iter()
            .filter(|happening: &Happening| {
                mine.contains(happening.unit.split(' ').next().unwrap_or_default())
            })
            .collect();
        let states =
            self.units.clone().into_iter().map(|unit| (unit.to_string(), self.state(&unit))).collect();
        Played { act, refusal, happenings, states }
    }

    fn state(&mut self, unit: &UnitName) -> String {
        let Some(status) = self.engine.status(unit) else {
            let load_state = self.world().loader.load(unit).unit.load_state;
            return format!("{} inactive/dead success", load_state.as_str());
        };
        let mut text = format!(
            "{} {}/{} {}",
            status.load_state.as_str(),
            status.active.as_str(),
            status.sub,
            status.result.as_str()
        );
        if let Some((_, kind, state)) = status.job {
            text.push_str(&format!(" job={}/{}", kind.as_str(), state.as_str()));
        }
        if status.restarts > 0 {
            text.push_str(&format!(" restarts={}", status.restarts));
        }
        text
    }

    fn request(&mut self, verb: &str, unit: &str, mode: Option<&str>) -> Option<String> {
        let (kind, reload_if_possible) = match verb {
            "start" | "isolate" => (JobKind::Start, false),
            "stop" => (JobKind::Stop, false),
            "restart" => (JobKind::Restart, false),
            "reload" => (JobKind::Reload, false),
            "try-restart" => (JobKind::TryRestart, false),
            "reload-or-restart" => (JobKind::Restart, true),
            "try-reload-or-restart" => (JobKind::TryRestart, true),
            _ => panic!("{verb}"),
        };
        let mode = match mode.unwrap_or(if verb == "isolate" { "isolate" } else { "replace" }) {
            "fail" => JobMode::Fail,
            "replace" => JobMode::Replace,
            "replace-irreversibly" => JobMode::ReplaceIrreversibly,
            "isolate" => JobMode::Isolate,
            "flush" => JobMode::Flush,
            "ignore-dependencies" => JobMode::IgnoreDependencies,
            "ignore-requirements" => JobMode::IgnoreRequirements,
            "triggering" => JobMode::Triggering,
            "lenient" => JobMode::Lenient,
            "restart-dependencies" => JobMode::RestartDependencies,
            other => panic!("{other}"),
        };
        let now = self.now();
        let request = Request { unit: name(unit), kind, mode, reload_if_possible };
        let (answer, actions) = self.engine.request(now, &request);
        self.carry_out(actions);
        answer.err().map(|error| refusal_word(&error).to_owned())
    }

    fn perform(&mut self, act: &Act) -> Option<String> {
        match act {
            Act::Request { verb, unit, mode } => return self.request(verb, unit, mode.as_deref()),
            Act::Tell(unit, words) => {
                let steps = script::parse(words.split_whitespace()).expect("the scenario was checked");
                let unit = name(unit);
                let now = self.now();
                let process = self
                    .world()
                    .processes
                    .iter_mut()
                    .rev()
                    .find(|process| process.unit == unit && !process.is_child)
                    .unwrap_or_else(|| panic!("{unit} has no process"));
                process.progress.tell(steps);
                process.wake = Some(now + TICK);
            }
            Act::Kill(unit, signal) => {
                let unit = name(unit);
                let main = self.engine.status(&unit).and_then(|status| status.main_process);
                let main = main.unwrap_or_else(|| panic!("{unit} has no main process"));
                self.deliver(main, *signal);
            }
            Act::Wait(span) => self.pass(*span),
            Act::ResetFailed(unit) => {
                let now = self.now();
                let unit = unit.as_deref().map(name);
                let (answer, actions) = self.engine.reset_failed(now, unit.as_ref());
                self.carry_out(actions);
                return answer.err().map(|error| refusal_word(&error).to_owned());
            }
            Act::Use(edition) => {
                let directories = self.world().directories.clone();
                write_units(&self.scenario.clone(), *edition, &directories[0]);
                self.reload();
            }
            Act::SetEnvironment(name, value) => {
                self.world().environment.insert(name.clone(), value.clone());
            }
            Act::Write(file) => {
                let path = self.world().files.join(file);
                std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories can be made");
                std::fs::write(path, "x").expect("a file can be written");
                self.paths_changed(file);
            }
            Act::Remove(file) => {
                let path = self.world().files.join(file);
                std::fs::remove_file(path).expect("the file was there");
                self.paths_changed(file);
            }
            Act::Connect(file) => {
                let address = format!("/scenario/files/{file}");
                self.world().waiting_connections.insert(address.clone());
                self.report_connections(&address);
            }
            Act::Scope(unit, properties, words) => return self.start_scope(unit, properties, words),
        }
        None
    }

    fn reload(&mut self) {
        let directories = self.world().directories.clone();
        self.world().loader = loader(&directories);
        self.send(Event::Reload);
    }

    fn start_scope(&mut self, unit: &str, properties: &[String], words: &str) -> Option<String> {
        let spec = transient_scope(name(unit), properties);
        self.world().transient.insert(name(unit), spec);
        let id = self.foreign();
        let now = self.now();
        let steps = script::parse(words.split_whitespace()).expect("the scenario was checked");
        self.world().processes.push(Process {
            id,
            unit: name(unit),
            progress: Progress::new(steps),
            wake: Some(now + TICK * 3),
            notify: false,
            is_child: false,
            stubborn: false,
            environment: Vec::new(),
            names: BTreeSet::new(),
            newest_child: None,
        });
        self.request("start", unit, Some("fail"))
    }

    fn foreign(&mut self) -> ProcessId {
        let world = self.world();
        world.next_foreign += 1;
        ProcessId::Foreign(world.next_foreign)
    }

    fn paths_changed(&mut self, file: &str) {
        let path = PathBuf::from("/scenario/files").join(file);
        let hits: Vec<_> = self
            .world()
            .watched_paths
            .iter()
            .flat_map(|(unit, watches)| {
                watches
                    .iter()
                    .enumerate()
                    .filter(|(_, watch)| path.starts_with(&watch.path))
                    .map(|(place, _)| (unit.clone(), place))
            })
            .collect();
        for (unit, watch) in hits {
            self.send(Event::PathChanged { unit, watch });
        }
    }

    fn report_connections(&mut self, address: &str) {
        let units: Vec<_> = self
            .world()
            .listening
            .iter()
            .filter(|(_, addresses)| addresses.iter().any(|known| known == address))
            .map(|(unit, _)| unit.clone())
            .collect();
        for unit in units {
            self.world().soon(Event::SocketReady { unit, instance: None });
        }
    }

    fn send(&mut self, event: Event) {
        let now = self.now();
        let actions = self.engine.handle(now, event);
        self.carry_out(actions);
    }

    /// Lets time pass until nothing is due soon.
    fn settle(&mut self) {
        let limit = self.now() + Duration::from_secs(30);
        let mut steps = 0;
        while let Some(at) = self.next_due() {
            steps += 1;
            assert!(steps < 20_000, "{}: the engine never comes to rest", self.scenario.name);
            let soon = self.now() + SOON;
            if at > soon || at > limit {
                break;
            }
            self.advance_to(at);
        }
        let until = self.now() + Duration::from_millis(1);
        self.world().now = until;
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now() + span;
        while let Some(at) = self.next_due().filter(|at| *at <= end) {
            self.advance_to(at);
        }
        self.world().now = end;
    }

    fn next_due(&mut self) -> Option<Moment> {
        let engine = self.engine.next_deadline();
        let world = self.world();
        let processes = world.processes.iter().filter_map(|process| process.wake);
        let events = world.events.iter().map(|(at, _)| *at);
        let requests = world.requests.iter().map(|(at, ..)| *at);
        processes.chain(events).chain(requests).chain(engine).min()
    }

    fn advance_to(&mut self, at: Moment) {
        let world = self.world();
        world.now = world.now.max(at);
        let now = world.now;
        // The manager hears of things in the order in which they happened.
        let due = world.events.iter().position(|(at, _)| *at <= now);
        if let Some(place) = due {
            let (_, event) = world.events.remove(place);
            self.send(event);
            return;
        }
        if let Some(place) = world.requests.iter().position(|(at, ..)| *at <= now) {
            let (_, unit, mode) = world.requests.remove(place);
            self.request("start", &unit, Some(&mode));
            return;
        }
        let process = world.processes.iter_mut().find(|process| process.wake.is_some_and(|wake| wake <= now));
        if let Some(process) = process {
            process.wake = None;
            let id = process.id;
            self.run_process(id);
            return;
        }
        self.send(Event::Tick);
    }

    fn process(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.world().processes.iter_mut().find(|process| process.id == id)
    }

    fn run_process(&mut self, id: ProcessId) {
        loop {
            let now = self.now();
            let Some(process) = self.process(id) else { return };
            let Some(step) = process.progress.advance() else { return };
            let (unit, notify) = (process.unit.clone(), process.notify);
            match step {
                Step::Wait(span) => {
                    process.wake = Some(now + span);
                    return;
                }
                Step::Exit(code) => return self.end(id, ExitStatus::Code(code)),
                Step::Die(signal) => return self.end(id, ExitStatus::Signal(signal)),
                Step::Notify(text) => {
                    if notify {
                        let message = notification(&text, now);
                        let sender = NotifySender::Process(id);
                        self.world().soon(Event::Notified { unit, sender, message });
                    }
                }
                Step::Reloading => {
                    let message =
                        Notification { reloading: true, monotonic: Some(now), ..Notification::default() };
                    let sender = NotifySender::Process(id);
                    self.world().soon(Event::Notified { unit, sender, message });
                }
                Step::Own(bus_name) => {
                    process.names.insert(bus_name.clone());
                    self.world().names.insert(bus_name.clone(), id);
                    self.world().soon(Event::BusNameOwned { name: bus_name, owned: true });
                }
                Step::Start { unit, mode } => {
                    // What it has said before arrives before, and it goes on when systemctl has ended.
                    process.wake = Some(now + TICK * 20);
                    self.world().requests.push((now + TICK * 10, unit, mode));
                    return;
                }
                Step::If(variable, value, steps) => {
                    if process
                        .environment
                        .iter()
                        .rev()
                        .find(|(known, _)| *known == variable)
                        .map(|(_, set)| set)
                        == Some(&value)
                    {
                        process.progress.insert(steps);
                    }
                }
                Step::Release(bus_name) => self.release(&bus_name),
                Step::Child { stubborn } => {
                    let child = self.foreign();
                    self.world().processes.push(Process {
                        id: child,
                        unit,
                        progress: Progress::default(),
                        wake: None,
                        notify: false,
                        is_child: true,
                        stubborn,
                        environment: Vec::new(),
                        names: BTreeSet::new(),
                        newest_child: None,
                    });
                    if let Some(process) = self.process(id) {
                        process.newest_child = Some(child);
                    }
                }
                Step::PidFile(path) => {
                    let path = PathBuf::from(path.replace('%', "/scenario"));
                    let child = process.newest_child.expect("there is a child");
                    self.world().pid_files.insert(path.clone(), child);
                    let watched = std::mem::take(&mut self.world().watched_pid_files);
                    for (unit, other) in watched {
                        if other == path {
                            self.world().soon(Event::PidFileChanged { unit });
                        } else {
                            self.world().watched_pid_files.push((unit, other));
                        }
                    }
                }
                Step::Environment(wanted) => {
                    let values: Vec<_> = wanted
                        .iter()
                        .map(|name| {
                            let value = process.environment.iter().rev().find(|(known, _)| known == name);
                            format!("{name}={}", value.map_or("", |(_, value)| value.as_str()))
                        })
                        .collect();
                    self.world().reported(&unit, format!("env {}", values.join(" ")));
                }
                Step::On(..) | Step::Label => {}
            }
        }
    }

    fn release(&mut self, bus_name: &str) {
        if self.world().names.remove(bus_name).is_some() {
            self.world().soon(Event::BusNameOwned { name: bus_name.to_owned(), owned: false });
        }
    }

    fn end(&mut self, id: ProcessId, status: ExitStatus) {
        let world = self.world();
        let Some(place) = world.processes.iter().position(|process| process.id == id) else { return };
        let process = world.processes.remove(place);
        world.soon(Event::Exited { process: id, status });
        // A manager looks at dead children before it reads its mail.
        for bus_name in process.names {
            self.release(&bus_name);
        }
        let world = self.world();
        if !world.processes.iter().any(|other| other.unit == process.unit) {
            world.events.push((world.now + TICK * 2, Event::Empty { unit: process.unit }));
        }
    }

    fn deliver(&mut self, id: ProcessId, signal: i32) {
        let now = self.now();
        let Some(process) = self.process(id) else { return };
        let unit = process.unit.clone();
        if process.is_child {
            if !(process.stubborn && signal == 15) {
                self.end(id, ExitStatus::Signal(signal));
            }
        } else if process.progress.signal(signal) {
            if !process.progress.is_idle() {
                process.wake = Some(now + TICK);
            }
            self.world().reported(&unit, format!("signal {}", script::signal_name(signal)));
        } else if signal != 18 {
            self.end(id, ExitStatus::Signal(signal));
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.carry_out_one(action);
        }
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::Spawn(spawn) => self.spawn(&spawn),
            Action::Kill { unit, target, signal } => match target {
                KillTarget::Process(id) => self.deliver(id, signal),
                KillTarget::AllBut(known) => {
                    let others: Vec<_> = self
                        .world()
                        .processes
                        .iter()
                        .filter(|process| process.unit == unit && !known.contains(&process.id))
                        .map(|process| process.id)
                        .collect();
                    for id in others {
                        self.deliver(id, signal);
                    }
                }
            },
            Action::WatchBusName { name } => {
                self.world().watched_names.insert(name.clone());
                if self.world().names.contains_key(&name) {
                    self.world().soon(Event::BusNameOwned { name, owned: true });
                }
            }
            Action::WatchPidFile { unit, path } => self.world().watched_pid_files.push((unit, path)),
            Action::Listen { unit, settings } => {
                let addresses = settings.listen.iter().map(|listen| listen.address.clone()).collect();
                self.world().listening.insert(unit, addresses);
            }
            Action::WatchSocket { unit, watch: true } => {
                let addresses = self.world().listening.get(&unit).cloned().unwrap_or_default();
                if addresses.iter().any(|address| self.world().waiting_connections.contains(address)) {
                    self.world().soon(Event::SocketReady { unit, instance: None });
                }
            }
            Action::FlushSocket { unit } => {
                let addresses = self.world().listening.get(&unit).cloned().unwrap_or_default();
                self.world().waiting_connections.retain(|address| !addresses.contains(address));
            }
            Action::CloseSockets { unit } => {
                let addresses = self.world().listening.remove(&unit).unwrap_or_default();
                self.world().waiting_connections.retain(|address| !addresses.contains(address));
            }
            Action::WatchPaths { unit, watches } => {
                self.world().watched_paths.insert(unit, watches);
            }
            Action::WatchSocket { .. } | Action::Release { .. } => {}
            Action::JobNew { unit, kind, .. } => {
                self.world().happened(&unit, format!("job {} new", kind.as_str()));
            }
            Action::JobMerged { unit, kind, .. } => {
                self.world().happened(&unit, format!("job {} merged", kind.as_str()));
            }
            Action::JobRemoved { unit, kind, result, .. } => {
                self.world().happened(&unit, format!("job {} {}", kind.as_str(), result.as_str()));
            }
            Action::StateChanged { unit, from, to, .. } => {
                self.world().happened(&unit, format!("{from} -> {to}"));
            }
            Action::UnitRemoved { unit } => {
                self.world().transient.remove(&unit);
            }
            Action::Emergency { .. } | Action::JobRunning { .. } => {}
            Action::UnitNew { .. } | Action::Log { .. } => {}
        }
    }

    fn spawn(&mut self, spawn: &Spawn) {
        let now = self.now();
        let command = self.command(spawn);
        let argv = command.argv.get(1..).unwrap_or_default().to_vec();
        let text = if argv.is_empty() { String::new() } else { format!(" {}", argv.join(" ")) };
        self.world().happened(&spawn.unit, format!("exec{text}"));
        let steps = if command.path.ends_with("stand-in") {
            script::parse(argv.iter().map(String::as_str)).expect("the script is right")
        } else if command.path.starts_with("/nowhere") {
            // What a child of systemd ends with when there is no such program.
            vec![Step::Exit(203)]
        } else {
            // Every other program of a unit file is replaced by one that does nothing.
            vec![Step::Exit(0)]
        };
        let mut environment: Vec<_> = self.world().environment.clone().into_iter().collect();
        environment.extend(spawn.environment.clone());
        self.world().processes.push(Process {
            id: spawn.process,
            unit: spawn.unit.clone(),
            progress: Progress::new(steps),
            wake: Some(now + TICK * 3),
            notify: spawn.notify != session_launcher::unit::spec::NotifyAccess::None,
            is_child: false,
            stubborn: false,
            environment,
            names: BTreeSet::new(),
            newest_child: None,
        });
        if spawn.report_exec && !command.path.starts_with("/nowhere") {
            self.world().soon(Event::Executed { process: spawn.process });
        }
    }

    fn command(&mut self, spawn: &Spawn) -> CommandLine {
        let spec = self.engine.spec(&spawn.unit).expect("it has been loaded");
        let list = match &spec.settings {
            Settings::Service(service) => match spawn.phase {
                Phase::Condition => &service.commands.condition,
                Phase::StartPre => &service.commands.start_pre,
                Phase::Start => &service.commands.start,
                Phase::StartPost => &service.commands.start_post,
                Phase::Reload => &service.commands.reload,
                Phase::ReloadPost => &service.commands.reload_post,
                Phase::Stop => &service.commands.stop,
                Phase::StopPost => &service.commands.stop_post,
            },
            Settings::Socket(socket) => match spawn.phase {
                Phase::StartPre => &socket.start_pre,
                Phase::StartPost => &socket.start_post,
                Phase::Stop => &socket.stop_pre,
                _ => &socket.stop_post,
            },
            other => panic!("{other:?} has no commands"),
        };
        list[spawn.index].clone()
    }
}

/// The unit that `systemd-run --scope` makes.
fn transient_scope(unit: UnitName, properties: &[String]) -> Unit {
    let mut spec = Unit::new(unit, LoadState::Loaded);
    let Settings::Scope(settings) = &mut spec.settings else { panic!("{} is no scope", spec.name) };
    for property in properties {
        let (key, value) = property.split_once('=').expect("a property has a value");
        match key {
            "TimeoutStopSec" => settings.timeout_stop = script::duration(value),
            "RuntimeMaxSec" => settings.runtime_max = script::duration(value),
            "CollectMode" => spec.flags.collect_mode = CollectMode::InactiveOrFailed,
            _ => panic!("no property {key} here"),
        }
    }
    for (kind, other) in [
        (DependencyKind::Conflicts, "shutdown.target"),
        (DependencyKind::Before, "shutdown.target"),
        (DependencyKind::Requires, "app.slice"),
        (DependencyKind::After, "app.slice"),
        (DependencyKind::InSlice, "app.slice"),
    ] {
        spec.dependencies.add(kind, name(other), DependencyOrigin::Default);
    }
    spec
}

/// The word for a refusal that both players use.
pub fn refusal_word(error: &RequestError) -> &'static str {
    match error {
        RequestError::NoSuchUnit(_) => "not found",
        RequestError::NotLoaded(_) => "not loaded",
        RequestError::LoadFailed { .. } => "failed to load",
        RequestError::BadUnitSetting(_) => "bad unit file setting",
        RequestError::UnitMasked(_) => "masked",
        RequestError::OnlyByDependency(_) => "by dependency only",
        RequestError::NoIsolation(_) => "may not be isolated",
        RequestError::InvalidMode { .. } => "only valid",
        RequestError::NotApplicable { .. } => "not applicable",
        RequestError::JobsConflicting { .. } => "conflicting jobs",
        RequestError::OrderIsCyclic(_) => "order is cyclic",
        RequestError::Destructive { .. } => "is destructive",
        RequestError::NotLenient { .. } => "would stop a running unit",
    }
}

fn notification(text: &str, now: Moment) -> Notification {
    let mut message = Notification::default();
    let span = |value: &str| value.parse().ok().map(Duration::from_micros);
    for line in text.lines() {
        let (field, value) = line.split_once('=').unwrap_or((line, ""));
        match (field, value) {
            ("READY", "1") => message.ready = true,
            ("RELOADING", "1") => message.reloading = true,
            ("STOPPING", "1") => message.stopping = true,
            ("WATCHDOG", "1") => message.watchdog = true,
            ("WATCHDOG", "trigger") => message.watchdog_trigger = true,
            ("STATUS", status) => message.status = Some(status.to_owned()),
            ("EXTEND_TIMEOUT_USEC", value) => message.extend_timeout = span(value),
            ("WATCHDOG_USEC", value) => message.watchdog_interval = span(value),
            ("MONOTONIC_USEC", _) => message.monotonic = Some(now),
            ("RESTART_RESET", "1") => message.restart_reset = true,
            _ => {}
        }
    }
    message
}
