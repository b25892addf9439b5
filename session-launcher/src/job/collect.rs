//! Forgetting units that are down and that nothing refers to (`CollectMode=`).

use std::collections::BTreeSet;

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Action, Host};
use super::relation::Relation;
use super::runtime::Runtime;
use super::state::ActiveState;
use super::units::UnitId;
use crate::unit::spec::CollectMode;

impl<H: Host> Engine<H> {
    /// Forgets what may be forgotten among the queued units; true when anything was.
    pub(super) fn collect_units(&mut self) -> bool {
        if self.collect_queue.is_empty() {
            return false;
        }
        let looked_at = std::mem::take(&mut self.collect_queue);
        if !looked_at.into_iter().any(|id| self.units.contains(id) && self.is_collectable(id)) {
            return false;
        }
        let kept = self.reachable_from_kept();
        let gone: Vec<_> = self.units.ids().filter(|id| !kept.contains(id)).collect();
        if gone.is_empty() {
            return false;
        }
        // They may refer to each other.
        for id in &gone {
            self.units.disconnect(*id);
        }
        for id in gone {
            self.forget(id);
        }
        true
    }

    fn forget(&mut self, id: UnitId) {
        self.deadlines.set(Owner::Unit(id), None);
        self.deadlines.set(Owner::Watchdog(id), None);
        self.upheld_queue.remove(&id);
        self.bound_queue.remove(&id);
        self.unneeded_queue.remove(&id);
        self.processes.retain(|_, unit| *unit != id);
        let nop = self.units[id].nop_job;
        if let Some(job) = nop {
            self.uninstall_job(job);
        }
        if let Some(unit) = self.units.remove(id) {
            self.actions.push(Action::UnitRemoved { unit });
        }
    }

    /// Every unit that has a reason of its own to stay, and all that these refer to.
    fn reachable_from_kept(&self) -> BTreeSet<UnitId> {
        let mut open: Vec<_> = self.units.ids().filter(|id| !self.is_collectable(*id)).collect();
        let mut kept = BTreeSet::new();
        while let Some(id) = open.pop() {
            if kept.insert(id) {
                open.extend(self.units.references(id));
            }
        }
        kept
    }

    fn is_collectable(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        if unit.job.is_some() || unit.nop_job.is_some() || unit.pinned || self.is_perpetual(id) {
            return false;
        }
        // A handler that is about to start is told how this unit ended.
        let handled = [Relation::OnFailure, Relation::OnSuccess];
        if self.units.related(id, &handled).iter().any(|other| self.units[*other].job.is_some()) {
            return false;
        }
        let down = match unit.active_state() {
            ActiveState::Inactive => true,
            ActiveState::Failed => unit.spec.flags.collect_mode == CollectMode::InactiveOrFailed,
            _ => false,
        };
        let has_processes = match &unit.runtime {
            Runtime::Service(service) => service.main.is_some() || service.control.is_some(),
            Runtime::Socket(socket) => socket.control.is_some(),
            _ => false,
        };
        down && !has_processes
    }
}
