//! Finds cycles in the order in which the jobs would run, and breaks them where a job can be spared.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanId, Transaction};
use crate::job::engine::Engine;
use crate::job::event::{Host, RequestError};
use crate::job::job::Job;
use crate::job::kind::{JobId, JobKind};
use crate::job::queue::{Order, job_order};
use crate::job::relation::Relation;
use crate::job::units::UnitId;

/// A job on the path: planned, or queued before this transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Planned(PlanId),
    Queued(JobId),
}

/// A step of the depth-first walk.
struct Visit {
    node: Node,
    next: Vec<Node>,
}

impl Transaction {
    /// True when the order has no cycle. False when a job was dropped to break one: look again.
    pub(super) fn verify_order<H: Host>(&mut self, engine: &mut Engine<H>) -> Result<bool, RequestError> {
        let mut clean = BTreeSet::new();
        let roots: Vec<_> = self.of_unit.values().filter_map(|list| list.first().copied()).collect();
        for root in roots {
            if let Some(cycle) = self.find_cycle(engine, Node::Planned(root), &mut clean) {
                self.break_cycle(engine, &cycle)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Walks from one job to those that run after it. Gives the path of a cycle, from its first job on.
    fn find_cycle<H: Host>(
        &self,
        engine: &Engine<H>,
        root: Node,
        clean: &mut BTreeSet<Node>,
    ) -> Option<Vec<Node>> {
        if clean.contains(&root) {
            return None;
        }
        let mut path = vec![Visit { node: root, next: self.successors(engine, root) }];
        let mut position = BTreeMap::from([(root, 0_usize)]);
        while let Some(visit) = path.last_mut() {
            let Some(node) = visit.next.pop() else {
                position.remove(&visit.node);
                clean.insert(visit.node);
                path.pop();
                continue;
            };
            if let Some(start) = position.get(&node) {
                return Some(path.iter().skip(*start).map(|visit| visit.node).collect());
            }
            if !clean.contains(&node) {
                position.insert(node, path.len());
                path.push(Visit { node, next: self.successors(engine, node) });
            }
        }
        None
    }

    /// The jobs that run only after this one, in reverse, as they are popped.
    fn successors<H: Host>(&self, engine: &Engine<H>, node: Node) -> Vec<Node> {
        let Some((unit, job)) = self.job(engine, node) else { return Vec::new() };
        let mut found = Vec::new();
        for (relation, forward) in [(Relation::Before, true), (Relation::After, false)] {
            for other in engine.units.related(unit, &[relation]) {
                let Some(next) = self.node_of(engine, other) else { continue };
                let Some((_, next_job)) = self.job(engine, next) else { continue };
                if job_order(&job, &next_job, forward) == Order::First {
                    found.push(next);
                }
            }
        }
        found.reverse();
        found
    }

    fn node_of<H: Host>(&self, engine: &Engine<H>, unit: UnitId) -> Option<Node> {
        let planned = self.of_unit.get(&unit).and_then(|list| list.first());
        planned.map(|plan| Node::Planned(*plan)).or_else(|| engine.units[unit].job.map(Node::Queued))
    }

    fn job<H: Host>(&self, engine: &Engine<H>, node: Node) -> Option<(UnitId, Job)> {
        match node {
            Node::Queued(id) => engine.jobs.get(&id).map(|job| (job.unit, job.clone())),
            Node::Planned(plan) => self.jobs.get(&plan).map(|planned| {
                let job = Job {
                    unit: planned.unit,
                    kind: planned.kind,
                    state: crate::job::kind::JobState::Waiting,
                    irreversible: planned.irreversible,
                    ignore_order: planned.ignore_order,
                    queued: engine.now,
                };
                (planned.unit, job)
            }),
        }
    }

    /// Drops the last job of the cycle whose unit does not matter to the request.
    fn break_cycle<H: Host>(&mut self, engine: &mut Engine<H>, cycle: &[Node]) -> Result<(), RequestError> {
        let describe = |engine: &Engine<H>, transaction: &Self, node: Node| {
            transaction
                .job(engine, node)
                .map(|(unit, job)| format!("{}/{}", engine.units[unit].name(), job.kind.as_str()))
                .unwrap_or_default()
        };
        let names: Vec<_> = cycle.iter().rev().map(|node| describe(engine, self, *node)).collect();
        let spare = cycle.iter().rev().find_map(|node| match node {
            Node::Planned(plan) => {
                let unit = self.jobs.get(plan)?.unit;
                (!self.jobs_of(unit).any(|(_, job)| job.matters)).then_some(unit)
            }
            Node::Queued(_) => None,
        });
        let Some(unit) = spare else { return Err(RequestError::OrderIsCyclic(names)) };
        let kind = self.jobs_of(unit).next().map_or(JobKind::Nop, |(_, job)| job.kind);
        let message = format!(
            "Found an ordering cycle: {}. Its {} job was left out to break it.",
            names.join(", "),
            kind.as_str()
        );
        engine.log(unit, message);
        let plans: Vec<_> = self.jobs_of(unit).map(|(plan, _)| plan).collect();
        for plan in plans {
            self.remove(plan, true);
        }
        Ok(())
    }
}
