//! `is-active`, `is-failed`, `is-system-running`, `reset-failed`.

use std::io::Write;

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, names, output};
use crate::client::Manager;
use crate::client::signals;

/// Of the LSB: not running.
const NOT_RUNNING: u8 = 3;
/// Of the LSB: unknown.
const UNKNOWN: u8 = 4;

/// Whether one of the units is active.
pub async fn is_active(
    manager: &Manager,
    arguments: &Arguments,
    units: &[String],
    output: &mut dyn Write,
) -> Result {
    let good = |state: &str| matches!(state, "active" | "reloading" | "refreshing");
    check(manager, arguments, units, output, good, NOT_RUNNING).await
}

/// Whether one of the units has failed; without any, whether any unit of the manager has.
pub async fn is_failed(
    manager: &Manager,
    arguments: &Arguments,
    units: &[String],
    output: &mut dyn Write,
) -> Result {
    if units.is_empty() {
        let state = system_state(manager).await?;
        output::line(output, arguments, &state)?;
        return Ok(u8::from(state != "degraded"));
    }
    check(manager, arguments, units, output, |state| state == "failed", 1).await
}

async fn check(
    manager: &Manager,
    arguments: &Arguments,
    units: &[String],
    output: &mut dyn Write,
    good: fn(&str) -> bool,
    otherwise: u8,
) -> Result {
    let (mut is_good, mut is_found) = (false, false);
    for name in names::expand(manager, units).await? {
        let failed = |error| Failure::call(format!("Failed to check unit {name}"), error);
        let path = manager.load_unit(&name).await.map_err(failed)?;
        let state = manager.unit_text(&path, "ActiveState").await.map_err(failed)?;
        let load = manager.unit_text(&path, "LoadState").await.map_err(failed)?;
        output::line(output, arguments, &state)?;
        is_good |= good(&state);
        is_found |= load != "not-found" || state != "inactive";
    }
    Ok(match (is_good, is_found) {
        (true, _) => 0,
        (false, false) => UNKNOWN,
        (false, true) => otherwise,
    })
}

async fn system_state(manager: &Manager) -> Result<String> {
    let failed = |error| Failure::call("Failed to query system state", error);
    let state = manager.own_property("SystemState").await.map_err(failed)?;
    String::try_from(state).map_err(|error| failed(error.into()))
}

/// Whether the manager is up, and no unit has failed.
pub async fn is_system_running(manager: &Manager, arguments: &Arguments, output: &mut dyn Write) -> Result {
    let mut state = system_state(manager).await?;
    if arguments.wait {
        let failed = |error| Failure::call("Failed to wait for the manager", error);
        let mut jobs = signals::job_removed(manager).await.map_err(failed)?;
        manager.subscribe().await.map_err(failed)?;
        state = system_state(manager).await?;
        while matches!(state.as_str(), "initializing" | "starting") {
            if jobs.next().await.is_none() {
                break;
            }
            state = system_state(manager).await?;
        }
    }
    output::line(output, arguments, &state)?;
    Ok(u8::from(state != "running"))
}

/// Forgets that units failed; without any, of all.
pub async fn reset_failed(manager: &Manager, units: &[String]) -> Result {
    if units.is_empty() {
        let failed = |error| Failure::call("Failed to reset failed units", error);
        manager.call("ResetFailed", &()).await.map_err(failed)?;
        return Ok(0);
    }
    let mut code = 0;
    for name in names::expand(manager, units).await? {
        if let Err(error) = manager.call("ResetFailedUnit", &name.as_str()).await {
            eprintln!("Failed to reset failed state of unit {name}: {error}");
            code = 1;
        }
    }
    Ok(code)
}
