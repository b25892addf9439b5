//! Which units there are: by name, process, run; lists of them; failures and references.

use std::os::fd::AsFd;

use zbus::{Message, ObjectPath, OwnedFd};

use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::path;
use crate::daemon::driver::Driver;
use crate::job::UnitStatus;
use crate::unit::shell_pattern;
use crate::unit::spec::{LoadState, UnitName};

/// A unit name that a client has given.
///
/// # Errors
/// It is none.
pub fn valid_name(text: &str) -> Result<UnitName, Failure> {
    UnitName::new(text).map_err(|_| Failure::invalid_arguments(format!("Unit name {text} is not valid.")))
}

/// The name of a unit that can be loaded.
///
/// # Errors
/// It is none, or that of a template.
pub fn loadable_name(text: &str) -> Result<UnitName, Failure> {
    let name = valid_name(text)?;
    if name.is_template() {
        return Err(Failure::invalid_arguments(format!("Unit name {name} is missing the instance name.")));
    }
    Ok(name)
}

fn not_loaded(name: &str) -> Failure {
    Failure::no_such_unit(format!("Unit {name} not loaded."))
}

/// The loaded unit of that name.
///
/// # Errors
/// There is none.
pub fn loaded(driver: &Driver, name: &str) -> Result<UnitStatus, Failure> {
    UnitName::new(name).ok().and_then(|unit| driver.engine().status(&unit)).ok_or_else(|| not_loaded(name))
}

/// The unit of the caller's own process, which an empty name means, or the loaded one of that name.
///
/// # Errors
/// There is none.
pub fn loaded_or_own(call: &Call<'_>, name: &str) -> Result<UnitName, Failure> {
    if name.is_empty() { own(call) } else { loaded(call.driver, name).map(|status| status.name) }
}

fn own(call: &Call<'_>) -> Result<UnitName, Failure> {
    let pid = call.sender_pid().unwrap_or(0);
    call.driver
        .unit_of_pid(i32::try_from(pid).unwrap_or(0))
        .ok_or_else(|| Failure::no_such_unit(format!("Client {pid} not member of any unit.")))
}

pub fn get_unit(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = loaded_or_own(call, &name)?;
    call.answer(&path::unit(&unit))
}

pub fn load_unit(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = if name.is_empty() {
        own(call)?
    } else {
        let unit = loadable_name(&name)?;
        load(call, &unit, |_, status| status.name).unwrap_or(unit)
    };
    call.answer(&path::unit(&unit))
}

/// Loads a unit, looks at it, and lets it be forgotten again. `None` when there is nothing to look at.
fn load<T>(call: &mut Call<'_>, name: &UnitName, look: impl FnOnce(&Driver, UnitStatus) -> T) -> Option<T> {
    if let Some(status) = call.driver.engine().status(name) {
        return Some(look(call.driver, status));
    }
    call.driver.pin(name, true);
    let seen = call.driver.engine().status(name).map(|status| look(call.driver, status));
    if !call.state.clients.any_reference(name) {
        call.driver.pin(name, false);
    }
    seen
}

pub fn get_unit_by_pid(call: &mut Call<'_>) -> Result<Message, Failure> {
    let pid: u32 = call.arguments()?;
    let pid = if pid == 0 { call.sender_pid().unwrap_or(0) } else { pid };
    let unit = unit_of_pid(call, pid)?;
    call.answer(&path::unit(&unit))
}

fn unit_of_pid(call: &Call<'_>, pid: u32) -> Result<UnitName, Failure> {
    i32::try_from(pid)
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(|pid| call.driver.unit_of_pid(pid))
        .filter(|unit| call.driver.engine().status(unit).is_some())
        .ok_or_else(|| Failure::no_unit_for_pid(format!("PID {pid} does not belong to any loaded unit.")))
}

pub fn get_unit_by_pidfd(call: &mut Call<'_>) -> Result<Message, Failure> {
    let descriptor: OwnedFd = call.arguments()?;
    let pid = pid_of_descriptor(&descriptor)?;
    let unit = unit_of_pid(call, pid)?;
    let invocation = call.driver.invocation(&unit).map(bytes_of_invocation).unwrap_or_default();
    call.answer(&(path::unit(&unit), unit.as_str(), invocation))
}

/// The process that a pidfd stands for.
///
/// # Errors
/// It is none, or the process is gone.
pub fn pid_of_descriptor(descriptor: &impl AsFd) -> Result<u32, Failure> {
    use std::os::fd::AsRawFd;
    let number = descriptor.as_fd().as_raw_fd();
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("Pid:"))
        .and_then(|pid| pid.trim().parse().ok())
        .ok_or_else(|| Failure::invalid_arguments("The descriptor stands for no process."))
}

/// `InvocationID` as it goes over the bus.
pub fn bytes_of_invocation(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .filter_map(|place| u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok())
        .collect()
}

pub fn get_unit_by_invocation(call: &mut Call<'_>) -> Result<Message, Failure> {
    let id: Vec<u8> = call.arguments()?;
    if id.is_empty() {
        let unit = own(call)?;
        return call.answer(&path::unit(&unit));
    }
    if id.len() != 16 {
        return Err(Failure::invalid_arguments("Invalid invocation ID"));
    }
    let text: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let known = call.driver.engine().statuses().into_iter().map(|status| status.name);
    let mut found = known.filter(|unit| call.driver.invocation(unit) == Some(text.as_str()));
    let unit = found.next().ok_or_else(|| {
        Failure::no_unit_for_invocation(format!("No unit with the specified invocation ID {text} known."))
    })?;
    call.answer(&path::unit(&unit))
}

pub fn get_unit_by_control_group(call: &mut Call<'_>) -> Result<Message, Failure> {
    let group: String = call.arguments()?;
    let engine = call.driver.engine();
    // A group below a unit's own is the unit's too; the longest match is the innermost.
    let found = engine
        .statuses()
        .into_iter()
        .filter_map(|status| {
            let own = call.driver.control_group(engine.spec(&status.name)?);
            let below = group.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            (own.len() > 1 && below).then_some((own.len(), status.name))
        })
        .max();
    let (_, unit) = found.ok_or_else(|| {
        Failure::no_such_unit(format!("Control group '{group}' is not valid or not managed by this instance"))
    })?;
    call.answer(&path::unit(&unit))
}

/// A unit as the lists have it: name, description, load state, active state, fine state, the unit that it follows,
/// path, and number, type and path of its job.
type Row = (
    String,
    String,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    ObjectPath<'static>,
    u32,
    &'static str,
    ObjectPath<'static>,
);

fn row(driver: &Driver, status: &UnitStatus) -> Row {
    let description = driver.engine().spec(&status.name).map(|unit| unit.description.clone());
    let (id, kind, job) = match status.job {
        Some((id, kind, _)) => (id.0, kind.as_str(), path::job(id)),
        None => (0, "", path::none()),
    };
    (
        status.name.to_string(),
        description.unwrap_or_else(|| status.name.to_string()),
        status.load_state.as_str(),
        status.active.as_str(),
        status.sub,
        "",
        path::unit(&status.name),
        id,
        kind,
        job,
    )
}

pub fn list(call: &mut Call<'_>) -> Result<Message, Failure> {
    listed(call, &[], &[])
}

pub fn list_filtered(call: &mut Call<'_>) -> Result<Message, Failure> {
    let states: Vec<String> = call.arguments()?;
    listed(call, &states, &[])
}

pub fn list_by_patterns(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (states, patterns): (Vec<String>, Vec<String>) = call.arguments()?;
    listed(call, &states, &patterns)
}

/// Those in one of the states, if any are given, and with a name that fits a pattern, likewise.
fn listed(call: &Call<'_>, states: &[String], patterns: &[String]) -> Result<Message, Failure> {
    let rows: Vec<Row> = call
        .driver
        .engine()
        .statuses()
        .iter()
        .filter(|status| {
            let words = [status.load_state.as_str(), status.active.as_str(), status.sub];
            states.is_empty() || states.iter().any(|state| words.contains(&state.as_str()))
        })
        .filter(|status| {
            patterns.is_empty()
                || patterns.iter().any(|pattern| shell_pattern::matches(pattern, status.name.as_str()))
        })
        .map(|status| row(call.driver, status))
        .collect();
    call.answer(&rows)
}

/// How many names one call may ask for.
const MAX_NAMES: usize = 4096;

pub fn list_by_names(call: &mut Call<'_>) -> Result<Message, Failure> {
    let names: Vec<String> = call.arguments()?;
    if names.len() > MAX_NAMES {
        return Err(Failure::limits_exceeded("Too many names."));
    }
    let mut rows = Vec::new();
    for name in &names {
        let Ok(name) = UnitName::new(name.as_str()) else { continue };
        rows.extend(load(call, &name, |driver, status| row(driver, &status)));
    }
    call.answer(&rows)
}

pub fn reset_all_failed(call: &mut Call<'_>) -> Result<Message, Failure> {
    call.driver.reset_failed(None)?;
    call.answer(&())
}

pub fn reset_failed(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = loaded_or_own(call, &name)?;
    reset_failed_unit(call, &unit)
}

/// Forgets that a unit has failed.
///
/// # Errors
/// It is not loaded.
pub fn reset_failed_unit(call: &mut Call<'_>, unit: &UnitName) -> Result<Message, Failure> {
    call.driver.reset_failed(Some(unit))?;
    call.answer(&())
}

pub fn reference(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = if name.is_empty() { own(call)? } else { loadable_name(&name)? };
    reference_unit(call, &unit)
}

/// Holds on to a unit for the caller.
///
/// # Errors
/// There is no such unit, or the caller holds too many.
pub fn reference_unit(call: &mut Call<'_>, name: &UnitName) -> Result<Message, Failure> {
    let status = load(call, name, |_, status| status).ok_or_else(|| not_loaded(name.as_str()))?;
    match status.load_state {
        LoadState::NotFound => return Err(Failure::no_such_unit(format!("Unit {name} not found."))),
        LoadState::Masked => return Err(Failure::unit_masked(format!("Unit {name} is masked."))),
        _ => {}
    }
    call.state.clients.change(&call.sender)?.reference(&status.name)?;
    call.driver.pin(&status.name, true);
    call.answer(&())
}

pub fn release(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = loaded_or_own(call, &name)?;
    release_unit(call, &unit)
}

/// Lets go of a unit for the caller.
///
/// # Errors
/// The caller does not hold it.
pub fn release_unit(call: &mut Call<'_>, unit: &UnitName) -> Result<Message, Failure> {
    if !call.state.clients.change(&call.sender)?.release(unit) {
        return Err(Failure::not_referenced("Unit has not been referenced yet."));
    }
    if !call.state.clients.any_reference(unit) {
        call.driver.pin(unit, false);
    }
    call.answer(&())
}
