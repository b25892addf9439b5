//! `units cat`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::cli::{Error, Result};
use crate::unit::load::Loader;
use crate::unit::spec::LoadState;

/// Arguments of `units cat`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Units.
    #[arg(required = true)]
    units: Vec<String>,
}

/// Prints each file of a unit below a comment with its path.
///
/// # Errors
/// A unit is not there, or a file cannot be read.
pub fn run(arguments: &Arguments, loader: &Loader, output: &mut dyn Write) -> Result {
    for (position, text) in arguments.units.iter().enumerate() {
        let unit = loader.load(&super::unit_name(text)?).unit;
        if unit.load_state == LoadState::NotFound {
            return Err(Error::NotFound(unit.name));
        }
        if position > 0 {
            writeln!(output)?;
        }
        for (position, path) in unit.fragment_path.iter().chain(&unit.drop_in_paths).enumerate() {
            if position > 0 {
                writeln!(output)?;
            }
            writeln!(output, "# {}", path.display())?;
            let place = loader.path().locate(path);
            let bytes = std::fs::read(&place).map_err(|error| Error::File { path: place, error })?;
            output.write_all(&bytes)?;
            if !bytes.ends_with(b"\n") {
                writeln!(output)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
