//! Forgetting units that are down and that nothing refers to (`CollectMode=`).

use std::collections::BTreeSet;

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Action, Host};
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
        let candidates: Vec<_> = std::mem::take(&mut self.collect_queue)
            .into_iter()
            .filter(|id| self.units.contains(*id) && self.is_collectable(*id))
            .collect();
        if candidates.is_empty() {
            return false;
        }
        let kept = self.reachable_from_kept();
        let mut doomed: Vec<_> = candidates.into_iter().filter(|id| !kept.contains(id)).collect();
        if doomed.is_empty() {
            return false;
        }
        // Whatever only they referred to goes too.
        let mut gone = BTreeSet::new();
        while let Some(id) = doomed.pop() {
            if gone.insert(id) {
                doomed.extend(self.units.references(id).filter(|other| !kept.contains(other)));
            }
        }
        // Those of the gone that others of them refer to need all their edges dropped first.
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
