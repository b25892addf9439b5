//! `session-launcher exec`: the process of a unit, or what another service manager runs for it.

use crate::exec::{native, wrapper};
use crate::unit::spec::UnitName;

/// What it is called with. Without a unit, the launch waits at standard input.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Ask the engine for the process of this unit, and be its parent.
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Have the engine start this unit, and wait until it is up.
    #[arg(long, value_name = "UNIT", conflicts_with = "unit")]
    ask: Option<String>,
    /// Write a newline to this descriptor once the unit is up.
    #[arg(long, value_name = "N", requires = "unit")]
    ready_fd: Option<i32>,
    /// The OpenRC service whose supervise-daemon runs this.
    #[arg(long, value_name = "NAME", requires = "unit")]
    openrc_service: Option<String>,
}

/// Runs it.
///
/// # Errors
/// The unit's name is none, or signals cannot be caught.
pub fn run(arguments: Arguments) -> super::Result {
    let failed = |error: std::io::Error| super::Error::Other(error.to_string());
    if let Some(unit) = arguments.ask {
        return native::ask(&UnitName::new(unit)?).map_err(failed);
    }
    let Some(unit) = arguments.unit else { return Ok(wrapper::run_from_standard_input()) };
    let options = native::Options {
        unit: UnitName::new(unit)?,
        ready_fd: arguments.ready_fd,
        openrc_service: arguments.openrc_service,
    };
    native::run(options).map_err(failed)
}
