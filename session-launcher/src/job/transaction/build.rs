//! Collects the jobs of a transaction along the dependencies.

use super::{Link, PlanId, Planned, Transaction};
use crate::job::engine::Engine;
use crate::job::event::{Host, RequestError};
use crate::job::kind::JobKind;
use crate::job::relation::{self, Facet, Relation};
use crate::job::units::UnitId;
use crate::unit::spec::JobMode;

/// How a request is to be followed.
#[derive(Debug, Clone, Copy, Default)]
struct Rules {
    ignore_requirements: bool,
    ignore_order: bool,
    /// Units that a restart would restart are restarted, though the anchor only starts.
    restart_dependents: bool,
    /// `PropagatesStopTo=` counts: only for the anchor, and for what was reached from it over nothing else.
    propagate_stop_to: bool,
}

/// What a link means to the one that asks.
#[derive(Debug, Clone, Copy)]
struct Weight {
    matters: bool,
    conflicts: bool,
}

const NEEDED: Weight = Weight { matters: true, conflicts: false };
const WANTED: Weight = Weight { matters: false, conflicts: false };
const CONFLICTING: Weight = Weight { matters: true, conflicts: true };

impl Transaction {
    /// All jobs that follow from one, unordered and with contradictions.
    pub(crate) fn build<H: Host>(
        engine: &mut Engine<H>,
        unit: UnitId,
        kind: JobKind,
        mode: JobMode,
    ) -> Result<Self, RequestError> {
        let mut transaction = Self::new(mode == JobMode::ReplaceIrreversibly);
        let rules = Rules {
            ignore_requirements: matches!(mode, JobMode::IgnoreDependencies | JobMode::IgnoreRequirements),
            ignore_order: mode == JobMode::IgnoreDependencies,
            restart_dependents: mode == JobMode::RestartDependencies,
            propagate_stop_to: true,
        };
        transaction.add(engine, unit, kind, None, rules)?;
        match mode {
            JobMode::Isolate => transaction.add_isolated(engine),
            JobMode::Triggering => transaction.add_triggering(engine, unit),
            _ => {}
        }
        Ok(transaction)
    }

    /// The reloads that follow from a unit's own reload, which it does by itself: a no-op stands for that.
    pub(crate) fn build_reload<H: Host>(engine: &mut Engine<H>, unit: UnitId) -> Result<Self, RequestError> {
        let mut transaction = Self::new(false);
        let rules = Rules::default();
        transaction.add(engine, unit, JobKind::Nop, None, rules)?;
        let anchor = transaction.anchor;
        transaction.propagate_reload(engine, unit, anchor, rules);
        Ok(transaction)
    }

    /// Adds a job and all that follows from it.
    fn add<H: Host>(
        &mut self,
        engine: &mut Engine<H>,
        unit: UnitId,
        kind: JobKind,
        by: Option<(PlanId, Weight)>,
        rules: Rules,
    ) -> Result<(), RequestError> {
        if kind != JobKind::Stop {
            engine.known(unit)?;
        }
        if !engine.is_applicable(unit, kind) {
            return Err(RequestError::NotApplicable {
                kind: kind.as_str(),
                unit: engine.units[unit].name().clone(),
            });
        }
        let (plan, is_new) = self.add_one(unit, kind, rules.ignore_order);
        match by {
            Some((subject, weight)) => {
                let link =
                    Link { subject, object: plan, matters: weight.matters, conflicts: weight.conflicts };
                if !self.links.contains(&link) {
                    self.links.push(link);
                }
            }
            None => self.anchor = plan,
        }
        if !is_new || rules.ignore_requirements || kind == JobKind::Nop {
            return Ok(());
        }
        // Only the anchor itself restarts its dependents though it is a start.
        let below = Rules { restart_dependents: false, propagate_stop_to: false, ..rules };
        if matches!(kind, JobKind::Start | JobKind::Restart)
            && let Err(error) = self.add_start_dependencies(engine, unit, plan, below)
        {
            // What cannot be started is not started in part either.
            self.remove(plan, false);
            return Err(error);
        }
        let restarts = kind == JobKind::Restart || (kind == JobKind::Start && rules.restart_dependents);
        if restarts {
            self.propagate(engine, unit, plan, JobKind::TryRestart, relation::PROPAGATES_RESTART, below)?;
        }
        if kind == JobKind::Stop {
            self.propagate(engine, unit, plan, JobKind::Stop, relation::PROPAGATES_STOP, below)?;
        }
        if (restarts || kind == JobKind::Stop) && rules.propagate_stop_to {
            self.propagate_stop_to(engine, unit, plan, Rules { propagate_stop_to: true, ..below })?;
        }
        if kind == JobKind::Reload {
            self.propagate_reload(engine, unit, plan, below);
        }
        Ok(())
    }

    fn add_one(&mut self, unit: UnitId, kind: JobKind, ignore_order: bool) -> (PlanId, bool) {
        let known = self.jobs_of(unit).find(|(_, job)| job.kind == kind).map(|(plan, _)| plan);
        if let Some(plan) = known {
            if let Some(job) = self.jobs.get_mut(&plan) {
                job.ignore_order |= ignore_order;
            }
            return (plan, false);
        }
        let plan = self.next;
        self.next += 1;
        let irreversible = self.irreversible;
        self.jobs.insert(plan, Planned { unit, kind, matters: false, irreversible, ignore_order });
        self.of_unit.entry(unit).or_default().insert(0, plan);
        (plan, true)
    }

    fn add_start_dependencies<H: Host>(
        &mut self,
        engine: &mut Engine<H>,
        unit: UnitId,
        plan: PlanId,
        rules: Rules,
    ) -> Result<(), RequestError> {
        for other in engine.units.related(unit, relation::PULLS_IN) {
            unless_inapplicable(self.add(engine, other, JobKind::Start, Some((plan, NEEDED)), rules))?;
        }
        for other in engine.units.related(unit, relation::PULLS_IN_WEAKLY) {
            self.add_weakly(engine, other, JobKind::Start, plan, rules);
        }
        for other in engine.units.related(unit, relation::VERIFIES) {
            unless_inapplicable(self.add(engine, other, JobKind::VerifyActive, Some((plan, NEEDED)), rules))?;
        }
        for other in engine.units.related(unit, relation::STOPS) {
            unless_inapplicable(self.add(engine, other, JobKind::Stop, Some((plan, CONFLICTING)), rules))?;
        }
        for other in engine.units.related(unit, relation::STOPS_WEAKLY) {
            self.add_weakly(engine, other, JobKind::Stop, plan, rules);
        }
        Ok(())
    }

    /// Adds a job whose failure to be added is nobody's failure.
    fn add_weakly<H: Host>(
        &mut self,
        engine: &mut Engine<H>,
        other: UnitId,
        kind: JobKind,
        plan: PlanId,
        rules: Rules,
    ) {
        if let Err(error) = self.add(engine, other, kind, Some((plan, WANTED)), rules)
            && !matches!(
                error,
                RequestError::NoSuchUnit(_)
                    | RequestError::UnitMasked(_)
                    | RequestError::NotApplicable { .. }
            )
        {
            engine.log(other, format!("left out of a transaction: {error}"));
        }
    }

    fn propagate<H: Host>(
        &mut self,
        engine: &mut Engine<H>,
        unit: UnitId,
        plan: PlanId,
        kind: JobKind,
        facet: Facet,
        rules: Rules,
    ) -> Result<(), RequestError> {
        for other in engine.units.related(unit, facet) {
            // A restart restarts only what is up.
            let kind = kind.collapsed(engine.units[other].active_state());
            if kind != JobKind::Nop {
                unless_inapplicable(self.add(engine, other, kind, Some((plan, NEEDED)), rules))?;
            }
        }
        Ok(())
    }

    /// Follows `PropagatesStopTo=`, after everything else: a unit that starts in this transaction restarts instead, and
    /// one that goes down anyway needs no further job.
    fn propagate_stop_to<H: Host>(
        &mut self,
        engine: &mut Engine<H>,
        unit: UnitId,
        plan: PlanId,
        rules: Rules,
    ) -> Result<(), RequestError> {
        for other in engine.units.related(unit, &[Relation::PropagatesStopTo]) {
            let has = |wanted| self.jobs_of(other).any(|(_, job)| job.kind == wanted);
            if has(JobKind::Stop) || has(JobKind::Restart) {
                continue;
            }
            let kind = if has(JobKind::Start) { JobKind::Restart } else { JobKind::Stop };
            unless_inapplicable(self.add(engine, other, kind, Some((plan, NEEDED)), rules))?;
        }
        Ok(())
    }

    fn propagate_reload<H: Host>(
        &mut self,
        engine: &mut Engine<H>,
        unit: UnitId,
        plan: PlanId,
        rules: Rules,
    ) {
        for other in engine.units.related(unit, relation::PROPAGATES_RELOAD) {
            let kind = JobKind::TryReload.collapsed(engine.units[other].active_state());
            if kind != JobKind::Nop {
                self.add_weakly(engine, other, kind, plan, rules);
            }
        }
    }

    /// Stops everything that the transaction does not mention.
    fn add_isolated<H: Host>(&mut self, engine: &mut Engine<H>) {
        let ids: Vec<_> = engine.units.ids().collect();
        for id in ids {
            if engine.units[id].spec.flags.ignore_on_isolate {
                continue;
            }
            self.add_stop_unless_down(engine, id);
        }
    }

    /// Stops the units that trigger this one.
    fn add_triggering<H: Host>(&mut self, engine: &mut Engine<H>, unit: UnitId) {
        for trigger in engine.units.related(unit, &[Relation::TriggeredBy]) {
            self.add_stop_unless_down(engine, trigger);
        }
    }

    fn add_stop_unless_down<H: Host>(&mut self, engine: &mut Engine<H>, id: UnitId) {
        let unit = &engine.units[id];
        if unit.active_state().is_inactive_or_failed() && unit.job.is_none() || self.of_unit.contains_key(&id)
        {
            return;
        }
        let anchor = self.anchor;
        // A unit that cannot be stopped stays.
        let _ = self.add(engine, id, JobKind::Stop, Some((anchor, NEEDED)), Rules::default());
    }
}

/// A job that means nothing to its unit is left out of what others need.
fn unless_inapplicable(outcome: Result<(), RequestError>) -> Result<(), RequestError> {
    match outcome {
        Err(RequestError::NotApplicable { .. }) => Ok(()),
        other => other,
    }
}
