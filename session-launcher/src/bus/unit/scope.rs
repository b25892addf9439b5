//! `org.freedesktop.systemd1.Scope`.

use super::general::{constant, told};
use super::value::{span, word};
use super::{Get, Subject, kill, resource};
use crate::bus::table::{Interface, Method, Property, SignalEntry, Value};
use crate::bus::transient;
use crate::unit::spec::{ScopeSettings, Settings};

/// The interface.
pub static SCOPE: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Scope",
    properties: &[PROPERTIES, resource::PROPERTIES, kill::PROPERTIES],
    methods: &[METHODS, resource::METHODS],
    signals: &[SignalEntry { name: "RequestStop", signature: "", names: "" }],
};

const PROPERTIES: &[Property<Get>] = &[
    told("Controller", "s", |_| "".into()),
    constant("TimeoutStopUSec", "t", |unit| of(unit, |scope| span(scope.timeout_stop))),
    told("Result", "s", |unit| unit.status.result.as_str().into()),
    constant("RuntimeMaxUSec", "t", |unit| of(unit, |scope| span(scope.runtime_max))),
    constant("RuntimeRandomizedExtraUSec", "t", |unit| {
        of(unit, |scope| span(Some(scope.runtime_randomized_extra)))
    }),
    constant("OOMPolicy", "s", |unit| of(unit, |scope| word(scope.oom_policy))),
];

const METHODS: &[Method] = &[Method::changing("Abandon", ("", ""), ("", ""), |call| {
    let unit = call.unit()?;
    transient::abandon(call, &unit)
})];

fn of(unit: &Subject<'_>, get: impl Fn(&ScopeSettings) -> Value) -> Value {
    match &unit.unit.settings {
        Settings::Scope(scope) => get(scope),
        _ => get(&ScopeSettings::default()),
    }
}
