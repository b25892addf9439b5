//! Removing what a unit has stored (`CleanUnit`, systemctl(1) "clean").

use zbus::Message;

use super::units;
use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::table::Method;
use crate::exec::prepare::DirectoryKind;
use crate::unit::spec::{UnitKind, UnitName};

/// The methods.
pub const METHODS: &[Method] = &[Method::changing("CleanUnit", ("sas", "name mask"), ("", ""), clean)];

fn clean(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, mask): (String, Vec<String>) = call.arguments()?;
    let unit = units::loadable_name(&name)?;
    clean_unit(call, &unit, &mask)
}

/// Removes the directories of those kinds.
///
/// # Errors
/// The unit is not there, runs, or has no such directories.
pub fn clean_unit(call: &mut Call<'_>, name: &UnitName, mask: &[String]) -> Result<Message, Failure> {
    let wanted = kinds(mask)?;
    let loaded = units::load(call, name, |driver, status| (status, driver.directories_of(name)));
    let (status, directories) = loaded.ok_or_else(|| units::not_loaded(name.as_str()))?;
    units::check_loaded(&status)?;
    if !matches!(name.kind(), UnitKind::Service | UnitKind::Socket) {
        return Err(Failure::not_supported(format!("Unit '{name}' does not support cleaning.")));
    }
    if !status.active.is_inactive_or_failed() || status.job.is_some() {
        return Err(Failure::unit_busy("Unit is not inactive or has pending job."));
    }
    let paths: Vec<_> = directories.into_iter().filter(|(kind, _)| wanted.contains(kind)).collect();
    if paths.is_empty() {
        return Err(Failure::nothing_to_clean("No matching resources found."));
    }
    for (_, path) in paths {
        crate::daemon::removal::remove(&path)
            .map_err(|error| Failure::io(format!("{}: {error}", path.display())))?;
    }
    // Clients wait for news of the unit.
    call.state.dirty.entry(status.name).or_default();
    call.answer(&())
}

fn kinds(mask: &[String]) -> Result<Vec<DirectoryKind>, Failure> {
    let mut kinds = Vec::new();
    for word in mask {
        match (word.as_str(), DirectoryKind::named(word)) {
            ("all", _) => kinds.extend(DirectoryKind::ALL),
            // Descriptors are kept for no unit that is down.
            ("fdstore", _) => {}
            (_, Some(kind)) => kinds.push(kind),
            _ => return Err(Failure::invalid_arguments(format!("Invalid resource type: {word}"))),
        }
    }
    Ok(kinds)
}
