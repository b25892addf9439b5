//! Turns the planned jobs into queued ones.

use super::{Planned, Transaction};
use crate::job::engine::Engine;
use crate::job::event::{Action, Host};
use crate::job::job::Job;
use crate::job::kind::{JobId, JobKind, JobResult, JobState};
use crate::unit::spec::JobMode;

impl Transaction {
    pub(super) fn apply<H: Host>(&self, engine: &mut Engine<H>, mode: JobMode, reenqueue: bool) -> JobId {
        if matches!(mode, JobMode::Isolate | JobMode::Flush) {
            let old: Vec<_> = engine
                .jobs
                .iter()
                .filter(|(_, job)| {
                    !engine.units[job.unit].spec.flags.ignore_on_isolate
                        && !self.of_unit.contains_key(&job.unit)
                })
                .map(|(id, _)| *id)
                .collect();
            for id in old {
                engine.finish_job(id, JobResult::Canceled, false);
            }
        }
        let mut anchor = JobId(0);
        for (plan, job) in &self.jobs {
            let again = reenqueue && *plan == self.anchor;
            let id = engine.install(job, again);
            if *plan == self.anchor {
                anchor = id;
            }
            engine.enqueue_to_run(id);
            engine.set_job_deadline(id);
        }
        anchor
    }
}

impl<H: Host> Engine<H> {
    /// Queues a job, or lets a queued one of the unit take it in. `again`: one that runs starts over.
    fn install(&mut self, planned: &Planned, again: bool) -> JobId {
        let unit = planned.unit;
        let place =
            if planned.kind == JobKind::Nop { self.units[unit].nop_job } else { self.units[unit].job };
        if let Some(id) = place
            && let Some(old) = self.jobs.get(&id).cloned()
        {
            if old.kind.conflicts_with(planned.kind) {
                self.finish_job(id, JobResult::Canceled, false);
            } else {
                self.merge_into(id, &old, planned, again);
                return id;
            }
        }
        self.last_job = self.last_job.wrapping_add(1);
        let id = JobId(self.last_job);
        self.jobs.insert(
            id,
            Job {
                unit,
                kind: planned.kind,
                state: JobState::Waiting,
                irreversible: planned.irreversible,
                ignore_order: planned.ignore_order,
                queued: self.now,
            },
        );
        if planned.kind == JobKind::Nop {
            self.units[unit].nop_job = Some(id);
        } else {
            self.units[unit].job = Some(id);
        }
        let name = self.units[unit].name().clone();
        self.actions.push(Action::JobNew { job: id, unit: name, kind: planned.kind });
        id
    }

    fn merge_into(&mut self, id: JobId, old: &Job, planned: &Planned, again: bool) {
        let state = self.units[planned.unit].active_state();
        let kind = if planned.kind == JobKind::Nop {
            JobKind::Nop
        } else {
            old.kind.merged_collapsed(planned.kind, state).unwrap_or(old.kind)
        };
        // A reload that runs may have read the old configuration already, so another one is due after it.
        let joins = old.state == JobState::Waiting
            || (!again && planned.kind != JobKind::Reload && old.kind.covers(planned.kind));
        if let Some(job) = self.jobs.get_mut(&id) {
            job.kind = kind;
            job.irreversible |= planned.irreversible;
            job.ignore_order |= planned.ignore_order;
            if !joins {
                job.state = JobState::Waiting;
            }
        }
        let unit = self.units[planned.unit].name().clone();
        self.actions.push(Action::JobMerged { job: id, unit, kind });
    }
}
