//! Leaves each unit with one job.

use super::{PlanId, Transaction};
use crate::job::engine::Engine;
use crate::job::event::{Host, RequestError};
use crate::job::kind::JobKind;
use crate::job::units::UnitId;

impl Transaction {
    /// True when every unit has one job now. False when one was dropped to settle a contradiction: look again.
    pub(super) fn merge_jobs<H: Host>(&mut self, engine: &Engine<H>) -> Result<bool, RequestError> {
        let units: Vec<_> = self.of_unit.keys().copied().collect();
        for unit in &units {
            if self.merged_kind(engine, *unit).is_none() {
                self.settle_contradiction(engine, *unit)?;
                return Ok(false);
            }
        }
        for unit in units {
            if let Some(kind) = self.merged_kind(engine, unit) {
                self.merge_unit(unit, kind);
            }
        }
        Ok(true)
    }

    fn merged_kind<H: Host>(&self, engine: &Engine<H>, unit: UnitId) -> Option<JobKind> {
        let state = engine.units[unit].active_state();
        let mut jobs = self.jobs_of(unit);
        let first = jobs.next().map(|(_, job)| job.kind)?;
        jobs.try_fold(first, |kind, (_, job)| kind.merged_collapsed(job.kind, state))
    }

    /// Drops one of two jobs that contradict each other, if one of them does not matter.
    fn settle_contradiction<H: Host>(
        &mut self,
        engine: &Engine<H>,
        unit: UnitId,
    ) -> Result<(), RequestError> {
        let plans: Vec<PlanId> = self.jobs_of(unit).map(|(plan, _)| plan).collect();
        for (place, a) in plans.iter().enumerate() {
            for b in plans.iter().skip(place + 1) {
                let (Some(job_a), Some(job_b)) = (self.jobs.get(a), self.jobs.get(b)) else { continue };
                if job_a.kind.merged(job_b.kind).is_some() {
                    continue;
                }
                let victim = match (job_a.matters, job_b.matters) {
                    (true, true) => {
                        return Err(RequestError::JobsConflicting {
                            unit: engine.units[unit].name().clone(),
                            first: job_a.kind.as_str(),
                            second: job_b.kind.as_str(),
                        });
                    }
                    (false, true) => *a,
                    (true, false) => *b,
                    // Rather a start than a stop stays, unless the stop makes room for a unit that conflicts.
                    (false, false) if job_a.kind == JobKind::Stop => {
                        if self.makes_room(*a) {
                            *b
                        } else {
                            *a
                        }
                    }
                    (false, false) if job_b.kind == JobKind::Stop => {
                        if self.makes_room(*b) {
                            *a
                        } else {
                            *b
                        }
                    }
                    (false, false) => *a,
                };
                self.remove(victim, true);
                return Ok(());
            }
        }
        Ok(())
    }

    fn makes_room(&self, plan: PlanId) -> bool {
        self.links.iter().any(|link| link.object == plan && link.conflicts)
    }

    fn merge_unit(&mut self, unit: UnitId, kind: JobKind) {
        let plans: Vec<PlanId> = self.jobs_of(unit).map(|(plan, _)| plan).collect();
        let Some(first) = plans.first().copied() else { return };
        let keep = if plans.contains(&self.anchor) { self.anchor } else { first };
        for plan in plans.into_iter().filter(|plan| *plan != keep) {
            for link in &mut self.links {
                if link.subject == plan {
                    link.subject = keep;
                }
                if link.object == plan {
                    link.object = keep;
                }
            }
            if let (Some(other), Some(job)) = (self.jobs.remove(&plan), self.jobs.get_mut(&keep)) {
                job.matters |= other.matters;
                job.irreversible |= other.irreversible;
                job.ignore_order |= other.ignore_order;
            }
        }
        if let Some(job) = self.jobs.get_mut(&keep) {
            job.kind = kind;
        }
        self.of_unit.insert(unit, vec![keep]);
    }
}
