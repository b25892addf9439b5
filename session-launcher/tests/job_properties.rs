//! What holds for the job engine on any graph of units: nothing hangs, nothing starts before what it is ordered after,
//! stops come in the reverse order, and every job ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use session_launcher::job::{
    Action, ActiveState, Engine, Event, ExitStatus, Host, JobKind, JobResult, KillTarget, Moment, Phase,
    ProcessId, Request,
};
use session_launcher::unit::spec::{
    CalendarExpression, CommandLine, Condition, DependencyKind, DependencyOrigin, JobMode, LoadState,
    PathWatch, RestartPolicy, ServiceType, Settings, Unit, UnitName,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A small generator of numbers, the same for the same seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }
}

#[derive(Debug)]
struct World {
    units: BTreeMap<UnitName, Unit>,
}

impl Host for World {
    fn load(&mut self, name: &UnitName) -> Unit {
        self.units.get(name).cloned().unwrap_or_else(|| Unit::new(name.clone(), LoadState::NotFound))
    }
    fn condition(&mut self, _: &UnitName, _: &Condition) -> bool {
        true
    }
    fn has_other_processes(&mut self, _: &UnitName, _: &[ProcessId]) -> bool {
        false
    }
    fn pid_file(&mut self, _: &UnitName) -> Option<ProcessId> {
        None
    }
    fn guess_main_process(&mut self, _: &UnitName) -> Option<ProcessId> {
        None
    }
    fn path_is_ready(&mut self, _: &UnitName, _: &PathWatch) -> bool {
        false
    }
    fn calendar_next(&mut self, _: &CalendarExpression) -> Option<Moment> {
        None
    }
}

fn name(number: usize, kind: &str) -> UnitName {
    UnitName::new(format!("u{number}.{kind}")).unwrap()
}

fn command() -> Vec<CommandLine> {
    vec![CommandLine { path: "/x".into(), argv: vec!["/x".into()], ..CommandLine::default() }]
}

/// Units with random dependencies. With `acyclic`, orders lead only from higher to lower numbers.
fn graph(random: &mut Random, count: usize, acyclic: bool) -> BTreeMap<UnitName, Unit> {
    let names: Vec<_> =
        (0..count).map(|number| name(number, if random.one_in(3) { "target" } else { "service" })).collect();
    let mut units = BTreeMap::new();
    for (number, own) in names.iter().enumerate() {
        let mut unit = Unit::new(own.clone(), LoadState::Loaded);
        unit.flags.default_dependencies = false;
        unit.flags.start_limit.burst = 0;
        if let Settings::Service(service) = &mut unit.settings {
            service.commands.start = command();
            service.service_type = match random.below(4) {
                0 => ServiceType::Oneshot,
                1 => ServiceType::Notify,
                _ => ServiceType::Simple,
            };
            service.notify_access = session_launcher::unit::spec::NotifyAccess::Main;
            service.remain_after_exit = service.service_type == ServiceType::Oneshot;
            if random.one_in(4) {
                service.commands.stop_post = command();
            }
            service.restart = RestartPolicy::No;
        }
        for _ in 0..random.below(4) {
            let kinds = [
                DependencyKind::Requires,
                DependencyKind::Wants,
                DependencyKind::BindsTo,
                DependencyKind::PartOf,
                DependencyKind::Requisite,
                DependencyKind::Conflicts,
                DependencyKind::Wants,
                DependencyKind::Requires,
            ];
            let kind = kinds[random.below(kinds.len())];
            let other = &names[random.below(count)];
            if other != own {
                unit.dependencies.add(kind, other.clone(), DependencyOrigin::Runtime);
            }
        }
        for _ in 0..random.below(4) {
            let other = if acyclic { random.below(number.max(1)) } else { random.below(count) };
            if other != number {
                unit.dependencies.add(DependencyKind::After, names[other].clone(), DependencyOrigin::Runtime);
            }
        }
        units.insert(own.clone(), unit);
    }
    units
}

/// Plays an engine with processes that do what they are started for, some of them not.
struct Play {
    engine: Engine<World>,
    random: Random,
    now: Moment,
    /// What is still to be told to the engine.
    pending: Vec<Event>,
    processes: BTreeMap<ProcessId, UnitName>,
    open_jobs: BTreeSet<u32>,
    /// What happened, for the orders: unit and whether it began to start, was up, began to stop, was down.
    log: Vec<(UnitName, ActiveState)>,
    failures: bool,
}

impl Play {
    fn new(units: BTreeMap<UnitName, Unit>, seed: u64, failures: bool) -> Self {
        Self {
            engine: Engine::new(World { units }, Duration::from_secs(1)),
            random: Random(seed | 1),
            now: Duration::from_secs(1),
            pending: Vec::new(),
            processes: BTreeMap::new(),
            open_jobs: BTreeSet::new(),
            log: Vec::new(),
            failures,
        }
    }

    fn request(&mut self, unit: &UnitName, kind: JobKind, mode: JobMode) -> bool {
        let request = Request { unit: unit.clone(), kind, mode, reload_if_possible: false };
        let (answer, actions) = self.engine.request(self.now, &request);
        self.take(actions);
        answer.is_ok()
    }

    fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Spawn(spawn) => {
                    self.processes.insert(spawn.process, spawn.unit.clone());
                    let service = self.engine.spec(&spawn.unit).unwrap().service().unwrap();
                    let fails = self.failures && self.random.one_in(6);
                    let status = ExitStatus::Code(u8::from(fails));
                    if spawn.phase != Phase::Start || service.service_type == ServiceType::Oneshot || fails {
                        self.pending.push(Event::Exited { process: spawn.process, status });
                    } else if service.service_type == ServiceType::Notify {
                        self.pending.push(Event::Notified {
                            unit: spawn.unit.clone(),
                            sender: session_launcher::job::NotifySender::Process(spawn.process),
                            message: session_launcher::job::Notification {
                                ready: true,
                                ..Default::default()
                            },
                        });
                    }
                }
                Action::Kill { target: KillTarget::Process(process), signal, .. } => {
                    self.pending.push(Event::Exited { process, status: ExitStatus::Signal(signal) });
                }
                Action::JobNew { job, .. } => {
                    assert!(self.open_jobs.insert(job.0), "a job number is used twice");
                }
                Action::JobRemoved { job, continues, .. } => {
                    assert!(continues || self.open_jobs.remove(&job.0), "a job ends twice");
                }
                Action::StateChanged { unit, active, .. } => self.log.push((unit, active)),
                _ => {}
            }
        }
    }

    /// Until nothing is left to tell, in a random order, as processes are not in step.
    fn run(&mut self) {
        for _ in 0..100_000 {
            if self.pending.is_empty() {
                return;
            }
            let place = self.random.below(self.pending.len());
            let event = self.pending.swap_remove(place);
            if let Event::Exited { process, .. } = event
                && self.processes.remove(&process).is_none()
            {
                continue;
            }
            self.now += Duration::from_millis(1);
            let actions = self.engine.handle(self.now, event);
            self.take(actions);
        }
        panic!("it never comes to rest");
    }

    fn assert_at_rest(&self) {
        let left: Vec<_> = self.engine.jobs().collect();
        assert!(left.is_empty(), "jobs that never end: {left:?}");
        assert!(self.open_jobs.is_empty(), "jobs whose end was not told: {:?}", self.open_jobs);
    }
}

/// No unit may begin to start while one that it is ordered after, and that started in the same run, is not up yet.
fn check_order(play: &Play, units: &BTreeMap<UnitName, Unit>, stop: bool) {
    let first_begin = |unit: &UnitName, wanted: &[ActiveState]| {
        play.log.iter().position(|(name, state)| name == unit && wanted.contains(state))
    };
    for unit in units.values() {
        for earlier in unit.dependencies.names(DependencyKind::After) {
            if stop {
                // The later one has to be down before the earlier one begins to stop.
                let down = play.log.iter().rposition(|(name, state)| {
                    name == &unit.name && matches!(state, ActiveState::Inactive | ActiveState::Failed)
                });
                let begin = first_begin(
                    earlier,
                    &[ActiveState::Deactivating, ActiveState::Inactive, ActiveState::Failed],
                );
                if let (Some(down), Some(begin)) = (down, begin) {
                    assert!(down < begin, "{earlier} stops before {} is down", unit.name);
                }
            } else {
                let begin = first_begin(&unit.name, &[ActiveState::Activating, ActiveState::Active]);
                let up =
                    first_begin(earlier, &[ActiveState::Active, ActiveState::Failed, ActiveState::Inactive]);
                let started = first_begin(earlier, &[ActiveState::Activating, ActiveState::Active]);
                if let (Some(begin), Some(up), Some(_)) = (begin, up, started) {
                    assert!(up < begin, "{} starts before {earlier} is up", unit.name);
                }
            }
        }
    }
}

/// Without the kinds that stop other units while some start, as then one unit does both.
fn without(mut units: BTreeMap<UnitName, Unit>, kinds: &[DependencyKind]) -> BTreeMap<UnitName, Unit> {
    for unit in units.values_mut() {
        let mut kept = session_launcher::unit::spec::Dependencies::default();
        for (kind, dependency) in unit.dependencies.iter() {
            if !kinds.contains(&kind) {
                kept.add(kind, dependency.unit.clone(), DependencyOrigin::Runtime);
            }
        }
        unit.dependencies = kept;
    }
    units
}

#[test]
fn units_start_in_order_and_stop_in_reverse() {
    for seed in 1..=400 {
        let mut random = Random(seed * 7919);
        let count = 3 + random.below(20);
        let mut units = without(
            graph(&mut random, count, true),
            &[DependencyKind::Conflicts, DependencyKind::Requisite, DependencyKind::BindsTo],
        );
        // One target that holds all of them, so that all stop together.
        let all = UnitName::new("all.target").unwrap();
        let mut target = Unit::new(all.clone(), LoadState::Loaded);
        for (own, unit) in &mut units {
            target.dependencies.add(DependencyKind::Wants, own.clone(), DependencyOrigin::Runtime);
            unit.dependencies.add(DependencyKind::PartOf, all.clone(), DependencyOrigin::Runtime);
        }
        let plain = units.clone();
        units.insert(all.clone(), target);
        let mut play = Play::new(units, seed, false);
        assert!(play.request(&all, JobKind::Start, JobMode::Replace), "seed {seed}");
        play.run();
        play.assert_at_rest();
        check_order(&play, &plain, false);
        play.log.clear();
        assert!(play.request(&all, JobKind::Stop, JobMode::Replace), "seed {seed}");
        play.run();
        play.assert_at_rest();
        check_order(&play, &plain, true);
        for status in play.engine.statuses() {
            assert!(
                matches!(status.active, ActiveState::Inactive | ActiveState::Failed),
                "seed {seed}: {} is left {:?}",
                status.name,
                status.active
            );
        }
    }
}

#[test]
fn every_job_ends_whatever_is_asked() {
    for seed in 1..=400 {
        let mut random = Random(seed * 104_729);
        let count = 2 + random.below(15);
        let acyclic = random.one_in(2);
        let units = graph(&mut random, count, acyclic);
        let names: Vec<_> = units.keys().cloned().collect();
        let mut play = Play::new(units, seed, true);
        for _ in 0..12 {
            let unit = &names[random.below(names.len())];
            let kind = [JobKind::Start, JobKind::Start, JobKind::Stop, JobKind::Restart, JobKind::TryRestart]
                [random.below(5)];
            let mode = [JobMode::Replace, JobMode::Replace, JobMode::Fail, JobMode::IgnoreDependencies]
                [random.below(4)];
            // A refusal is an answer too.
            play.request(unit, kind, mode);
            if random.one_in(2) {
                play.run();
            }
            if random.one_in(4)
                && let Some(process) = play.processes.keys().next().copied()
            {
                play.pending.push(Event::Exited { process, status: ExitStatus::Signal(9) });
            }
        }
        play.run();
        // A cycle in the order is looked for in each transaction, before its jobs merge with each other and with those
        // that are queued. What merging brings about can still wait for itself, as it can in systemd.
        if acyclic {
            play.assert_at_rest();
        }
    }
}

#[test]
fn the_same_events_give_the_same_actions() {
    let record = |seed: u64| {
        let mut random = Random(seed);
        let units = graph(&mut random, 20, false);
        let names: Vec<_> = units.keys().cloned().collect();
        let mut play = Play::new(units, seed, true);
        for unit in &names {
            play.request(unit, JobKind::Start, JobMode::Replace);
            play.run();
        }
        play.log
    };
    for seed in 1..=50 {
        assert_eq!(record(seed), record(seed));
    }
}

#[test]
fn a_replaced_job_is_told_as_canceled() {
    let mut unit = Unit::new(name(1, "service"), LoadState::Loaded);
    if let Settings::Service(service) = &mut unit.settings {
        service.service_type = ServiceType::Notify;
        service.commands.start = command();
    }
    let own = unit.name.clone();
    let mut engine = Engine::new(World { units: BTreeMap::from([(own.clone(), unit)]) }, Duration::ZERO);
    let request =
        |kind| Request { unit: own.clone(), kind, mode: JobMode::Replace, reload_if_possible: false };
    let (answer, _) = engine.request(Duration::ZERO, &request(JobKind::Start));
    assert!(answer.is_ok());
    let (_, actions) = engine.request(Duration::ZERO, &request(JobKind::Stop));
    assert!(actions.iter().any(|action| matches!(
        action,
        Action::JobRemoved { result: JobResult::Canceled, kind: JobKind::Start, .. }
    )));
}
