//! What a unit pulls in, as a tree: each unit once, below the one that names it first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::load::UnitSet;
use super::name::UnitName;
use super::spec::{DependencyKind, DependencyOrigin};

/// Kinds that pull a unit in.
pub const PULLING: [DependencyKind; 5] = [
    DependencyKind::Requires,
    DependencyKind::BindsTo,
    DependencyKind::Requisite,
    DependencyKind::Wants,
    DependencyKind::Upholds,
];

/// One dependency between two units of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The unit that pulls.
    pub from: UnitName,
    /// The unit that is pulled in.
    pub to: UnitName,
    /// How; the strongest where there are several.
    pub kind: DependencyKind,
    /// Where it is written.
    pub origin: DependencyOrigin,
}

/// A tree of units.
#[derive(Debug, Clone)]
pub struct PullTree {
    /// The unit at the top.
    pub root: UnitName,
    children: BTreeMap<UnitName, Vec<Edge>>,
    /// Dependencies between units of the tree that are not branches of it.
    pub others: Vec<Edge>,
}

/// Which dependencies are followed.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only these kinds; all that pull when empty.
    pub kinds: Vec<DependencyKind>,
    /// Follow them the other way: what pulls the unit in.
    pub reverse: bool,
    /// With what systemd adds to every unit: basic.target, slices.
    pub defaults: bool,
}

impl PullTree {
    /// Walks over a set breadth first, so that a unit stands as near to the root as can be.
    pub fn new(set: &UnitSet, root: &UnitName, options: &Options) -> Self {
        let root = set.primary(root).clone();
        let mut tree = Self { root: root.clone(), children: BTreeMap::new(), others: Vec::new() };
        let mut seen = BTreeSet::from([root.clone()]);
        let mut queue = VecDeque::from([root]);
        while let Some(name) = queue.pop_front() {
            for edge in edges(set, &name, options) {
                let next = if options.reverse { &edge.from } else { &edge.to };
                if seen.insert(next.clone()) {
                    queue.push_back(next.clone());
                    tree.children.entry(name.clone()).or_default().push(edge);
                } else {
                    tree.others.push(edge);
                }
            }
        }
        tree
    }

    /// The branches below a unit.
    pub fn children(&self, name: &UnitName) -> &[Edge] {
        self.children.get(name).map_or(&[], Vec::as_slice)
    }

    /// All units, the root first, each before its children.
    pub fn units(&self) -> Vec<UnitName> {
        let mut list = Vec::new();
        let mut stack = vec![self.root.clone()];
        while let Some(name) = stack.pop() {
            let below = self.children(&name).iter().rev();
            stack.extend(
                below.map(|edge| if edge.from == name { edge.to.clone() } else { edge.from.clone() }),
            );
            list.push(name);
        }
        list
    }
}

fn edges(set: &UnitSet, name: &UnitName, options: &Options) -> Vec<Edge> {
    let kinds = if options.kinds.is_empty() { PULLING.as_slice() } else { options.kinds.as_slice() };
    let mut found: BTreeMap<UnitName, Edge> = BTreeMap::new();
    for kind in kinds {
        if options.reverse {
            for unit in set.dependents(*kind, name) {
                for dependency in
                    unit.dependencies.of(*kind).iter().filter(|dependency| dependency.unit == *name)
                {
                    if shown(&dependency.origin, options) {
                        add(
                            &mut found,
                            &unit.name,
                            Edge {
                                from: unit.name.clone(),
                                to: name.clone(),
                                kind: *kind,
                                origin: dependency.origin.clone(),
                            },
                        );
                    }
                }
            }
        } else if let Some(unit) = set.get(name) {
            for dependency in unit.dependencies.of(*kind) {
                if shown(&dependency.origin, options) {
                    add(
                        &mut found,
                        &dependency.unit,
                        Edge {
                            from: name.clone(),
                            to: dependency.unit.clone(),
                            kind: *kind,
                            origin: dependency.origin.clone(),
                        },
                    );
                }
            }
        }
    }
    found.into_values().collect()
}

fn add(found: &mut BTreeMap<UnitName, Edge>, other: &UnitName, edge: Edge) {
    found.entry(other.clone()).or_insert(edge);
}

fn shown(origin: &DependencyOrigin, options: &Options) -> bool {
    options.defaults || !matches!(origin, DependencyOrigin::Default | DependencyOrigin::Implicit)
}
