//! Services that the bus wants started by their unit (dbus-daemon's `--systemd-activation`, `SystemdService=` in a
//! service file).

use zbus::Message;

use super::error::Failure;
use super::face::State;
use super::path;
use crate::daemon::driver::Driver;
use crate::daemon::session_bus;
use crate::job::{ActiveState, JobKind, JobResult, Request};
use crate::unit::spec::{JobMode, UnitName};

const INTERFACE: &str = "org.freedesktop.systemd1.Activator";

/// The error while the bus's own unit stops: what would start now would have to be stopped again.
const SHUTTING_DOWN: &str = "org.freedesktop.systemd1.ShuttingDown";

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
    let request = Request { unit, kind: JobKind::Start, mode: JobMode::Replace, reload_if_possible: false };
    let job = driver.request(&request)?;
    state.activations.insert(job, name.to_owned());
    Ok(())
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
pub fn job_ended(state: &mut State, name: &str, result: JobResult) {
    if result != JobResult::Done {
        let message = format!("Unit {name} could not be started: {}.", result.as_str());
        tell_failure(state, name, &Failure { name: "org.freedesktop.systemd1.JobFailed", message });
    }
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
