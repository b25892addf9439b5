//! Transient scopes, as `systemd-run --scope` makes them.

use super::super::script;
use super::name;
use session_launcher::unit::spec::{
    CollectMode, DependencyKind, DependencyOrigin, LoadState, Settings, Unit, UnitName,
};

/// The unit that `systemd-run --scope` makes.
pub(super) fn transient_scope(unit: UnitName, properties: &[String]) -> Unit {
    let mut spec = Unit::new(unit, LoadState::Loaded);
    let Settings::Scope(settings) = &mut spec.settings else { panic!("{} is no scope", spec.name) };
    for property in properties {
        let (key, value) = property.split_once('=').expect("a property has a value");
        match key {
            "TimeoutStopSec" => settings.timeout_stop = script::duration(value),
            "RuntimeMaxSec" => settings.runtime_max = script::duration(value),
            "CollectMode" => spec.flags.collect_mode = CollectMode::InactiveOrFailed,
            _ => panic!("no property {key} here"),
        }
    }
    for (kind, other) in [
        (DependencyKind::Conflicts, "shutdown.target"),
        (DependencyKind::Before, "shutdown.target"),
        (DependencyKind::Requires, "app.slice"),
        (DependencyKind::After, "app.slice"),
        (DependencyKind::InSlice, "app.slice"),
    ] {
        spec.dependencies.add(kind, name(other), DependencyOrigin::Default);
    }
    spec
}
