//! `units show`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::cli::Result;
use crate::unit::load::{Loader, UnitSet};
use crate::unit::name::UnitName;
use crate::unit::property;

/// Arguments of `units show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Units; all unit files that are no templates when none is given.
    units: Vec<String>,
    /// Only these properties.
    #[arg(short, long, value_delimiter = ',', value_name = "NAME")]
    property: Vec<String>,
    /// All settings as typed JSON.
    #[arg(long)]
    json: bool,
}

/// Prints `Name=value` lines, units separated by an empty line; inverse dependencies within what the units pull in.
///
/// # Errors
/// A name is none, or the output cannot be written.
pub fn run(arguments: &Arguments, loader: &Loader, output: &mut dyn Write) -> Result {
    let names = names(&arguments.units, loader)?;
    let set = loader.closure(&names);
    if arguments.json {
        let units: Vec<_> = units(&names, &set).collect();
        serde_json::to_writer_pretty(&mut *output, &units)?;
        writeln!(output)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (position, unit) in units(&names, &set).enumerate() {
        if position > 0 {
            writeln!(output)?;
        }
        for (name, value) in property::properties(unit, Some(&set)) {
            let wanted =
                arguments.property.is_empty() || arguments.property.iter().any(|wanted| wanted == name);
            if wanted {
                writeln!(output, "{name}={value}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn units<'a>(names: &'a [UnitName], set: &'a UnitSet) -> impl Iterator<Item = &'a crate::unit::spec::Unit> {
    names.iter().filter_map(|name| set.get(name))
}

/// The names that were given, or all that have a file.
pub fn names(given: &[String], loader: &Loader) -> std::result::Result<Vec<UnitName>, crate::cli::Error> {
    if given.is_empty() {
        return Ok(loader.catalog().names().filter(|name| !name.is_template()).cloned().collect());
    }
    given.iter().map(|text| super::unit_name(text)).collect()
}
