//! The loaded units and the graph of their dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

use super::event::Moment;
use super::kind::JobId;
use super::rate_limit::RateLimit;
use super::relation::Relation;
use super::runtime::Runtime;
use super::state::{ActiveState, UnitResult};
use crate::unit::spec::{LoadState, Unit as Spec, UnitName};

/// The place of a unit in [`Units`]. Reused after the unit is forgotten; nothing keeps one beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct UnitId(usize);

/// When a unit's coarse state last changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateTimes {
    /// Last change of any kind.
    pub state_change: Option<Moment>,
    /// It left inactive.
    pub inactive_exit: Option<Moment>,
    /// It became active.
    pub active_enter: Option<Moment>,
    /// It ceased to be active.
    pub active_exit: Option<Moment>,
    /// It became inactive.
    pub inactive_enter: Option<Moment>,
    /// Its conditions were tested.
    #[serde(default)]
    pub condition: Option<Moment>,
    /// Its asserts were tested.
    #[serde(default)]
    pub assertion: Option<Moment>,
}

/// One loaded unit.
#[derive(Debug)]
pub(super) struct Unit {
    pub spec: Spec,
    pub runtime: Runtime,
    pub job: Option<JobId>,
    pub nop_job: Option<JobId>,
    pub start_limit: RateLimit,
    /// The last start was one too many.
    pub start_limit_hit: bool,
    /// Guards against endless starts and stops by the queues in need.rs.
    pub auto_limit: RateLimit,
    pub times: StateTimes,
    pub condition_result: bool,
    pub assert_result: bool,
    /// What each condition came to when they were last tested.
    pub condition_results: Vec<bool>,
    pub assert_results: Vec<bool>,
    /// Which unit triggered the present run, for $TRIGGER_UNIT.
    pub triggered_by: Option<UnitName>,
    /// Somebody outside holds on to it (a D-Bus client, a watch).
    pub pinned: bool,
    /// The dependencies that this unit itself states, as they were entered into the graph.
    stated: Vec<(Relation, UnitId)>,
    /// Both directions, with the number of statements behind each.
    related: BTreeMap<Relation, BTreeMap<UnitId, u32>>,
}

impl Unit {
    fn new(spec: Spec) -> Self {
        let limit = spec.flags.start_limit;
        Self {
            runtime: Runtime::new(&spec),
            job: None,
            nop_job: None,
            start_limit: RateLimit::new(limit.interval, limit.burst),
            start_limit_hit: false,
            auto_limit: RateLimit::new(Some(std::time::Duration::from_secs(10)), 16),
            times: StateTimes::default(),
            condition_result: false,
            assert_result: false,
            condition_results: Vec::new(),
            assert_results: Vec::new(),
            triggered_by: None,
            pinned: false,
            stated: Vec::new(),
            related: BTreeMap::new(),
            spec,
        }
    }

    pub(super) fn name(&self) -> &UnitName {
        &self.spec.name
    }

    pub(super) fn active_state(&self) -> ActiveState {
        self.runtime.active(&self.spec)
    }

    pub(super) fn result(&self) -> UnitResult {
        self.runtime.result()
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.spec.load_state == LoadState::Loaded
    }

    pub(super) fn has_any(&self, facet: &[Relation]) -> bool {
        facet.iter().any(|relation| self.related.get(relation).is_some_and(|set| !set.is_empty()))
    }
}

/// All loaded units.
#[derive(Debug, Default)]
pub(super) struct Units {
    slots: Vec<Option<Unit>>,
    free: BTreeSet<usize>,
    names: BTreeMap<UnitName, UnitId>,
}

// A UnitId is only made by `insert`, and `remove` drops every edge and queue entry that holds one, so that a miss is a
// mistake in this module and not something that input can bring about.
impl Index<UnitId> for Units {
    type Output = Unit;
    fn index(&self, id: UnitId) -> &Unit {
        match self.slots.get(id.0) {
            Some(Some(unit)) => unit,
            _ => unreachable!("a unit is used after it was forgotten"),
        }
    }
}

impl IndexMut<UnitId> for Units {
    fn index_mut(&mut self, id: UnitId) -> &mut Unit {
        match self.slots.get_mut(id.0) {
            Some(Some(unit)) => unit,
            _ => unreachable!("a unit is used after it was forgotten"),
        }
    }
}

impl Units {
    pub(super) fn find(&self, name: &UnitName) -> Option<UnitId> {
        self.names.get(name).copied()
    }

    /// All of them, by place.
    pub(super) fn ids(&self) -> impl Iterator<Item = UnitId> + '_ {
        self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some()).map(|(place, _)| UnitId(place))
    }

    /// Whether that place is still taken.
    pub(super) fn contains(&self, id: UnitId) -> bool {
        self.slots.get(id.0).is_some_and(Option::is_some)
    }

    /// Takes in a unit that is not there yet, without its edges.
    pub(super) fn insert(&mut self, spec: Spec) -> UnitId {
        let id = match self.free.pop_first() {
            Some(place) => UnitId(place),
            None => {
                self.slots.push(None);
                UnitId(self.slots.len().saturating_sub(1))
            }
        };
        self.name(id, &spec);
        if let Some(slot) = self.slots.get_mut(id.0) {
            *slot = Some(Unit::new(spec));
        }
        id
    }

    /// Makes a unit reachable by all its names.
    fn name(&mut self, id: UnitId, spec: &Spec) {
        self.names.insert(spec.name.clone(), id);
        for alias in &spec.aliases {
            self.names.entry(alias.clone()).or_insert(id);
        }
    }

    /// Makes a unit reachable by one more name.
    pub(super) fn alias(&mut self, id: UnitId, name: &UnitName) {
        self.names.entry(name.clone()).or_insert(id);
    }

    /// Gives a unit new settings after a reload; its runtime stays.
    pub(super) fn replace_spec(&mut self, id: UnitId, spec: Spec) {
        self.names.retain(|_, other| *other != id);
        self.name(id, &spec);
        let unit = &mut self[id];
        unit.start_limit.adjust(spec.flags.start_limit.interval, spec.flags.start_limit.burst);
        unit.spec = spec;
    }

    /// Enters a dependency that `from` states.
    pub(super) fn connect(&mut self, from: UnitId, relation: Relation, to: UnitId) {
        if from == to {
            return;
        }
        self[from].stated.push((relation, to));
        *self[from].related.entry(relation).or_default().entry(to).or_insert(0) += 1;
        *self[to].related.entry(relation.inverse()).or_default().entry(from).or_insert(0) += 1;
    }

    /// Drops all dependencies that a unit states.
    pub(super) fn disconnect(&mut self, from: UnitId) {
        for (relation, to) in std::mem::take(&mut self[from].stated) {
            self.release(from, relation, to);
            self.release(to, relation.inverse(), from);
        }
    }

    fn release(&mut self, at: UnitId, relation: Relation, other: UnitId) {
        let Some(set) = self[at].related.get_mut(&relation) else { return };
        if let Some(count) = set.get_mut(&other) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                set.remove(&other);
            }
        }
    }

    /// Forgets a unit that no other states a dependency on.
    pub(super) fn remove(&mut self, id: UnitId) -> Option<UnitName> {
        self.disconnect(id);
        let unit = self.slots.get_mut(id.0).and_then(Option::take)?;
        self.names.retain(|_, other| *other != id);
        self.free.insert(id.0);
        Some(unit.spec.name)
    }

    /// The units that `id` states dependencies on.
    pub(super) fn references(&self, id: UnitId) -> impl Iterator<Item = UnitId> + '_ {
        self[id].stated.iter().map(|(_, to)| *to)
    }

    /// The units that a facet leads to, each once, in the order in which they were loaded.
    pub(super) fn related(&self, id: UnitId, facet: &[Relation]) -> Vec<UnitId> {
        let unit = &self[id];
        if let [relation] = facet {
            return unit.related.get(relation).map(|set| set.keys().copied().collect()).unwrap_or_default();
        }
        let mut all = BTreeSet::new();
        for relation in facet {
            if let Some(set) = unit.related.get(relation) {
                all.extend(set.keys().copied());
            }
        }
        all.into_iter().collect()
    }

    /// Whether that dependency is there.
    pub(super) fn has(&self, id: UnitId, relation: Relation, other: UnitId) -> bool {
        self[id].related.get(&relation).is_some_and(|set| set.contains_key(&other))
    }
}
