//! When queued jobs run: their order, and what each does to its unit.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Action, Host};
use super::job::Job;
use super::kind::{JobId, JobKind, JobResult, JobState};
use super::relation::Relation;
use super::start::Refusal;
use super::state::ActiveState;

use crate::unit::spec::{Settings, UnitKind, UnitName};

/// The place of a job among those that may run: by type of unit, weight, niceness, then name.
pub(super) type RunKey = (u8, Reverse<u64>, i32, UnitName, JobId);

/// Slices and scopes first, services last.
const fn type_rank(kind: UnitKind) -> u8 {
    match kind {
        UnitKind::Scope => 0,
        UnitKind::Slice => 1,
        UnitKind::Path => 2,
        UnitKind::Timer => 3,
        UnitKind::Automount => 4,
        UnitKind::Device => 5,
        UnitKind::Target => 6,
        UnitKind::Socket => 7,
        UnitKind::Swap => 8,
        UnitKind::Mount => 9,
        UnitKind::Service => 10,
    }
}

impl<H: Host> Engine<H> {
    pub(super) fn enqueue_to_run(&mut self, id: JobId) {
        if let Some(key) = self.run_key(id) {
            self.run_queue.insert(key);
        }
    }

    pub(super) fn dequeue_from_run(&mut self, id: JobId) {
        if let Some(key) = self.run_key(id) {
            self.run_queue.remove(&key);
        }
    }

    fn run_key(&self, id: JobId) -> Option<RunKey> {
        let unit = &self.units[self.jobs.get(&id)?.unit];
        let nice = match &unit.spec.settings {
            Settings::Service(service) => service.exec.nice.unwrap_or(0),
            Settings::Socket(socket) => socket.exec.nice.unwrap_or(0),
            _ => 0,
        };
        Some((type_rank(unit.spec.kind()), Reverse(0), nice, unit.name().clone(), id))
    }

    /// Runs what may run; false when nothing was queued.
    pub(super) fn run_jobs(&mut self) -> bool {
        let mut any = false;
        while let Some((.., id)) = self.run_queue.pop_first() {
            any = true;
            self.run_job(id);
        }
        any
    }

    /// Whether nothing that is ordered before it has still to run.
    fn is_runnable(&self, job: &Job) -> bool {
        if job.ignore_order || job.kind == JobKind::Nop {
            return true;
        }
        [(Relation::After, false), (Relation::Before, true)].into_iter().all(|(relation, forward)| {
            self.units
                .related(job.unit, &[relation])
                .into_iter()
                .filter_map(|other| self.units[other].job.and_then(|id| self.jobs.get(&id)))
                .all(|other| job_order(job, other, forward) != Order::Second)
        })
    }

    /// The queued jobs that a job waits for.
    pub fn jobs_before(&self, id: JobId) -> Vec<JobId> {
        self.ordered_jobs(id, Order::Second)
    }

    /// The queued jobs that wait for a job.
    pub fn jobs_after(&self, id: JobId) -> Vec<JobId> {
        self.ordered_jobs(id, Order::First)
    }

    /// The jobs to which a job stands in that order.
    fn ordered_jobs(&self, id: JobId, order: Order) -> Vec<JobId> {
        let Some(job) = self.jobs.get(&id) else { return Vec::new() };
        let mut found = BTreeSet::new();
        for (relation, forward) in [(Relation::After, false), (Relation::Before, true)] {
            for unit in self.units.related(job.unit, &[relation]) {
                let other = self.units[unit].job.and_then(|id| Some((id, self.jobs.get(&id)?)));
                found.extend(
                    other.filter(|(_, other)| job_order(job, other, forward) == order).map(|(id, _)| id),
                );
            }
        }
        found.into_iter().collect()
    }

    fn run_job(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id).cloned() else { return };
        if job.state != JobState::Waiting || !self.is_runnable(&job) {
            return;
        }
        self.set_job_running_deadline(id);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.state = JobState::Running;
        }
        let unit = self.units[job.unit].name().clone();
        self.actions.push(Action::JobRunning { job: id, unit });
        let outcome = match job.kind {
            JobKind::VerifyActive => match self.units[job.unit].active_state() {
                ActiveState::Active | ActiveState::Reloading => Err(Refusal::Already),
                ActiveState::Activating => Err(Refusal::Later),
                _ => Err(Refusal::Skipped),
            },
            // What cannot be started or stopped is waited for.
            JobKind::Start => self.start_unit(job.unit).or_else(ignore_unsupported_operation),
            JobKind::Stop | JobKind::Restart => {
                self.stop_unit(job.unit).or_else(ignore_unsupported_operation)
            }
            JobKind::Reload => self.reload_unit(job.unit),
            JobKind::Nop | JobKind::TryRestart | JobKind::TryReload | JobKind::ReloadOrStart => {
                Err(Refusal::Already)
            }
        };
        // The state change may have ended it, and even a new job with another number may be there.
        if !self.jobs.contains_key(&id) {
            return;
        }
        let Err(refusal) = outcome else { return };
        let result = match refusal {
            Refusal::Later => {
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.state = JobState::Waiting;
                }
                return;
            }
            Refusal::Already | Refusal::Condition => JobResult::Done,
            Refusal::Skipped => JobResult::Skipped,
            Refusal::NotActive => JobResult::Invalid,
            Refusal::Assert => JobResult::Assert,
            Refusal::Unsupported => JobResult::Unsupported,
            Refusal::Dependency => JobResult::Dependency,
            Refusal::Once => JobResult::Once,
            Refusal::Failed => JobResult::Failed,
        };
        self.finish_job(id, result, true);
    }

    /// Starts the clock of `JobTimeoutSec=` for a new job.
    pub(super) fn set_job_deadline(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        if self.deadlines.get(Owner::Job(id)).is_some() {
            return;
        }
        if let Some(timeout) = self.units[job.unit].spec.flags.job_timeout {
            self.deadlines.set(Owner::Job(id), Some(job.queued + timeout));
        }
    }

    fn set_job_running_deadline(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let Some(timeout) = self.units[job.unit].spec.flags.job_running_timeout else { return };
        let at = self.now + timeout;
        if self.deadlines.get(Owner::Job(id)).is_none_or(|old| at < old) {
            self.deadlines.set(Owner::Job(id), Some(at));
        }
    }

    pub(super) fn job_timed_out(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let unit = job.unit;
        self.finish_job(id, JobResult::Timeout, true);
        let action = self.units[unit].spec.flags.job_timeout_action;
        self.emergency(action, None, "job timed out".to_owned());
    }
}

fn ignore_unsupported_operation(refusal: Refusal) -> Result<(), Refusal> {
    if refusal == Refusal::Skipped { Ok(()) } else { Err(refusal) }
}

/// Which of two jobs runs first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    First,
    Second,
    Any,
}

/// The order of two jobs whose units are ordered: `forward` when the first one's unit is before the second one's.
///
/// A stop goes first in either case, and of two stops the one of the unit that started last.
pub(super) fn job_order(a: &Job, b: &Job, forward: bool) -> Order {
    if a.kind == JobKind::Nop || b.kind == JobKind::Nop || a.ignore_order || b.ignore_order {
        return Order::Any;
    }
    let later = if forward { b.kind } else { a.kind };
    let later_goes_first = matches!(later, JobKind::Stop | JobKind::Restart);
    if later_goes_first == forward { Order::Second } else { Order::First }
}
