//! `session-launcher generate`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::units::Source;
use super::{Error, Result};
use crate::unit::generator::{self, dbus_service, xdg_autostart};

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Where to write the units; without it they are printed.
    directory: Option<PathBuf>,
    /// The command that generated units call to test for desktops.
    #[arg(long, default_value = "session-launcher", value_name = "COMMAND")]
    own_program: String,
}

/// Writes or prints the generated units, and says on standard error which autostart entries got none.
///
/// # Errors
/// A unit cannot be written.
pub fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let loader = arguments.source.loader();
    let environment = Source::environment();
    let root = loader.path().root();
    let directories = xdg_autostart::directories(loader.host(), &environment);
    let (mut units, skipped) = xdg_autostart::generate(&directories, root, &arguments.own_program);
    let services = dbus_service::load(&dbus_service::directories(loader.host(), &environment), root);
    units.extend(dbus_service::generate(&services, loader.catalog(), root));
    for entry in skipped {
        eprintln!("{}: no unit: {}", entry.path.display(), entry.reason);
    }
    match &arguments.directory {
        Some(directory) => {
            generator::write(&units, directory)
                .map_err(|error| Error::File { path: directory.clone(), error })?;
        }
        None => {
            for unit in &units {
                writeln!(output, "# {}\n{}", unit.name, unit.text)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
