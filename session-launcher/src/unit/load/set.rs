//! A set of units that know each other.

use std::collections::{BTreeMap, VecDeque};

use super::Loader;
use crate::unit::diagnostic::Diagnostic;
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::{Dependencies, DependencyKind, DependencyOrigin, LoadState, Unit};

/// Loaded units, by primary name, with all that they refer to. Every name in a dependency is a primary name of the set.
#[derive(Debug, Clone, Default)]
pub struct UnitSet {
    units: BTreeMap<UnitName, Unit>,
    /// Aliases to primary names.
    aliases: BTreeMap<UnitName, UnitName>,
    findings: Vec<(UnitName, Diagnostic)>,
    /// By unit, who states a dependency on it.
    dependents: BTreeMap<UnitName, Vec<(DependencyKind, UnitName)>>,
}

impl UnitSet {
    pub(super) fn load<'a>(loader: &Loader, names: impl IntoIterator<Item = &'a UnitName>) -> Self {
        let mut set = Self::default();
        set.extend(loader, names);
        set
    }

    /// Loads further units and all that they refer to. Units that are there already stay as they are.
    pub fn extend<'a>(&mut self, loader: &Loader, names: impl IntoIterator<Item = &'a UnitName>) {
        let mut queue: VecDeque<UnitName> = names.into_iter().cloned().collect();
        while let Some(name) = queue.pop_front() {
            if self.contains(&name) {
                continue;
            }
            let loaded = loader.load(&name);
            let primary = loaded.unit.name.clone();
            if name != primary {
                self.aliases.insert(name, primary.clone());
            }
            if self.units.contains_key(&primary) {
                continue;
            }
            for alias in &loaded.unit.aliases {
                self.aliases.insert(alias.clone(), primary.clone());
            }
            queue.extend(loaded.unit.dependencies.iter().map(|(_, dependency)| dependency.unit.clone()));
            self.findings.extend(loaded.findings.into_iter().map(|finding| (primary.clone(), finding)));
            self.units.insert(primary, loaded.unit);
        }
        self.resolve_aliases();
        self.order_targets();
        self.index_dependents();
    }

    /// Puts a unit in, such as a scope that was made while running. One of that name is replaced.
    pub fn insert(&mut self, unit: Unit) {
        for alias in &unit.aliases {
            self.aliases.insert(alias.clone(), unit.name.clone());
        }
        self.units.insert(unit.name.clone(), unit);
        self.index_dependents();
    }

    /// The unit of that name or alias.
    pub fn get(&self, name: &UnitName) -> Option<&Unit> {
        self.units.get(self.primary(name))
    }

    /// Whether there is a unit of that name or alias.
    pub fn contains(&self, name: &UnitName) -> bool {
        self.units.contains_key(self.primary(name))
    }

    /// The primary name for a name or alias.
    pub fn primary<'a>(&'a self, name: &'a UnitName) -> &'a UnitName {
        self.aliases.get(name).unwrap_or(name)
    }

    /// All units in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// What was found while loading, with the unit.
    pub fn findings(&self) -> &[(UnitName, Diagnostic)] {
        &self.findings
    }

    /// The units alone.
    pub fn into_units(self) -> BTreeMap<UnitName, Unit> {
        self.units
    }

    /// The units that state a dependency of that kind on `name`: the inverse.
    pub fn dependents<'a>(
        &'a self,
        kind: DependencyKind,
        name: &'a UnitName,
    ) -> impl Iterator<Item = &'a Unit> {
        let stated = self.dependents.get(name).into_iter().flatten();
        stated.filter(move |(known, _)| *known == kind).filter_map(|(_, unit)| self.units.get(unit))
    }

    fn index_dependents(&mut self) {
        let mut dependents: BTreeMap<UnitName, Vec<(DependencyKind, UnitName)>> = BTreeMap::new();
        for unit in self.units.values() {
            for (kind, dependency) in unit.dependencies.iter() {
                dependents.entry(dependency.unit.clone()).or_default().push((kind, unit.name.clone()));
            }
        }
        self.dependents = dependents;
    }

    fn resolve_aliases(&mut self) {
        let aliases = &self.aliases;
        for (name, unit) in &mut self.units {
            if !unit.dependencies.iter().any(|(_, dependency)| aliases.contains_key(&dependency.unit)) {
                continue;
            }
            let mut resolved = Dependencies::default();
            for (kind, dependency) in unit.dependencies.iter() {
                let other = aliases.get(&dependency.unit).unwrap_or(&dependency.unit);
                if other != name {
                    resolved.add(kind, other.clone(), dependency.origin.clone());
                }
            }
            unit.dependencies = resolved;
        }
    }

    /// A target comes after what it pulls in, unless one of the two has no default dependencies or the order is the
    /// other way round already (systemd.target(5)).
    fn order_targets(&mut self) {
        const PULLING: [DependencyKind; 5] = [
            DependencyKind::Wants,
            DependencyKind::Requires,
            DependencyKind::Requisite,
            DependencyKind::BindsTo,
            DependencyKind::Upholds,
        ];
        let mut added = Vec::new();
        for target in
            self.units.values().filter(|unit| unit.kind() == UnitKind::Target && takes_defaults(unit))
        {
            for other in PULLING.iter().flat_map(|kind| target.dependencies.names(*kind)) {
                let Some(unit) = self.units.get(other).filter(|unit| takes_defaults(unit)) else { continue };
                let reversed = target.dependencies.has(DependencyKind::Before, other)
                    || unit.dependencies.has(DependencyKind::After, &target.name);
                if !reversed {
                    added.push((target.name.clone(), other.clone()));
                }
            }
        }
        for (target, other) in added {
            if let Some(target) = self.units.get_mut(&target) {
                target.dependencies.add(DependencyKind::After, other, DependencyOrigin::Default);
            }
        }
    }
}

fn takes_defaults(unit: &Unit) -> bool {
    unit.load_state == LoadState::Loaded && unit.flags.default_dependencies
}
