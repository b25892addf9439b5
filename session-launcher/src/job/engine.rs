//! The engine: holds all units and jobs, takes events, and says what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::deadline::{Deadlines, Owner};
use super::event::{Action, Event, Host, Moment, NotifySender, ProcessId, Request, RequestError};
use super::job::Job;
use super::kind::{JobId, JobKind, JobState};
use super::queue::RunKey;
use super::relation::{self, Relation};
use super::runtime::Runtime;
use super::state::{ActiveState, UnitResult};
use super::units::{StateTimes, UnitId, Units};
use crate::unit::spec::{LoadState, Settings, Unit as Spec, UnitKind, UnitName};

/// Decides what starts, stops and fails, as `systemd --user` does.
///
/// It does no I/O: [`Engine::request`] and [`Engine::handle`] take what happened and return what is to be done, in order.
/// Times come in with each call; [`Engine::next_deadline`] says when to call again if nothing happens before.
#[derive(Debug)]
pub struct Engine<H> {
    pub(super) host: H,
    pub(super) now: Moment,
    pub(super) startup: Moment,
    pub(super) units: Units,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) last_job: u32,
    pub(super) last_process: u64,
    pub(super) processes: BTreeMap<ProcessId, UnitId>,
    pub(super) deadlines: Deadlines,
    pub(super) run_queue: BTreeSet<RunKey>,
    pub(super) upheld_queue: BTreeSet<UnitId>,
    pub(super) bound_queue: BTreeSet<UnitId>,
    pub(super) unneeded_queue: BTreeSet<UnitId>,
    pub(super) collect_queue: BTreeSet<UnitId>,
    pub(super) actions: Vec<Action>,
}

/// What a caller of `systemctl show` would see of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitStatus {
    /// `Id`.
    pub name: UnitName,
    /// `LoadState`.
    pub load_state: LoadState,
    /// `ActiveState`.
    pub active: ActiveState,
    /// `SubState`.
    pub sub: &'static str,
    /// `Result`.
    pub result: UnitResult,
    /// `Job`, with its kind and state.
    pub job: Option<(JobId, JobKind, JobState)>,
    /// `ConditionResult`.
    pub condition_result: bool,
    /// `AssertResult`.
    pub assert_result: bool,
    /// `NRestarts`.
    pub restarts: u32,
    /// `MainPID`.
    pub main_process: Option<ProcessId>,
    /// `ControlPID`.
    pub control_process: Option<ProcessId>,
    /// `StatusText`.
    pub status_text: Option<String>,
    /// How the main process last ended.
    pub main_exit: Option<super::event::ExitStatus>,
    /// When its state changed.
    pub times: StateTimes,
    /// What each condition came to, after `!`, when they were last tested.
    pub condition_results: Vec<bool>,
    /// The same of the asserts.
    pub assert_results: Vec<bool>,
    /// `ReloadResult` of a service.
    pub reload_result: UnitResult,
    /// `RestartUSecNext` of a service; `None`: never.
    pub restart_delay: Option<std::time::Duration>,
    /// `NotifyAccess` as the service itself has set it.
    pub notify_access: Option<crate::unit::spec::NotifyAccess>,
    /// `WatchdogUSec` as the service itself has set it.
    pub watchdog: Option<std::time::Duration>,
    /// `LastTriggerUSec` of a timer.
    pub last_trigger: Option<Moment>,
    /// `NextElapseUSec` of a timer.
    pub next_elapse: Option<Moment>,
    /// Which unit has triggered the present run (`ActivationDetails`).
    pub triggered_by: Option<UnitName>,
}

/// `CanStart`, `CanStop`, `CanReload`, `CanIsolate`, `Perpetual`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the property Can<Name> of systemd's D-Bus interface")]
pub struct Abilities {
    pub start: bool,
    pub stop: bool,
    pub reload: bool,
    pub isolate: bool,
    pub perpetual: bool,
}

impl<H: Host> Engine<H> {
    /// An engine that knows no unit yet; `now` counts as the manager's start.
    pub fn new(host: H, now: Moment) -> Self {
        Self {
            host,
            now,
            startup: now,
            units: Units::default(),
            jobs: BTreeMap::new(),
            last_job: 0,
            last_process: 0,
            processes: BTreeMap::new(),
            deadlines: Deadlines::default(),
            run_queue: BTreeSet::new(),
            upheld_queue: BTreeSet::new(),
            bound_queue: BTreeSet::new(),
            unneeded_queue: BTreeSet::new(),
            collect_queue: BTreeSet::new(),
            actions: Vec::new(),
        }
    }

    /// The host, for a driver that keeps its own state there.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// The host, to be changed between two calls.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    /// Queues a job as one of systemd's methods StartUnit, StopUnit... does.
    ///
    /// Gives its number and what is to be done. A job that was pointless is done already: its removal is among the actions.
    pub fn request(&mut self, now: Moment, request: &Request) -> (Result<JobId, RequestError>, Vec<Action>) {
        self.now = self.now.max(now);
        let answer = self.queue_request(request);
        self.settle();
        (answer, std::mem::take(&mut self.actions))
    }

    /// Takes one event.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Action> {
        self.now = self.now.max(now);
        self.expire_deadlines();
        self.dispatch(event);
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// Forgets that units failed and how often they started: `systemctl reset-failed`, of one unit or of all.
    pub fn reset_failed(
        &mut self,
        now: Moment,
        name: Option<&UnitName>,
    ) -> (Result<(), RequestError>, Vec<Action>) {
        self.now = self.now.max(now);
        let answer = match name {
            Some(name) => match self.units.find(name) {
                Some(id) => {
                    self.reset_failed_unit(id);
                    Ok(())
                }
                None => Err(RequestError::NotLoaded(name.clone())),
            },
            None => {
                let ids: Vec<_> = self.units.ids().collect();
                for id in ids {
                    self.reset_failed_unit(id);
                }
                Ok(())
            }
        };
        self.settle();
        (answer, std::mem::take(&mut self.actions))
    }

    /// Cancels a queued job (`systemctl cancel`). False when there is no such job.
    pub fn cancel(&mut self, now: Moment, job: JobId) -> (bool, Vec<Action>) {
        self.now = self.now.max(now);
        let known = self.jobs.contains_key(&job);
        if known {
            self.finish_job(job, super::kind::JobResult::Canceled, true);
        }
        self.settle();
        (known, std::mem::take(&mut self.actions))
    }

    /// Keeps a unit loaded, or lets it be forgotten again, as a D-Bus client's `Ref` does.
    pub fn pin(&mut self, now: Moment, name: &UnitName, pinned: bool) -> Vec<Action> {
        self.now = self.now.max(now);
        let id = self.load(name);
        if let Some(unit) = self.units.contains(id).then(|| &mut self.units[id]) {
            unit.pinned = pinned;
        }
        self.collect_queue.insert(id);
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// Takes up the new description of a unit that so far was not to be found, if it is known at all.
    pub fn redefine(&mut self, now: Moment, name: &UnitName) -> Vec<Action> {
        self.now = self.now.max(now);
        if let Some(id) = self.units.find(name) {
            self.units.disconnect(id);
            let spec = self.host.load(name);
            self.units.replace_spec(id, spec);
            self.connect_all(vec![id]);
        }
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// The loaded units to which a unit has a dependency, by the name of systemd's property.
    pub fn related(&self, name: &UnitName, property: &str) -> Vec<UnitName> {
        let (Some(id), Some(relation)) = (self.units.find(name), Relation::named(property)) else {
            return Vec::new();
        };
        self.units
            .related(id, &[relation])
            .into_iter()
            .map(|other| self.units[other].name().clone())
            .collect()
    }

    /// What may be asked of a loaded unit.
    pub fn abilities(&self, name: &UnitName) -> Abilities {
        let Some(id) = self.units.find(name) else { return Abilities::default() };
        let flags = &self.units[id].spec.flags;
        let (start, stop) = (self.can_start(id), self.can_stop(id));
        Abilities {
            start: start && !flags.refuse_manual_start,
            stop: stop && !flags.refuse_manual_stop,
            reload: self.can_reload(id),
            isolate: start && !flags.refuse_manual_start && flags.allow_isolate,
            perpetual: self.is_perpetual(id),
        }
    }

    /// When to call [`Engine::handle`] with [`Event::Tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Moment> {
        self.deadlines.next()
    }

    /// The state of a loaded unit; `None` when the engine does not know it (then it is inactive).
    pub fn status(&self, name: &UnitName) -> Option<UnitStatus> {
        self.units.find(name).map(|id| self.status_of(id))
    }

    /// The state of every loaded unit, by name.
    pub fn statuses(&self) -> Vec<UnitStatus> {
        let mut all: Vec<_> = self.units.ids().map(|id| self.status_of(id)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The processes that were asked for and have not ended.
    pub fn spawned(&self) -> impl Iterator<Item = ProcessId> {
        self.processes.keys().copied().filter(|process| matches!(process, ProcessId::Spawned(_)))
    }

    /// The settings of a loaded unit.
    pub fn spec(&self, name: &UnitName) -> Option<&Spec> {
        self.units.find(name).map(|id| &self.units[id].spec)
    }

    /// All queued jobs: number, unit, kind, state.
    pub fn jobs(&self) -> impl Iterator<Item = (JobId, &UnitName, JobKind, JobState)> {
        self.jobs.iter().map(|(id, job)| (*id, self.units[job.unit].name(), job.kind, job.state))
    }

    /// The unit that a process belongs to, as far as the engine started or adopted it.
    pub fn unit_of_process(&self, process: ProcessId) -> Option<&UnitName> {
        self.processes.get(&process).map(|id| self.units[*id].name())
    }

    fn status_of(&self, id: UnitId) -> UnitStatus {
        let unit = &self.units[id];
        let service = match &unit.runtime {
            Runtime::Service(service) => Some(service),
            _ => None,
        };
        UnitStatus {
            name: unit.name().clone(),
            load_state: unit.spec.load_state,
            active: unit.active_state(),
            sub: unit.runtime.sub_state(),
            result: unit.result(),
            job: unit.job.and_then(|job| self.jobs.get(&job).map(|j| (job, j.kind, j.state))),
            condition_result: unit.condition_result,
            assert_result: unit.assert_result,
            restarts: service.map_or(0, |s| s.restarts),
            main_process: service.and_then(|s| s.main),
            control_process: service.and_then(|s| s.control),
            status_text: service.and_then(|s| s.status_text.clone()),
            main_exit: service.and_then(|s| s.main_exit),
            times: unit.times,
            condition_results: unit.condition_results.clone(),
            assert_results: unit.assert_results.clone(),
            reload_result: service.map_or(UnitResult::Success, |s| s.reload_result),
            restart_delay: service.and_then(|_| self.restart_delay(id)),
            notify_access: service.and_then(|s| s.notify_access),
            watchdog: service.and_then(|s| s.watchdog_override),
            last_trigger: match &unit.runtime {
                Runtime::Timer(timer) => timer.last_trigger,
                _ => None,
            },
            next_elapse: match &unit.runtime {
                Runtime::Timer(_) => self.deadlines.get(Owner::Unit(id)),
                _ => None,
            },
            triggered_by: unit.triggered_by.clone(),
        }
    }

    /// Loads a unit and, through its dependencies, all that it can reach.
    pub(super) fn load(&mut self, name: &UnitName) -> UnitId {
        if let Some(id) = self.units.find(name) {
            return id;
        }
        let mut fresh = Vec::new();
        let first = self.load_one(name, &mut fresh);
        self.connect_all(fresh);
        first
    }

    /// Enters the dependencies of new units, and of those that these bring in.
    fn connect_all(&mut self, mut fresh: Vec<UnitId>) {
        let mut done = Vec::new();
        while let Some(id) = fresh.pop() {
            self.connect(id, &mut fresh);
            // A target comes after its whole too, but only after one that was loaded before it.
            for whole in self.units.related(id, &[Relation::PartOf]) {
                if !fresh.contains(&whole) {
                    self.order_target(id, whole);
                }
            }
            self.collect_queue.insert(id);
            done.push(id);
        }
        for id in done {
            for target in self.units.related(id, relation::NEEDED_BY) {
                self.order_target(target, id);
            }
            for needed in self.units.related(id, relation::NEEDS) {
                self.order_target(id, needed);
            }
        }
    }

    /// A target comes after what it needs, unless the two say otherwise.
    fn order_target(&mut self, target: UnitId, needed: UnitId) {
        let plain = |id: UnitId| {
            let unit = &self.units[id];
            unit.is_loaded() && unit.spec.flags.default_dependencies
        };
        if self.units[target].spec.kind() == UnitKind::Target
            && plain(target)
            && plain(needed)
            && !self.units.has(target, Relation::Before, needed)
            && !self.units.has(target, Relation::After, needed)
        {
            self.units.connect(target, Relation::After, needed);
        }
    }

    fn load_one(&mut self, name: &UnitName, fresh: &mut Vec<UnitId>) -> UnitId {
        if let Some(id) = self.units.find(name) {
            return id;
        }
        let spec = self.host.load(name);
        if let Some(id) = self.units.find(&spec.name) {
            self.units.alias(id, name);
            return id;
        }
        self.actions.push(Action::UnitNew { unit: spec.name.clone() });
        let primary = spec.name.clone();
        if let Some(name) = spec.service().and_then(|service| service.bus_name.clone()) {
            self.actions.push(Action::WatchBusName { name });
        }
        let id = self.units.insert(spec);
        if &primary != name {
            self.units.alias(id, name);
        }
        fresh.push(id);
        id
    }

    /// Enters a unit's dependencies into the graph, loading the others. Units so loaded are added to `fresh`.
    fn connect(&mut self, id: UnitId, fresh: &mut Vec<UnitId>) {
        let stated: Vec<_> = self.units[id]
            .spec
            .dependencies
            .iter()
            .map(|(kind, dependency)| (Relation::of(kind), dependency.unit.clone()))
            .collect();
        for (relation, name) in stated {
            let other = self.load_one(&name, fresh);
            self.units.connect(id, relation, other);
        }
    }

    /// Reads every unit again and rebuilds the graph; jobs and states stay.
    fn reload(&mut self) {
        let ids: Vec<_> = self.units.ids().collect();
        for id in &ids {
            self.units.disconnect(*id);
        }
        for id in &ids {
            let name = self.units[*id].name().clone();
            let mut spec = self.host.load(&name);
            let same_type = std::mem::discriminant(&spec.settings)
                == std::mem::discriminant(&self.units[*id].spec.settings);
            // A unit that goes on as another type, or another unit's alias, has to be stopped as what it was.
            if spec.name != name || !same_type {
                spec = Spec::new(name, LoadState::NotFound);
            }
            if spec.load_state != LoadState::Loaded && !self.units[*id].active_state().is_inactive_or_failed()
            {
                keep_running(&mut spec, &self.units[*id].spec);
            }
            self.units.replace_spec(*id, spec);
        }
        self.connect_all(ids);
        let ids: Vec<_> = self.units.ids().collect();
        for id in ids {
            self.unneeded_queue.insert(id);
            self.bound_queue.insert(id);
            self.upheld_queue.insert(id);
            self.reload_runtime(id);
        }
    }

    fn reload_runtime(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Timer(_) => self.timer_reload(id),
            Runtime::Path(_) => self.path_reload(id),
            _ => {}
        }
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Exited { process, status } => self.process_exited(process, status),
            Event::Executed { process } => self.process_executed(process),
            Event::SpawnFailed { process } => self.process_not_spawned(process),
            Event::NeverRan { process } => self.process_never_ran(process),
            Event::Notified { unit, sender, message } => self.notified(&unit, sender, &message),
            Event::BusNameOwned { name, owned } => self.bus_name_changed(&name, owned),
            Event::Empty { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.unit_is_empty(id);
                }
            }
            Event::OutOfMemory { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.out_of_memory(id);
                }
            }
            Event::SocketReady { unit, instance } => {
                if let Some(id) = self.units.find(&unit) {
                    self.socket_ready(id, instance);
                }
            }
            Event::ListenFailed { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.socket_listen_failed(id);
                }
            }
            Event::PathChanged { unit, watch } => {
                if let Some(id) = self.units.find(&unit) {
                    self.path_changed(id, watch);
                }
            }
            Event::PidFileChanged { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.service_pid_file_changed(id);
                }
            }
            Event::ScopeAbandoned { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.scope_abandon(id);
                }
            }
            Event::Reload => self.reload(),
            Event::Tick => {}
        }
    }

    fn notified(&mut self, unit: &UnitName, sender: NotifySender, message: &super::event::Notification) {
        if let Some(id) = self.units.find(unit)
            && matches!(self.units[id].runtime, Runtime::Service(_))
        {
            self.service_notified(id, sender, message);
        }
    }

    fn process_exited(&mut self, process: ProcessId, status: super::event::ExitStatus) {
        let Some(id) = self.processes.remove(&process) else { return };
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_exited(id, process, status),
            Runtime::Socket(_) => self.socket_exited(id, process, status),
            _ => {}
        }
    }

    fn process_executed(&mut self, process: ProcessId) {
        if let Some(id) = self.processes.get(&process).copied() {
            self.service_executed(id, process);
        }
    }

    fn process_never_ran(&mut self, process: ProcessId) {
        let service = self.processes.get(&process).copied();
        let service = service.filter(|id| matches!(self.units[*id].runtime, Runtime::Service(_)));
        if !service.is_some_and(|id| self.spawn_again(id, process)) {
            self.process_not_spawned(process);
        }
    }

    fn process_not_spawned(&mut self, process: ProcessId) {
        let Some(id) = self.processes.remove(&process) else { return };
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_not_spawned(id, process),
            Runtime::Socket(_) => self.socket_not_spawned(id, process),
            _ => {}
        }
    }

    fn bus_name_changed(&mut self, name: &str, owned: bool) {
        let ids: Vec<_> = self
            .units
            .ids()
            .filter(|id| {
                self.units[*id]
                    .spec
                    .service()
                    .is_some_and(|service| service.bus_name.as_deref() == Some(name))
            })
            .collect();
        for id in ids {
            self.service_bus_name_changed(id, owned);
        }
    }

    fn unit_is_empty(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_is_empty(id),
            Runtime::Scope(_) => self.scope_is_empty(id),
            _ => {}
        }
    }

    fn out_of_memory(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_out_of_memory(id),
            Runtime::Scope(_) => self.scope_out_of_memory(id),
            _ => {}
        }
    }

    fn expire_deadlines(&mut self) {
        while let Some(owner) = self.deadlines.pop_due(self.now) {
            match owner {
                Owner::Job(job) => self.job_timed_out(job),
                Owner::Watchdog(id) => self.service_watchdog_elapsed(id),
                Owner::Unit(id) => match self.units[id].runtime {
                    Runtime::Service(_) => self.service_deadline(id),
                    Runtime::Socket(_) => self.socket_deadline(id),
                    Runtime::Scope(_) => self.scope_deadline(id),
                    Runtime::Timer(_) => self.timer_deadline(id),
                    Runtime::Path(_) | Runtime::Plain(_) => {}
                },
            }
            self.settle();
        }
    }

    /// Works off all that an event has set going: the queues of units first, then the jobs.
    pub(super) fn settle(&mut self) {
        loop {
            if self.collect_units()
                || self.start_upheld_units()
                || self.stop_unbound_units()
                || self.stop_unneeded_units()
            {
                continue;
            }
            if !self.run_jobs() {
                break;
            }
        }
    }

    /// Writes a line for the log.
    pub(super) fn log(&mut self, id: UnitId, message: impl Into<String>) {
        let unit = self.units[id].name().clone();
        self.actions.push(Action::Log { unit, message: message.into() });
    }

    /// Asks the manager for what `FailureAction=` and its fellows say.
    pub(super) fn emergency(
        &mut self,
        action: crate::unit::spec::EmergencyAction,
        status: Option<u8>,
        reason: String,
    ) {
        if action != crate::unit::spec::EmergencyAction::None {
            self.actions.push(Action::Emergency { action, status, reason });
        }
    }
}

/// Keeps what is needed to stop a unit whose file has gone or has become unreadable while it runs.
fn keep_running(spec: &mut Spec, old: &Spec) {
    spec.settings = old.settings.clone();
    if let (Settings::Service(new), Settings::Service(_)) = (&mut spec.settings, &old.settings) {
        new.restart = crate::unit::spec::RestartPolicy::No;
    }
    spec.dependencies = old.dependencies.clone();
}
