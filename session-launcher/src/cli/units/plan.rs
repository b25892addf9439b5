//! `session-launcher plan`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::{Source, deps};
use crate::cli::{Error, Result};
use crate::job::JobKind;
use crate::unit::plan::{Plan, Step, plan};
use crate::unit::spec::JobMode;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The unit to start.
    #[arg(default_value = "default.target")]
    unit: String,
    /// How other units are met; `isolate` stops them.
    #[arg(long, default_value = "replace", value_parser = ["fail", "replace", "isolate", "ignore-dependencies"])]
    mode: String,
    /// Variables that the manager would have, for conditions.
    #[arg(long = "setenv", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the jobs in the order in which they would begin, each with what pulls it in and what would skip it.
///
/// # Errors
/// The start would be refused, or the output cannot be written.
pub fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let loader = arguments.source.loader();
    let mut environment = Source::environment();
    for variable in &arguments.variables {
        let (name, value) =
            variable.split_once('=').ok_or_else(|| Error::Other(format!("{variable} is not NAME=VALUE")))?;
        environment.insert(name.to_owned(), value.to_owned());
    }
    let mode = match arguments.mode.as_str() {
        "fail" => JobMode::Fail,
        "isolate" => JobMode::Isolate,
        "ignore-dependencies" => JobMode::IgnoreDependencies,
        _ => JobMode::Replace,
    };
    let plan = plan(&loader, &environment, &super::unit_name(&arguments.unit)?, mode)
        .map_err(|error| Error::Other(error.to_string()))?;
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &plan)?;
        writeln!(output)?;
        return Ok(ExitCode::SUCCESS);
    }
    write(&plan, output)?;
    Ok(ExitCode::SUCCESS)
}

fn write(plan: &Plan, output: &mut dyn Write) -> std::io::Result<()> {
    let width = plan.steps.iter().map(|step| step.unit.as_str().len()).max().unwrap_or(0);
    let mut group = None;
    for step in &plan.steps {
        let current = if step.follows { None } else { Some(step.wave) };
        if group != Some(current) {
            group = Some(current);
            match current {
                Some(wave) => writeln!(output, "{}. together:", wave + 1)?,
                None => writeln!(output, "and then, because of that:")?,
            }
        }
        let verb = match step.kind {
            JobKind::Start => String::new(),
            kind => format!("{} ", kind.as_str()),
        };
        writeln!(output, "  {:width$}  {verb}{}", step.unit, reason(step))?;
        for condition in &step.skipped_by {
            writeln!(output, "  {:width$}    skipped: {condition} does not hold", "")?;
        }
        for assert in &step.failed_by {
            writeln!(output, "  {:width$}    fails: {assert} does not hold", "")?;
        }
    }
    if !plan.left_out.is_empty() {
        writeln!(output, "left out:")?;
    }
    for (unit, state) in &plan.left_out {
        writeln!(output, "  {unit:width$}  {}", state.as_str())?;
    }
    let jobs = plan.steps.iter().filter(|step| !step.follows).count();
    let skipped = plan.steps.iter().filter(|step| !step.skipped_by.is_empty()).count();
    writeln!(output, "\n{jobs} jobs, {skipped} skipped, {} left out.", plan.left_out.len())
}

fn reason(step: &Step) -> String {
    match &step.reason {
        None if step.follows => String::new(),
        None => "asked for".to_owned(),
        Some(reason) => format!("{} of {}{}", reason.kind, reason.by, deps::written(&reason.origin)),
    }
}
