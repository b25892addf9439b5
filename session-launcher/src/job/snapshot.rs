//! What the engine knows, as plain data: so that a manager that was killed can go on where it was.

use serde::{Deserialize, Serialize};

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Action, Host, Moment, ProcessId};
use super::job::Job;
use super::kind::{JobId, JobKind, JobState};
use super::rate_limit::RateLimit;
use super::runtime::Runtime;
use super::units::{StateTimes, UnitId};
use crate::unit::spec::UnitName;

/// The state of an engine between two calls. Times are on the clock that counts from the machine's boot, so that they
/// mean the same to the next process. Settings are not in it: they are loaded again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    startup: Moment,
    last_job: u32,
    last_process: u64,
    units: Vec<UnitSnapshot>,
    jobs: Vec<JobSnapshot>,
    processes: Vec<(ProcessId, UnitName)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct UnitSnapshot {
    name: UnitName,
    runtime: Runtime,
    start_limit: RateLimit,
    start_limit_hit: bool,
    times: StateTimes,
    condition_result: bool,
    assert_result: bool,
    triggered_by: Option<UnitName>,
    pinned: bool,
    deadline: Option<Moment>,
    watchdog: Option<Moment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct JobSnapshot {
    id: JobId,
    unit: UnitName,
    kind: JobKind,
    state: JobState,
    irreversible: bool,
    ignore_order: bool,
    queued: Moment,
    deadline: Option<Moment>,
}

impl<H: Host> Engine<H> {
    /// What the engine knows now.
    pub fn snapshot(&self) -> Snapshot {
        let name = |id: UnitId| self.units[id].name().clone();
        Snapshot {
            startup: self.startup,
            last_job: self.last_job,
            last_process: self.last_process,
            units: self.units.ids().map(|id| self.snapshot_unit(id)).collect(),
            jobs: self
                .jobs
                .iter()
                .map(|(id, job)| JobSnapshot {
                    id: *id,
                    unit: name(job.unit),
                    kind: job.kind,
                    state: job.state,
                    irreversible: job.irreversible,
                    ignore_order: job.ignore_order,
                    queued: job.queued,
                    deadline: self.deadlines.get(Owner::Job(*id)),
                })
                .collect(),
            processes: self.processes.iter().map(|(process, unit)| (*process, name(*unit))).collect(),
        }
    }

    fn snapshot_unit(&self, id: UnitId) -> UnitSnapshot {
        let unit = &self.units[id];
        UnitSnapshot {
            name: unit.name().clone(),
            runtime: unit.runtime.clone(),
            start_limit: unit.start_limit,
            start_limit_hit: unit.start_limit_hit,
            times: unit.times,
            condition_result: unit.condition_result,
            assert_result: unit.assert_result,
            triggered_by: unit.triggered_by.clone(),
            pinned: unit.pinned,
            deadline: self.deadlines.get(Owner::Unit(id)),
            watchdog: self.deadlines.get(Owner::Watchdog(id)),
        }
    }

    /// An engine that goes on from a snapshot, with what its driver has to watch and hold open again.
    ///
    /// The driver then reports the ends of processes that it cannot find any more, and what else has changed meanwhile.
    pub fn restore(host: H, now: Moment, snapshot: Snapshot) -> (Self, Vec<Action>) {
        let mut engine = Self::new(host, now);
        engine.startup = snapshot.startup;
        engine.last_job = snapshot.last_job;
        engine.last_process = snapshot.last_process;
        for unit in snapshot.units {
            engine.restore_unit(unit);
        }
        for job in snapshot.jobs {
            engine.restore_job(&job);
        }
        for (process, unit) in snapshot.processes {
            let id = engine.load(&unit);
            engine.processes.insert(process, id);
        }
        let ids: Vec<_> = engine.units.ids().collect();
        for id in ids {
            engine.watch_again(id);
            engine.collect_queue.insert(id);
        }
        engine.settle();
        let actions = std::mem::take(&mut engine.actions);
        (engine, actions)
    }

    fn restore_unit(&mut self, saved: UnitSnapshot) {
        let id = self.load(&saved.name);
        let unit = &mut self.units[id];
        // A name that now belongs to another type's settings keeps the fresh state.
        if std::mem::discriminant(&unit.runtime) == std::mem::discriminant(&saved.runtime) {
            unit.runtime = saved.runtime;
        }
        unit.start_limit = saved.start_limit;
        unit.start_limit_hit = saved.start_limit_hit;
        unit.times = saved.times;
        unit.condition_result = saved.condition_result;
        unit.assert_result = saved.assert_result;
        unit.triggered_by = saved.triggered_by;
        unit.pinned = saved.pinned;
        self.deadlines.set(Owner::Unit(id), saved.deadline);
        self.deadlines.set(Owner::Watchdog(id), saved.watchdog);
    }

    fn restore_job(&mut self, saved: &JobSnapshot) {
        let unit = self.load(&saved.unit);
        let job = Job {
            unit,
            kind: saved.kind,
            state: saved.state,
            irreversible: saved.irreversible,
            ignore_order: saved.ignore_order,
            queued: saved.queued,
        };
        self.jobs.insert(saved.id, job);
        if saved.kind == JobKind::Nop {
            self.units[unit].nop_job = Some(saved.id);
        } else {
            self.units[unit].job = Some(saved.id);
        }
        self.deadlines.set(Owner::Job(saved.id), saved.deadline);
        self.enqueue_to_run(saved.id);
    }

    fn watch_again(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Socket(_) => self.socket_listen_again(id),
            Runtime::Path(_) => self.path_reload(id),
            _ => {}
        }
    }
}
