//! `units mask`, `units unmask`.

use clap::Args;

use super::{Source, change};
use crate::cli::{Error, Result};
use crate::unit::install;

/// Arguments of `units mask`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    change: change::Units,
    #[command(flatten)]
    force: change::Force,
}

/// Links units to /dev/null, so that nothing starts them.
///
/// # Errors
/// The place of a link is taken.
pub fn run(arguments: &Arguments, source: &Source) -> Result {
    let loader = source.loader();
    let directory = arguments.change.directory(source, &loader)?;
    let changes = install::mask(&loader, &arguments.change.names()?, &directory, arguments.force.overwrite())
        .map_err(|error| Error::Install { verb: "mask", error })?;
    change::carry_out(&loader, &changes, "mask")
}

/// Removes the masks of units. Those without one are passed over.
///
/// # Errors
/// A link cannot be removed.
pub fn run_unmask(arguments: &change::Units, source: &Source) -> Result {
    let loader = source.loader();
    let directory = arguments.directory(source, &loader)?;
    let changes = install::unmask(&loader, &arguments.names()?, &directory);
    change::carry_out(&loader, &changes, "unmask")
}
