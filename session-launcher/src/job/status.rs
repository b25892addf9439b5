//! What can be seen of units and jobs from outside.

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Host, Moment, ProcessId};
use super::kind::{JobId, JobKind, JobState};
use super::relation::Relation;
use super::runtime::Runtime;
use super::state::{ActiveState, UnitResult};
use super::units::{StateTimes, UnitId};
use crate::unit::spec::{LoadState, Unit as Spec, UnitName};

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
}
