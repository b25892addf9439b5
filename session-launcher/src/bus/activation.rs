//! Services that the bus wants started by their unit (dbus-daemon's `--systemd-activation`, `SystemdService=` in a
//! service file).

use serde::{Deserialize, Serialize};
use zbus::Message;

use super::error::Failure;
use super::face::State;
use super::path;
use crate::daemon::driver::Driver;
use crate::daemon::session_bus;
use crate::job::{ActiveState, JobKind, JobResult, Request, RequestError};
use crate::unit::spec::{JobMode, ServiceType, Unit, UnitName};

const INTERFACE: &str = "org.freedesktop.systemd1.Activator";

/// The error while the bus's own unit stops: what would start now would have to be stopped again.
const SHUTTING_DOWN: &str = "org.freedesktop.systemd1.ShuttingDown";

/// A job that the bus waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activation {
    /// The unit, in the bus's words.
    unit: String,
    /// It is up by its name, which nobody else takes.
    needs_name: bool,
}

/// Starts a unit for the bus, or tells it why not.
pub fn take(state: &mut State, driver: &mut Driver, name: &str) {
    if let Err(failure) = start(state, driver, name) {
        tell_failure(state, name, &failure);
    }
}

fn start(state: &mut State, driver: &mut Driver, name: &str) -> Result<(), Failure> {
    let unit = UnitName::new(name)
        .map_err(|_| Failure::invalid_arguments(format!("Unit name {name} is not valid.")))?;
    if bus_stops(driver) {
        let message = "Refusing activation, D-Bus is shutting down.".to_owned();
        return Err(Failure { name: SHUTTING_DOWN, message });
    }
    let request = Request {
        unit: unit.clone(),
        kind: JobKind::Start,
        mode: JobMode::Replace,
        reload_if_possible: false,
    };
    let job = driver.request(&request).map_err(as_activation)?;
    let service = driver.engine().spec(&unit).and_then(Unit::service);
    // A unit that is forgotten already has been skipped.
    let needs_name = service.is_none_or(|service| service.service_type == ServiceType::Dbus);
    state.activations.insert(job, Activation { unit: name.to_owned(), needs_name });
    Ok(())
}

/// systemd words one error otherwise here than in the answer to a call.
fn as_activation(error: RequestError) -> Failure {
    match error {
        RequestError::OnlyByDependency(unit) => Failure::only_by_dependency(format!(
            "Operation refused, {unit} may be requested by dependency only (it is configured to refuse manual start/stop)."
        )),
        error => Failure::from(error),
    }
}

fn bus_stops(driver: &Driver) -> bool {
    let Ok(bus) = UnitName::new(session_bus::SERVICE) else { return false };
    driver.engine().status(&bus).is_some_and(|status| {
        status.active == ActiveState::Deactivating
            || status.job.is_some_and(|(_, kind, _)| kind == JobKind::Stop)
    })
}

/// Tells the bus that the job for a service has failed, so that whoever waits for the service need not wait until the
/// bus's time is over.
pub fn job_ended(state: &mut State, driver: &Driver, activation: &Activation, result: JobResult) {
    let Activation { unit, needs_name } = activation;
    let message = match result {
        // Another process than the unit's may take the name.
        JobResult::Done if !needs_name || is_up(driver, unit) => return,
        JobResult::Done => format!("Unit {unit} was skipped, or has ended without taking its name."),
        result => format!("Unit {unit} could not be started: {}.", result.as_str()),
    };
    tell_failure(state, unit, &Failure { name: "org.freedesktop.systemd1.JobFailed", message });
}

/// Whether a unit is up or on its way. One that is forgotten is neither.
fn is_up(driver: &Driver, unit: &str) -> bool {
    let status = UnitName::new(unit).ok().and_then(|unit| driver.engine().status(&unit));
    status.is_some_and(|status| !status.active.is_inactive_or_failed() || status.job.is_some())
}

fn tell_failure(state: &mut State, unit: &str, failure: &Failure) {
    let message = Message::signal(path::MANAGER, INTERFACE, "ActivationFailure")
        .destination("org.freedesktop.DBus")
        .build(&(unit, failure.name, failure.message.as_str()));
    match message {
        Ok(message) => state.outbox.push(message),
        Err(error) => tracing::warn!("ActivationFailure: {error}"),
    }
}
