//! `units list`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::Result;
use crate::unit::install;
use crate::unit::load::Loader;
use crate::unit::name::UnitName;
use crate::unit::spec::LoadState;

/// Arguments of `units list`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only what this unit pulls in or refers to.
    unit: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    name: UnitName,
    load: LoadState,
    state: &'static str,
    description: String,
    path: Option<std::path::PathBuf>,
}

/// Prints name, load state, enablement and description of each unit file.
///
/// # Errors
/// A name is none, or the output cannot be written.
pub fn run(arguments: &Arguments, loader: &Loader, output: &mut dyn Write) -> Result {
    let rows = match &arguments.unit {
        Some(text) => {
            let set = loader.closure([&super::unit_name(text)?]);
            set.iter().map(|unit| row(loader, unit)).collect()
        }
        None => all(loader),
    };
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &rows)?;
        writeln!(output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.name.as_str().len()).max().unwrap_or(0);
    for row in &rows {
        writeln!(output, "{:width$} {:11} {:9} {}", row.name, row.load.as_str(), row.state, row.description)?;
    }
    writeln!(output, "\n{} units.", rows.len())?;
    Ok(ExitCode::SUCCESS)
}

fn all(loader: &Loader) -> Vec<Row> {
    let template = |name: &UnitName| Row {
        state: install::state(loader, name).as_str(),
        name: name.clone(),
        load: LoadState::Loaded,
        description: "template".to_owned(),
        path: loader.catalog().find(name).file,
    };
    let names = loader.catalog().names();
    names
        .map(|name| {
            if name.is_template() {
                template(name)
            } else {
                Row {
                    name: name.clone(),
                    state: install::state(loader, name).as_str(),
                    ..row(loader, &loader.load(name).unit)
                }
            }
        })
        .collect()
}

fn row(loader: &Loader, unit: &crate::unit::spec::Unit) -> Row {
    Row {
        name: unit.name.clone(),
        load: unit.load_state,
        state: install::state(loader, &unit.name).as_str(),
        description: unit.description.clone(),
        path: unit.fragment_path.clone(),
    }
}
