//! Plays a scenario on the job engine, with pretended processes and a pretended clock.

mod actions;
mod processes;
mod scope;
mod world;

use super::format::{Act, Scenario};
use super::observation::{Happening, Observation, Step as Played};
use super::refusal;
use super::script::{self, Progress};
use super::settle::SOON;
use super::unit_files::{loader, manager_environment, write_units};
use session_launcher::job::{Engine, Event, JobKind, Moment, ProcessId, Request};
use session_launcher::unit::spec::{JobMode, UnitName};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use world::{Process, TICK, View, World};

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
        answer.err().map(|error| refusal::word_of_error(&error).to_owned())
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
                return answer.err().map(|error| refusal::word_of_error(&error).to_owned());
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
        let spec = scope::transient_scope(name(unit), properties);
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
}
