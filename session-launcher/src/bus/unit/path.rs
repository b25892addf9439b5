//! `org.freedesktop.systemd1.Path`.

use super::general::{constant, told};
use super::value::{optional, span};
use super::{Get, Subject};
use crate::bus::table::{Interface, Property, Value};
use crate::unit::spec::{PathSettings, Settings};

/// The interface.
pub static PATH: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Path",
    properties: &[PROPERTIES],
    methods: &[],
    signals: &[],
};

const PROPERTIES: &[Property<Get>] = &[
    constant("Unit", "s", |unit| of(unit, |path| optional(path.unit.as_ref()))),
    constant("Paths", "a(ss)", |unit| of(unit, paths)),
    constant("MakeDirectory", "b", |unit| of(unit, |path| path.make_directory.into())),
    constant("DirectoryMode", "u", |unit| of(unit, |path| path.directory_mode.into())),
    told("Result", "s", |unit| unit.status.result.as_str().into()),
    constant("TriggerLimitIntervalUSec", "t", |unit| of(unit, |path| span(path.trigger_limit.interval))),
    constant("TriggerLimitBurst", "u", |unit| of(unit, |path| path.trigger_limit.burst.into())),
];

fn of(unit: &Subject<'_>, get: impl Fn(&PathSettings) -> Value) -> Value {
    match &unit.unit.settings {
        Settings::Path(path) => get(path),
        // Interfaces go by the type of the name, as settings do.
        _ => get(&PathSettings::default()),
    }
}

/// The last one first, as systemd has them.
fn paths(path: &PathSettings) -> Value {
    let rows: Vec<(String, String)> = path
        .watches
        .iter()
        .rev()
        .map(|watch| (format!("{:?}", watch.kind), watch.path.display().to_string()))
        .collect();
    rows.into()
}
