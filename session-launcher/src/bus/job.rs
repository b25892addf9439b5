//! Jobs: `org.freedesktop.systemd1.Job`.

use std::collections::BTreeMap;

use zbus::{Message, ObjectPath};

use super::call::Call;
use super::error::Failure;
use super::face::State;
use super::path::{self, Object};
use super::signal;
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

const METHODS: &[Method] = &[
    Method::changing("Cancel", ("", ""), ("", ""), |call| {
        let id = called(call)?;
        cancel(call, id)
    }),
    Method::looking("GetAfter", ("", ""), ("a(usssoo)", "jobs"), |call| list_after(call, called(call)?)),
    Method::looking("GetBefore", ("", ""), ("a(usssoo)", "jobs"), |call| list_before(call, called(call)?)),
];

fn called(call: &Call<'_>) -> Result<JobId, Failure> {
    match call.object {
        Object::Job(id) => Ok(id),
        _ => Err(Failure::unknown_object("Not a job.")),
    }
}

/// A job as lists have it: number, unit, type, state, its path and the unit's.
pub type Row = (u32, String, &'static str, &'static str, ObjectPath<'static>, ObjectPath<'static>);

/// The row of a queued job.
pub fn row((id, unit, kind, state): (JobId, &UnitName, JobKind, JobState)) -> Row {
    (id.0, unit.to_string(), kind.as_str(), state.as_str(), path::job(id), path::unit(unit))
}

/// The jobs that wait for a job.
///
/// # Errors
/// There is none of that number.
pub fn list_after(call: &Call<'_>, id: JobId) -> Result<Message, Failure> {
    list(call, id, &call.driver.engine().jobs_after(id))
}

/// The jobs that a job waits for.
///
/// # Errors
/// There is none of that number.
pub fn list_before(call: &Call<'_>, id: JobId) -> Result<Message, Failure> {
    list(call, id, &call.driver.engine().jobs_before(id))
}

fn list(call: &Call<'_>, id: JobId, others: &[JobId]) -> Result<Message, Failure> {
    if !exists(call.driver, id) {
        return Err(no_such_job(id));
    }
    let jobs = call.driver.engine().jobs();
    let rows: Vec<Row> = jobs.filter(|(other, ..)| others.contains(other)).map(row).collect();
    call.answer(&rows)
}

fn no_such_job(id: JobId) -> Failure {
    Failure::no_such_job(format!("Job {} does not exist.", id.0))
}

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
    if !call.driver.cancel(id) {
        return Err(no_such_job(id));
    }
    signal::tell_end(call.state, call.driver, id);
    call.answer(&())
}

/// Tells that a job has begun.
pub fn tell_state(state: &mut State, driver: &Driver, id: JobId) {
    if let Some(subject) = Subject::of(driver, id) {
        let changed = BTreeMap::from([("State", Value::from(subject.state.as_str()))]);
        state.tell_everybody(path::job(id).as_str(), JOB.name, &changed);
    }
}
