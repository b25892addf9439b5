//! `units verify`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{Source, show};
use crate::cli::Result;
use crate::unit::diagnostic::{Diagnostic, Severity};
use crate::unit::name::UnitName;
use crate::unit::verify;

/// Arguments of `units verify`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Names of units, or paths of unit files; all unit files that are no templates when none is given.
    units: Vec<String>,
    /// Leave out notes: directives that have no effect here though the unit means the same.
    #[arg(short, long)]
    quiet: bool,
    /// One JSON object for each finding.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Finding<'a> {
    unit: &'a UnitName,
    #[serde(flatten)]
    diagnostic: &'a Diagnostic,
}

/// Prints `file:line: severity: message`, as compilers do. The exit code tells of errors and warnings.
///
/// # Errors
/// A name is none, or the output cannot be written.
pub fn run(arguments: &Arguments, source: &Source, output: &mut dyn Write) -> Result {
    let (files, names): (Vec<&String>, Vec<&String>) =
        arguments.units.iter().partition(|text| text.contains('/'));
    let loader = source.loader_with(files.iter().filter_map(|file| std::path::Path::new(file).parent()));
    let mut given: Vec<String> = names.into_iter().cloned().collect();
    given.extend(files.iter().filter_map(|file| file.rsplit('/').next()).map(str::to_owned));
    let names = show::names(&given, &loader)?;
    let findings = verify::verify(&loader, &names);
    let mut worst = Severity::Note;
    for (unit, diagnostic) in &findings {
        worst = worst.max(diagnostic.severity);
        if arguments.quiet && diagnostic.severity == Severity::Note {
            continue;
        }
        if arguments.json {
            serde_json::to_writer(&mut *output, &Finding { unit, diagnostic })?;
            writeln!(output)?;
        } else if diagnostic.path.is_none() {
            writeln!(output, "{unit}: {diagnostic}")?;
        } else {
            writeln!(output, "{diagnostic}")?;
        }
    }
    Ok(if worst == Severity::Note { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
