//! The graph of units: what is loaded, and how it hangs together.

use super::engine::Engine;
use super::event::{Action, Host};
use super::relation::{self, Relation};
use super::runtime::Runtime;
use super::units::UnitId;
use crate::unit::spec::{LoadState, Settings, Unit as Spec, UnitKind, UnitName};

impl<H: Host> Engine<H> {
    /// Loads a unit and, through its dependencies, all that it can reach.
    pub(super) fn load(&mut self, name: &UnitName) -> UnitId {
        if let Some(id) = self.units.find(name) {
            return id;
        }
        let mut fresh = Vec::new();
        let first = self.load_one(name, &mut fresh);
        self.connect_all(fresh);
        first
    }

    /// Enters the dependencies of new units, and of those that these bring in.
    pub(super) fn connect_all(&mut self, mut fresh: Vec<UnitId>) {
        let mut done = Vec::new();
        while let Some(id) = fresh.pop() {
            self.connect(id, &mut fresh);
            // A target comes after its whole too, but only after one that was loaded before it.
            for whole in self.units.related(id, &[Relation::PartOf]) {
                if !fresh.contains(&whole) {
                    self.order_target(id, whole);
                }
            }
            self.collect_queue.insert(id);
            done.push(id);
        }
        for id in done {
            for target in self.units.related(id, relation::NEEDED_BY) {
                self.order_target(target, id);
            }
            for needed in self.units.related(id, relation::NEEDS) {
                self.order_target(id, needed);
            }
        }
    }

    /// A target comes after what it needs, unless the two say otherwise.
    fn order_target(&mut self, target: UnitId, needed: UnitId) {
        let plain = |id: UnitId| {
            let unit = &self.units[id];
            unit.is_loaded() && unit.spec.flags.default_dependencies
        };
        if self.units[target].spec.kind() == UnitKind::Target
            && plain(target)
            && plain(needed)
            && !self.units.has(target, Relation::Before, needed)
            && !self.units.has(target, Relation::After, needed)
        {
            self.units.connect(target, Relation::After, needed);
        }
    }

    fn load_one(&mut self, name: &UnitName, fresh: &mut Vec<UnitId>) -> UnitId {
        if let Some(id) = self.units.find(name) {
            return id;
        }
        let spec = self.host.load(name);
        if let Some(id) = self.units.find(&spec.name) {
            self.units.alias(id, name);
            return id;
        }
        self.actions.push(Action::UnitNew { unit: spec.name.clone() });
        let primary = spec.name.clone();
        if let Some(name) = spec.service().and_then(|service| service.bus_name.clone()) {
            self.actions.push(Action::WatchBusName { name });
        }
        let id = self.units.insert(spec);
        if &primary != name {
            self.units.alias(id, name);
        }
        fresh.push(id);
        id
    }

    /// Enters a unit's dependencies into the graph, loading the others. Units so loaded are added to `fresh`.
    fn connect(&mut self, id: UnitId, fresh: &mut Vec<UnitId>) {
        let stated: Vec<_> = self.units[id]
            .spec
            .dependencies
            .iter()
            .map(|(kind, dependency)| (Relation::of(kind), dependency.unit.clone()))
            .collect();
        for (relation, name) in stated {
            let other = self.load_one(&name, fresh);
            self.units.connect(id, relation, other);
        }
    }

    /// Reads every unit again and rebuilds the graph; jobs and states stay.
    pub(super) fn reload(&mut self) {
        let ids: Vec<_> = self.units.ids().collect();
        for id in &ids {
            self.units.disconnect(*id);
        }
        for id in &ids {
            let name = self.units[*id].name().clone();
            let mut spec = self.host.load(&name);
            let same_type = std::mem::discriminant(&spec.settings)
                == std::mem::discriminant(&self.units[*id].spec.settings);
            // A unit that goes on as another type, or another unit's alias, has to be stopped as what it was.
            if spec.name != name || !same_type {
                spec = Spec::new(name, LoadState::NotFound);
            }
            if spec.load_state != LoadState::Loaded && !self.units[*id].active_state().is_inactive_or_failed()
            {
                keep_running(&mut spec, &self.units[*id].spec);
            }
            self.units.replace_spec(*id, spec);
        }
        self.connect_all(ids);
        let ids: Vec<_> = self.units.ids().collect();
        for id in ids {
            self.unneeded_queue.insert(id);
            self.bound_queue.insert(id);
            self.upheld_queue.insert(id);
            self.reload_runtime(id);
        }
    }

    fn reload_runtime(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Timer(_) => self.timer_reload(id),
            Runtime::Path(_) => self.path_reload(id),
            _ => {}
        }
    }
}

/// Keeps what is needed to stop a unit whose file has gone or has become unreadable while it runs.
fn keep_running(spec: &mut Spec, old: &Spec) {
    spec.settings = old.settings.clone();
    if let (Settings::Service(new), Settings::Service(_)) = (&mut spec.settings, &old.settings) {
        new.restart = crate::unit::spec::RestartPolicy::No;
    }
    spec.dependencies = old.dependencies.clone();
}
