//! Suspending all processes of a unit by its control group (`FreezeUnit`, `ThawUnit`).

use zbus::Message;

use super::units;
use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::table::Method;
use crate::unit::spec::UnitName;

/// The methods.
pub const METHODS: &[Method] = &[
    Method::changing("FreezeUnit", ("s", "name"), ("", ""), |call| named(call, true)),
    Method::changing("ThawUnit", ("s", "name"), ("", ""), |call| named(call, false)),
];

fn named(call: &mut Call<'_>, frozen: bool) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = units::loaded(call.driver, &name)?.name;
    set_frozen(call, &unit, frozen)
}

/// Freezes a unit or lets it go on.
///
/// # Errors
/// The unit does not run, or cannot be frozen.
pub fn set_frozen(call: &mut Call<'_>, name: &UnitName, frozen: bool) -> Result<Message, Failure> {
    if !call.driver.can_freeze(name) {
        return Err(Failure::not_supported("Unit does not support freeze/thaw"));
    }
    let status = units::loaded(call.driver, name.as_str())?;
    if status.active.is_inactive_or_failed() {
        return Err(Failure::unit_inactive("Unit is not active"));
    }
    call.driver
        .set_frozen(name, frozen)
        .map_err(|error| Failure::io(format!("cgroup.freeze of {name}: {error}")))?;
    call.state.dirty.entry(status.name).or_default();
    call.answer(&())
}
