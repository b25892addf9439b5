//! Which units of a scenario are ordered, so that the order of what happens to them counts.

use super::format::Scenario;
use super::unit_files;
use session_launcher::unit::load::Loader;
use session_launcher::unit::spec::{DependencyKind, UnitName};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The pairs that are ordered directly.
#[derive(Debug)]
pub struct Ordered(BTreeSet<(String, String)>);

impl Ordered {
    /// Whether there is an order between them.
    pub fn has(&self, a: &str, b: &str) -> bool {
        self.0.contains(&(a.to_owned(), b.to_owned())) || self.0.contains(&(b.to_owned(), a.to_owned()))
    }
}

/// Reads the scenario's units. Those that change in a later edition count as the first one says.
pub fn of(scenario: &Scenario, base: &[PathBuf]) -> Ordered {
    let directory = tempfile::tempdir().expect("a directory can be made");
    unit_files::write_units(scenario, 1, directory.path());
    let directories: Vec<_> =
        std::iter::once(directory.path().to_owned()).chain(base.iter().cloned()).collect();
    let loader: Loader = unit_files::loader(&directories);
    let mut pairs = BTreeSet::new();
    for unit in scenario.units() {
        let Ok(name) = UnitName::new(unit.as_str()) else { continue };
        let loaded = loader.load(&name).unit;
        for kind in [DependencyKind::Before, DependencyKind::After] {
            pairs.extend(loaded.dependencies.names(kind).map(|other| (unit.clone(), other.to_string())));
        }
    }
    Ordered(pairs)
}
