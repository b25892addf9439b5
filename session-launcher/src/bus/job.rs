//! Jobs: `org.freedesktop.systemd1.Job`.

use std::collections::BTreeMap;

use zbus::Message;

use super::call::Call;
use super::error::Failure;
use super::face::State;
use super::path::{self, Object};
use super::table::{Emits, Interface, Method, Property, Value};
use crate::daemon::driver::Driver;
use crate::job::{JobId, JobKind, JobState};
use crate::unit::spec::UnitName;

/// A job as a client sees it.
#[derive(Debug)]
pub struct Subject {
    id: JobId,
    unit: UnitName,
    kind: JobKind,
    state: JobState,
}

impl Subject {
    /// The job of that number, while it is queued.
    pub fn of(driver: &Driver, id: JobId) -> Option<Self> {
        let (id, unit, kind, state) = driver.engine().jobs().find(|(job, ..)| *job == id)?;
        Some(Self { id, unit: unit.clone(), kind, state })
    }
}

/// Whether the job is queued.
pub fn exists(driver: &Driver, id: JobId) -> bool {
    driver.engine().jobs().any(|(job, ..)| job == id)
}

/// What a queued job does.
pub fn kind(driver: &Driver, id: JobId) -> Option<JobKind> {
    driver.engine().jobs().find(|(job, ..)| *job == id).map(|(_, _, kind, _)| kind)
}

type Get = fn(&Subject) -> Value;

const fn property(name: &'static str, signature: &'static str, emits: Emits, get: Get) -> Property<Get> {
    Property { name, signature, emits, get, set: None }
}

const PROPERTIES: &[Property<Get>] = &[
    property("Id", "u", Emits::Const, |job| job.id.0.into()),
    property("Unit", "(so)", Emits::Const, |job| Value::from((job.unit.to_string(), path::unit(&job.unit)))),
    property("JobType", "s", Emits::Const, |job| job.kind.as_str().into()),
    property("State", "s", Emits::Value, |job| job.state.as_str().into()),
];

const METHODS: &[Method] = &[Method::changing("Cancel", ("", ""), ("", ""), |call| {
    let Object::Job(id) = call.object else { return Err(Failure::unknown_object("Not a job.")) };
    cancel(call, id)
})];

/// The interface.
pub const JOB: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Job",
    properties: &[PROPERTIES],
    methods: &[METHODS],
    signals: &[],
};

/// Cancels a job.
///
/// # Errors
/// There is none of that number.
pub fn cancel(call: &mut Call<'_>, id: JobId) -> Result<Message, Failure> {
    if call.driver.cancel(id) {
        call.answer(&())
    } else {
        Err(Failure::no_such_job(format!("Job {} does not exist.", id.0)))
    }
}

/// Tells that a job has begun.
pub fn tell_state(state: &mut State, driver: &Driver, id: JobId) {
    if let Some(subject) = Subject::of(driver, id) {
        let changed = BTreeMap::from([("State", Value::from(subject.state.as_str()))]);
        state.tell_everybody(path::job(id).as_str(), JOB.name, &changed);
    }
}
