//! Units that a client describes instead of a file (`StartTransientUnit`).
//!
//! A description is written as the text of a unit file and read as one, with the drop-ins that the unit's name has, so
//! that every setting means here what it means there.

mod processes;
mod setting;

use zbus::{Message, OwnedVariant};

use super::call::Call;
use super::error::Failure;
use super::manager::jobs::{self, Wish};
use super::manager::units;
use super::path;
use super::table::Method;
use crate::job::JobKind;
use crate::unit::diagnostic::Severity;
use crate::unit::spec::{LoadState, Unit, UnitKind, UnitName};

/// The methods.
pub const METHODS: &[Method] = &[
    Method::changing(
        "StartTransientUnit",
        ("ssa(sv)a(sa(sv))", "name mode properties aux"),
        ("o", "job"),
        start,
    ),
    Method::changing("AbandonScope", ("s", "name"), ("", ""), abandon_scope),
];

/// How many settings one description may have.
const MAX_SETTINGS: usize = 1024;

/// How many units one call may describe.
const MAX_UNITS: usize = 16;

type Setting = (String, OwnedVariant);
type Arguments = (String, String, Vec<Setting>, Vec<(String, Vec<Setting>)>);

fn start(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, mode, settings, others): Arguments = call.arguments()?;
    if others.len() >= MAX_UNITS {
        return Err(Failure::limits_exceeded("Too many units in one call."));
    }
    let main = describe(call, &name, &settings)?;
    let others: Vec<Described> =
        others.iter().map(|(name, settings)| describe(call, name, settings)).collect::<Result<_, _>>()?;
    let unit = main.unit.name.clone();
    let hold = main.hold;
    let names: Vec<UnitName> =
        others.iter().map(|other| other.unit.name.clone()).chain([unit.clone()]).collect();
    for described in others.into_iter().chain([main]) {
        call.state.clients.change(&call.sender)?.make(&described.unit.name)?;
        call.driver.add_transient(described.unit, &described.pids);
    }
    if hold {
        call.state.clients.change(&call.sender)?.reference(&unit)?;
        call.driver.pin(&unit, true);
    }
    match jobs::queue(call, unit.clone(), Wish::plain(JobKind::Start), &mode) {
        Ok(job) => call.answer(&path::job(job)),
        Err(failure) => {
            let client = call.state.clients.change(&call.sender)?;
            if hold {
                client.release(&unit);
            }
            for name in &names {
                client.transient.remove(name);
            }
            if hold && !call.state.clients.any_reference(&unit) {
                call.driver.pin(&unit, false);
            }
            for name in &names {
                call.driver.remove_transient(name);
            }
            Err(failure)
        }
    }
}

/// A unit as a client wants it.
struct Described {
    unit: Unit,
    pids: Vec<i32>,
    hold: bool,
}

fn describe(call: &Call<'_>, name: &str, settings: &[Setting]) -> Result<Described, Failure> {
    let name = units::valid_name(name)?;
    if settings.len() > MAX_SETTINGS {
        return Err(Failure::limits_exceeded("Too many properties."));
    }
    if !matches!(
        name.kind(),
        UnitKind::Service
            | UnitKind::Scope
            | UnitKind::Slice
            | UnitKind::Timer
            | UnitKind::Path
            | UnitKind::Socket
    ) {
        let kind = name.kind();
        return Err(Failure::invalid_arguments(format!(
            "Unit type {kind} does not support transient units."
        )));
    }
    let loader = &call.driver.engine().host().loader;
    let known =
        call.driver.engine().status(&name).is_some_and(|status| status.load_state != LoadState::NotFound);
    if known || name.is_template() || loader.catalog().find(&name).file.is_some() {
        return Err(Failure::unit_exists(format!("Unit {name} was already loaded or has a fragment file.")));
    }
    let mut text = setting::Text::of(name.kind());
    let mut pids = Vec::new();
    let mut hold = false;
    for (property, value) in settings {
        match property.as_str() {
            "PIDs" | "PIDFDs" if name.kind() == UnitKind::Scope => {
                pids.extend(processes::of(value, call.sender_pid())?);
            }
            "AddRef" => {
                hold = value.downcast_ref::<bool>().map_err(|_| setting::wrong_type(property, "b"))?;
            }
            // Who wants to be asked before the scope is stopped: nobody is asked here.
            "Controller" if name.kind() == UnitKind::Scope => {}
            _ => text.add(property, value)?,
        }
    }
    let loaded = loader.load_text(&name, &text.text());
    let fault = loaded.findings.iter().find(|finding| {
        finding.severity > Severity::Note
            && finding.path.as_deref().is_some_and(|path| path.as_os_str().is_empty())
    });
    if let Some(finding) = fault {
        return Err(text.failure(finding));
    }
    match loaded.unit.load_state {
        LoadState::Loaded if name.kind() == UnitKind::Scope && pids.is_empty() => {
            Err(Failure::file_not_found(format!(
                "Unit {name} failed to load properly, please adjust/correct and reload service manager: No such file or directory"
            )))
        }
        LoadState::Loaded => Ok(Described { unit: loaded.unit, pids, hold }),
        _ => Err(Failure::bad_unit_setting(format!("Unit {name} has a bad unit file setting."))),
    }
}

fn abandon_scope(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = units::loaded_or_own(call, &name)?;
    abandon(call, &unit)
}

/// Lets a scope run on without the process that made it.
///
/// # Errors
/// The unit is no scope, or it does not run.
pub fn abandon(call: &mut Call<'_>, unit: &UnitName) -> Result<Message, Failure> {
    if unit.kind() != UnitKind::Scope {
        return Err(Failure::invalid_arguments(format!("Unit '{unit}' is not a scope unit, refusing.")));
    }
    let runs =
        call.driver.engine().status(unit).is_some_and(|status| matches!(status.sub, "running" | "abandoned"));
    if !runs {
        return Err(Failure::scope_not_running(format!("Scope {unit} is not running, cannot abandon.")));
    }
    call.driver.abandon_scope(unit);
    call.answer(&())
}
