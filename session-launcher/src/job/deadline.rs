//! The moments at which something happens by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Moment;
use super::kind::JobId;
use super::units::UnitId;

/// What has a deadline. Each owner has one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A job's time-out.
    Job(JobId),
    /// The time-out of a unit's state, a restart's delay, or when a timer elapses.
    Unit(UnitId),
    /// A service's watchdog.
    Watchdog(UnitId),
}

/// All deadlines, soonest first; of equal ones the one that was set first.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    queue: BTreeSet<(Moment, u64, Owner)>,
    of: BTreeMap<Owner, (Moment, u64)>,
    sequence: u64,
}

impl Deadlines {
    /// Sets, moves or (`None`) drops one.
    pub(super) fn set(&mut self, owner: Owner, at: Option<Moment>) {
        if let Some((moment, sequence)) = self.of.remove(&owner) {
            self.queue.remove(&(moment, sequence, owner));
        }
        if let Some(moment) = at {
            self.sequence += 1;
            self.of.insert(owner, (moment, self.sequence));
            self.queue.insert((moment, self.sequence, owner));
        }
    }

    /// When that one is due.
    pub(super) fn get(&self, owner: Owner) -> Option<Moment> {
        self.of.get(&owner).map(|(moment, _)| *moment)
    }

    /// The soonest.
    pub(super) fn next(&self) -> Option<Moment> {
        self.queue.first().map(|(moment, ..)| *moment)
    }

    /// Takes one that is due.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<Owner> {
        let (moment, _, owner) = *self.queue.first()?;
        if moment > now {
            return None;
        }
        self.set(owner, None);
        Some(owner)
    }
}
