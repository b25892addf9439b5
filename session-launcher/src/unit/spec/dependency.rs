//! Dependencies between units (systemd.unit(5)).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::unit::name::UnitName;

/// The kinds that a unit states itself. The inverse of each (`WantedBy`, `BoundBy`...) follows from the other unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DependencyKind {
    /// Start it too; fail if it fails and is ordered before; stop when it is stopped.
    Requires,
    /// Fail at once unless it is active.
    Requisite,
    /// Start it too.
    Wants,
    /// As `Requires`, and stop whenever it becomes inactive.
    BindsTo,
    /// Stop and restart with it.
    PartOf,
    /// Start it too, and again whenever it is inactive.
    Upholds,
    /// Never both.
    Conflicts,
    /// Start before it, stop after it.
    Before,
    /// Start after it, stop before it.
    After,
    /// Start it when this one fails.
    OnFailure,
    /// Start it when this one succeeds.
    OnSuccess,
    /// Stop it when this one stops.
    PropagatesStopTo,
    /// Stop when that one stops.
    StopPropagatedFrom,
    /// Reload it when this one reloads.
    PropagatesReloadTo,
    /// Reload when that one reloads.
    ReloadPropagatedFrom,
    /// Share network and /tmp name spaces.
    JoinsNamespaceOf,
    /// This socket, timer or path starts it.
    Triggers,
    /// That socket, timer or path starts this one.
    TriggeredBy,
    /// The slice it lies in.
    InSlice,
}

impl DependencyKind {
    /// All kinds, in the order above.
    pub const ALL: [DependencyKind; 19] = [
        Self::Requires,
        Self::Requisite,
        Self::Wants,
        Self::BindsTo,
        Self::PartOf,
        Self::Upholds,
        Self::Conflicts,
        Self::Before,
        Self::After,
        Self::OnFailure,
        Self::OnSuccess,
        Self::PropagatesStopTo,
        Self::StopPropagatedFrom,
        Self::PropagatesReloadTo,
        Self::ReloadPropagatedFrom,
        Self::JoinsNamespaceOf,
        Self::Triggers,
        Self::TriggeredBy,
        Self::InSlice,
    ];

    /// The name of systemd's directive or property.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requires => "Requires",
            Self::Requisite => "Requisite",
            Self::Wants => "Wants",
            Self::BindsTo => "BindsTo",
            Self::PartOf => "PartOf",
            Self::Upholds => "Upholds",
            Self::Conflicts => "Conflicts",
            Self::Before => "Before",
            Self::After => "After",
            Self::OnFailure => "OnFailure",
            Self::OnSuccess => "OnSuccess",
            Self::PropagatesStopTo => "PropagatesStopTo",
            Self::StopPropagatedFrom => "StopPropagatedFrom",
            Self::PropagatesReloadTo => "PropagatesReloadTo",
            Self::ReloadPropagatedFrom => "ReloadPropagatedFrom",
            Self::JoinsNamespaceOf => "JoinsNamespaceOf",
            Self::Triggers => "Triggers",
            Self::TriggeredBy => "TriggeredBy",
            Self::InSlice => "Slice",
        }
    }
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyOrigin {
    /// A line of a unit file or drop-in; lines count from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line on which the assignment begins.
        line: u32,
    },
    /// A link in a `.wants/`, `.requires/` or `.upholds/` directory.
    Link(PathBuf),
    /// systemd adds it to every unit of the type unless `DefaultDependencies=no`.
    Default,
    /// Another setting implies it, such as a socket's service.
    Implicit,
    /// Made while running, over D-Bus.
    Runtime,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The other unit.
    pub unit: UnitName,
    /// Why it is there.
    pub origin: DependencyOrigin,
}

/// All dependencies that a unit states, by kind; each other unit once for each kind, the first origin kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dependencies(BTreeMap<DependencyKind, Vec<Dependency>>);

impl Dependencies {
    /// Adds one unless it is there.
    pub fn add(&mut self, kind: DependencyKind, unit: UnitName, origin: DependencyOrigin) {
        let list = self.0.entry(kind).or_default();
        if !list.iter().any(|dependency| dependency.unit == unit) {
            list.push(Dependency { unit, origin });
        }
    }

    /// Those of one kind, in the order in which they were stated.
    pub fn of(&self, kind: DependencyKind) -> &[Dependency] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The names of one kind.
    pub fn names(&self, kind: DependencyKind) -> impl Iterator<Item = &UnitName> {
        self.of(kind).iter().map(|dependency| &dependency.unit)
    }

    /// Whether that dependency is there.
    pub fn has(&self, kind: DependencyKind, unit: &UnitName) -> bool {
        self.names(kind).any(|name| name == unit)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (DependencyKind, &Dependency)> {
        self.0.iter().flat_map(|(kind, list)| list.iter().map(|dependency| (*kind, dependency)))
    }
}
