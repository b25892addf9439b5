//! `units enable`.

use std::process::ExitCode;

use clap::Args;

use super::{Source, change};
use crate::cli::{Error, Result};
use crate::unit::install::{self, Installation};

/// Arguments of `units enable`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    change: change::Units,
    #[command(flatten)]
    force: change::Force,
}

/// Makes the links that `[Install]` names. If one unit cannot be enabled, none is.
///
/// # Errors
/// A unit is not there or masked, or the place of a link is taken.
pub fn run(arguments: &Arguments, source: &Source) -> Result {
    let loader = source.loader();
    let names = arguments.change.names()?;
    let directory = arguments.change.directory(source, &loader)?;
    let changes = install::enable(&loader, &names, &directory, arguments.force.overwrite())
        .map_err(|error| Error::Install { verb: "enable", error })?;
    for name in &names {
        let installation = Installation::of(&loader, name).unwrap_or_default();
        if !installation.has_links() && installation.also.is_empty() {
            eprintln!(
                "{name} has nothing in [Install], so enabling it changes nothing: other units start it."
            );
        }
    }
    change::carry_out(&loader, &changes, "enable")?;
    Ok(ExitCode::SUCCESS)
}
