//! `units is-enabled`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::Result;
use crate::unit::install::{self, UnitFileState};
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// The exit code of systemctl(1) when none of the units is there.
const NONE_IS_THERE: u8 = 4;

/// Arguments of `units is-enabled`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Units; a name without a type is a service's.
    #[arg(required = true, value_name = "UNIT")]
    units: Vec<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Print nothing; the exit code tells.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Serialize)]
struct Row {
    name: UnitName,
    state: &'static str,
}

/// Prints the state of each unit file.
///
/// # Errors
/// A name is none, or the output cannot be written.
pub fn run(arguments: &Arguments, loader: &Loader, output: &mut dyn Write) -> Result {
    let mut rows = Vec::new();
    let mut states = Vec::new();
    for text in &arguments.units {
        let name = super::unit_name(text)?;
        let state = install::state(loader, &name);
        states.push(state);
        rows.push(Row { name, state: state.as_str() });
    }
    if arguments.quiet {
    } else if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &rows)?;
        writeln!(output)?;
    } else {
        for row in rows {
            writeln!(output, "{}", row.state)?;
        }
    }
    Ok(exit_code(&states))
}

/// One unit that is enabled is enough.
fn exit_code(states: &[UnitFileState]) -> ExitCode {
    if states.iter().any(|state| state.may_start()) {
        ExitCode::SUCCESS
    } else if states.iter().all(|state| *state == UnitFileState::NotFound) {
        ExitCode::from(NONE_IS_THERE)
    } else {
        ExitCode::FAILURE
    }
}
