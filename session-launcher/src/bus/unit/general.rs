//! Properties that all units have.

use super::{Get, Subject};
use crate::bus::path;
use crate::bus::table::{Emits, Property, Value};
use crate::daemon::clock::Stamp;
use crate::job::Moment;

pub(super) const fn constant(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Const, get, set: None }
}

pub(super) const fn told(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Value, get, set: None }
}

pub(super) const fn silent(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Nothing, get, set: None }
}

/// All groups.
pub const PROPERTIES: &[&[Property<Get>]] = &[STATE];

const STATE: &[Property<Get>] = &[
    constant("Id", "s", |unit| unit.status.name.to_string().into()),
    constant("Description", "s", |unit| unit.unit.description.clone().into()),
    constant("LoadState", "s", |unit| unit.status.load_state.as_str().into()),
    told("ActiveState", "s", |unit| unit.status.active.as_str().into()),
    told("SubState", "s", |unit| unit.status.sub.into()),
    told("StateChangeTimestamp", "t", |unit| realtime(unit.status.times.state_change)),
    told("StateChangeTimestampMonotonic", "t", |unit| monotonic(unit.status.times.state_change)),
    told("InactiveExitTimestamp", "t", |unit| realtime(unit.status.times.inactive_exit)),
    told("InactiveExitTimestampMonotonic", "t", |unit| monotonic(unit.status.times.inactive_exit)),
    told("ActiveEnterTimestamp", "t", |unit| realtime(unit.status.times.active_enter)),
    told("ActiveEnterTimestampMonotonic", "t", |unit| monotonic(unit.status.times.active_enter)),
    told("ActiveExitTimestamp", "t", |unit| realtime(unit.status.times.active_exit)),
    told("ActiveExitTimestampMonotonic", "t", |unit| monotonic(unit.status.times.active_exit)),
    told("InactiveEnterTimestamp", "t", |unit| realtime(unit.status.times.inactive_enter)),
    told("InactiveEnterTimestampMonotonic", "t", |unit| monotonic(unit.status.times.inactive_enter)),
    told("Job", "(uo)", job),
];

fn realtime(moment: Option<Moment>) -> Value {
    moment.map_or(0, |moment| Stamp::at(moment).realtime).into()
}

fn monotonic(moment: Option<Moment>) -> Value {
    moment.map_or(0, |moment| Stamp::at(moment).monotonic).into()
}

fn job(unit: &Subject<'_>) -> Value {
    let (id, path) = unit.status.job.map_or((0, path::none()), |(id, ..)| (id.0, path::job(id)));
    Value::from((id, path))
}
