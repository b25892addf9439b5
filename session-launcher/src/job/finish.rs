//! The end of a job, and what it means to the jobs of other units.

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Action, Host};
use super::kind::{JobId, JobKind, JobResult, JobState};
use super::relation::{self, Facet, Relation};
use super::units::UnitId;

impl<H: Host> Engine<H> {
    /// Ends a job. `recursive`: the jobs that depend on it fail with it.
    pub(super) fn finish_job(&mut self, id: JobId, result: JobResult, recursive: bool) {
        let Some(job) = self.jobs.get(&id).cloned() else { return };
        let unit = job.unit;
        let continues = result == JobResult::Done && job.kind == JobKind::Restart;
        let name = self.units[unit].name().clone();
        self.actions.push(Action::JobRemoved { job: id, unit: name, kind: job.kind, result, continues });
        if continues {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.kind = JobKind::Start;
                job.state = JobState::Waiting;
            }
            self.enqueue_to_run(id);
        } else {
            self.uninstall_job(id);
            if recursive {
                self.fail_dependents(unit, job.kind, result);
            }
            if matches!(result, JobResult::Timeout | JobResult::Dependency) {
                self.start_termination_units(unit, Relation::OnFailure);
            }
            self.tell_triggers(unit);
        }
        self.run_neighbours(unit);
        self.unneeded_queue.insert(unit);
        self.upheld_queue.insert(unit);
        self.bound_queue.insert(unit);
        self.collect_queue.insert(unit);
    }

    pub(super) fn uninstall_job(&mut self, id: JobId) {
        self.dequeue_from_run(id);
        self.deadlines.set(Owner::Job(id), None);
        if let Some(job) = self.jobs.remove(&id) {
            let unit = &mut self.units[job.unit];
            if unit.job == Some(id) {
                unit.job = None;
            }
            if unit.nop_job == Some(id) {
                unit.nop_job = None;
            }
        }
    }

    fn fail_dependents(&mut self, unit: UnitId, kind: JobKind, result: JobResult) {
        if result != JobResult::Done {
            match kind {
                JobKind::Start | JobKind::VerifyActive => self.fail_starts(unit, relation::FAILS_WITH),
                JobKind::Stop => self.fail_starts(unit, relation::FAILS_WHEN_STAYING),
                _ => {}
            }
        } else if matches!(kind, JobKind::Start | JobKind::Reload)
            && !self.units[unit].active_state().is_active_or_reloading()
        {
            // A skipped start, or a oneshot that went straight to inactive: whoever asked that it be active is let down.
            self.fail_starts(unit, relation::FAILS_WHEN_INACTIVE);
        }
    }

    fn fail_starts(&mut self, unit: UnitId, facet: Facet) {
        for other in self.units.related(unit, facet) {
            let Some(id) = self.units[other].job else { continue };
            let Some(job) = self.jobs.get(&id) else { continue };
            if matches!(job.kind, JobKind::Start | JobKind::VerifyActive) {
                self.finish_job(id, JobResult::Dependency, true);
            }
        }
    }

    /// Looks again at the jobs that may have waited for one of this unit.
    pub(super) fn run_neighbours(&mut self, unit: UnitId) {
        for other in self.units.related(unit, &[Relation::After, Relation::Before]) {
            if let Some(job) = self.units[other].job {
                self.enqueue_to_run(job);
            }
        }
    }
}
