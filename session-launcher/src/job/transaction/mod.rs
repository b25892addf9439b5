//! A transaction: the jobs that one request comes to, made consistent before any of them is queued.
//!
//! [`build`](Transaction::build) collects the jobs along the dependencies; [`activate`](Transaction::activate) drops what
//! is pointless, breaks ordering cycles ([`cycle`]), merges the jobs of each unit ([`merge`]), and queues the rest
//! ([`apply`]).

mod apply;
mod build;
mod cycle;
mod merge;
mod reduce;

use std::collections::BTreeMap;

use super::engine::Engine;
use super::event::{Host, RequestError};
use super::kind::{JobId, JobKind};
use super::units::UnitId;
use crate::unit::spec::{JobMode, UnitName};

/// The number of a planned job within its transaction.
pub(super) type PlanId = u32;

/// A job that may become real.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub unit: UnitId,
    pub kind: JobKind,
    /// The request fails if this job has to go.
    pub matters: bool,
    pub irreversible: bool,
    pub ignore_order: bool,
}

/// Why a job is in the transaction: another one asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    subject: PlanId,
    object: PlanId,
    /// The subject cannot do without it.
    matters: bool,
    /// It is there because the subject conflicts with its unit.
    conflicts: bool,
}

/// The planned jobs and why each is there.
#[derive(Debug)]
pub(super) struct Transaction {
    jobs: BTreeMap<PlanId, Planned>,
    /// Those of each unit, the newest first.
    of_unit: BTreeMap<UnitId, Vec<PlanId>>,
    links: Vec<Link>,
    anchor: PlanId,
    next: PlanId,
    irreversible: bool,
}

impl Transaction {
    fn new(irreversible: bool) -> Self {
        Self {
            jobs: BTreeMap::new(),
            of_unit: BTreeMap::new(),
            links: Vec::new(),
            anchor: 0,
            next: 0,
            irreversible,
        }
    }

    /// Makes the transaction consistent and queues its jobs. Gives the number of the job that was asked for.
    pub(super) fn activate<H: Host>(
        mut self,
        engine: &mut Engine<H>,
        mode: JobMode,
        reenqueue: bool,
    ) -> Result<JobId, RequestError> {
        self.mark_what_matters();
        match mode {
            JobMode::Fail => self.minimise_impact(engine),
            JobMode::Lenient => self.check_harmless(engine)?,
            _ => {}
        }
        self.drop_redundant(engine);
        loop {
            if mode != JobMode::Isolate {
                self.collect_garbage();
            }
            if self.verify_order(engine)? {
                break;
            }
        }
        while !self.merge_jobs(engine)? {
            if mode != JobMode::Isolate {
                self.collect_garbage();
            }
        }
        self.drop_redundant(engine);
        self.check_destructive(engine, mode)?;
        Ok(self.apply(engine, mode, reenqueue))
    }

    /// The jobs of a unit, the newest first.
    fn jobs_of(&self, unit: UnitId) -> impl Iterator<Item = (PlanId, &Planned)> {
        self.of_unit
            .get(&unit)
            .into_iter()
            .flatten()
            .filter_map(|plan| self.jobs.get(plan).map(|job| (*plan, job)))
    }

    /// Takes a job out. With `dependents`, those that cannot do without it go too.
    fn remove(&mut self, plan: PlanId, dependents: bool) {
        let mut doomed = vec![plan];
        while let Some(plan) = doomed.pop() {
            let Some(job) = self.jobs.remove(&plan) else { continue };
            if let Some(list) = self.of_unit.get_mut(&job.unit) {
                list.retain(|other| *other != plan);
                if list.is_empty() {
                    self.of_unit.remove(&job.unit);
                }
            }
            if dependents {
                doomed.extend(self.links.iter().filter(|l| l.object == plan && l.matters).map(|l| l.subject));
            }
            self.links.retain(|link| link.subject != plan && link.object != plan);
        }
    }

    /// Marks the jobs that lead from the anchor only over links that matter.
    fn mark_what_matters(&mut self) {
        let mut open = vec![self.anchor];
        while let Some(plan) = open.pop() {
            let Some(job) = self.jobs.get_mut(&plan) else { continue };
            if std::mem::replace(&mut job.matters, true) {
                continue;
            }
            open.extend(self.links.iter().filter(|l| l.subject == plan && l.matters).map(|l| l.object));
        }
    }

    fn anchor_name<H: Host>(&self, engine: &Engine<H>) -> (UnitName, &'static str) {
        match self.jobs.get(&self.anchor) {
            Some(job) => (engine.units[job.unit].name().clone(), job.kind.as_str()),
            None => unreachable!("the anchor is never removed"),
        }
    }
}
