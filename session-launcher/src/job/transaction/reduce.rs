//! Drops jobs that are pointless or that would do harm nobody asked for.

use super::Transaction;
use crate::job::engine::Engine;
use crate::job::event::{Host, RequestError};
use crate::job::kind::JobKind;
use crate::unit::spec::JobMode;

impl Transaction {
    /// Drops jobs that do not matter and would stop a running unit or replace a queued job.
    pub(super) fn minimise_impact<H: Host>(&mut self, engine: &Engine<H>) {
        loop {
            let harmful = self.jobs.iter().find(|(_, job)| !job.matters && does_harm(engine, job));
            let Some((plan, _)) = harmful else { return };
            let plan = *plan;
            self.remove(plan, true);
        }
    }

    /// Refuses to stop a running unit or to replace a queued job, even if that is what was asked for.
    pub(super) fn check_harmless<H: Host>(&self, engine: &Engine<H>) -> Result<(), RequestError> {
        match self.jobs.values().find(|job| does_harm(engine, job)) {
            Some(job) => Err(RequestError::NotLenient {
                unit: engine.units[job.unit].name().clone(),
                wanted: job.kind.as_str(),
            }),
            None => Ok(()),
        }
    }

    /// Drops the jobs of units for which every one would change nothing.
    pub(super) fn drop_redundant<H: Host>(&mut self, engine: &Engine<H>) {
        let units: Vec<_> = self.of_unit.keys().copied().collect();
        for unit in units {
            let state = engine.units[unit].active_state();
            let keep = self.jobs_of(unit).any(|(plan, job)| {
                plan == self.anchor || !job.kind.is_redundant(state) || conflicts_with_queued(engine, job)
            });
            if !keep {
                let plans: Vec<_> = self.jobs_of(unit).map(|(plan, _)| plan).collect();
                for plan in plans {
                    self.remove(plan, false);
                }
            }
        }
    }

    /// Drops jobs that nobody asks for any more.
    pub(super) fn collect_garbage(&mut self) {
        loop {
            let unwanted = self
                .jobs
                .keys()
                .copied()
                .find(|plan| *plan != self.anchor && !self.links.iter().any(|link| link.object == *plan));
            match unwanted {
                Some(plan) => self.remove(plan, true),
                None => return,
            }
        }
    }

    /// Refuses to replace queued jobs where the mode, or the queued job, forbids it.
    pub(super) fn check_destructive<H: Host>(
        &self,
        engine: &Engine<H>,
        mode: JobMode,
    ) -> Result<(), RequestError> {
        for job in self.jobs.values() {
            let unit = &engine.units[job.unit];
            let Some(queued) = unit.job.and_then(|id| engine.jobs.get(&id)) else { continue };
            let protected = matches!(mode, JobMode::Fail | JobMode::Lenient) || queued.irreversible;
            if protected && queued.kind.conflicts_with(job.kind) {
                let (anchor, anchor_kind) = self.anchor_name(engine);
                return Err(RequestError::Destructive {
                    anchor,
                    anchor_kind,
                    unit: unit.name().clone(),
                    queued: queued.kind.as_str(),
                    wanted: job.kind.as_str(),
                });
            }
        }
        Ok(())
    }
}

fn does_harm<H: Host>(engine: &Engine<H>, job: &super::Planned) -> bool {
    let running = engine.units[job.unit].active_state().is_active_or_activating();
    (job.kind == JobKind::Stop && running) || conflicts_with_queued(engine, job)
}

fn conflicts_with_queued<H: Host>(engine: &Engine<H>, job: &super::Planned) -> bool {
    engine.units[job.unit]
        .job
        .and_then(|id| engine.jobs.get(&id))
        .is_some_and(|queued| queued.kind.conflicts_with(job.kind))
}
