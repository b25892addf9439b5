//! `units preset`, `units preset-all`.

use clap::Args;

use super::{Source, change};
use crate::cli::{Error, Result};
use crate::unit::install::{self, InstallError, Presets};
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// Arguments of `units preset-all`.
#[derive(Debug, Args)]
pub struct All {
    /// Until the next boot only, or the next log-in.
    #[arg(long)]
    runtime: bool,
}

/// Enables and disables units as the preset files say.
///
/// # Errors
/// A unit is not there or masked, or a link cannot be made or removed.
pub fn run(arguments: &change::Units, source: &Source) -> Result {
    let loader = source.loader();
    let names = arguments.names()?;
    let directory = arguments.directory(source, &loader)?;
    change::all_exist(&loader, &names, "preset")?;
    if let Some(mask) = names.iter().find_map(|name| change::mask_of(&loader, name)) {
        return Err(Error::Install { verb: "preset", error: InstallError::Masked(mask) });
    }
    let (changes, errors) = install::preset(&loader, &presets(&loader), &names, &directory);
    if let Some(error) = errors.into_iter().next() {
        return Err(Error::Install { verb: "preset", error });
    }
    change::carry_out(&loader, &changes, "preset")
}

/// The same for all unit files but masked ones. A unit that cannot be enabled is told and passed over.
///
/// # Errors
/// A link cannot be made or removed.
pub fn run_all(arguments: &All, source: &Source) -> Result {
    let loader = source.loader();
    let directory = change::directory(arguments.runtime, source, &loader)?;
    let names = loader.catalog().names().filter(|name| change::mask_of(&loader, name).is_none());
    let names: Vec<UnitName> = names.cloned().collect();
    let (changes, errors) = install::preset(&loader, &presets(&loader), &names, &directory);
    for error in errors {
        eprintln!("Failed to preset unit: {error}");
    }
    change::carry_out(&loader, &changes, "preset")
}

fn presets(loader: &Loader) -> Presets {
    Presets::load(loader.host(), loader.path())
}
