//! `units directives`: the table that the documentation is made from.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::Result;
use crate::unit::directive::support::{Group, Support, TABLE};

/// Arguments of `units directives`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    page: &'static str,
    directive: &'static str,
    support: &'static str,
    reason: &'static str,
}

/// Prints a Markdown table of all directives that are not simply honoured.
///
/// # Errors
/// The output cannot be written.
pub fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let rows: Vec<Row> = TABLE
        .iter()
        .map(|entry| Row {
            page: page(entry.group),
            directive: entry.name,
            support: support(entry.support),
            reason: entry.reason,
        })
        .collect();
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &rows)?;
        writeln!(output)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(output, "| page | directive | support | what it is about |\n|-|-|-|-|")?;
    for Row { page, directive, support, reason } in rows {
        writeln!(output, "| {page} | `{directive}=` | {support} | {reason} |")?;
    }
    Ok(ExitCode::SUCCESS)
}

const fn page(group: Group) -> &'static str {
    match group {
        Group::Exec => "systemd.exec(5)",
        Group::Resource => "systemd.resource-control(5)",
        Group::Service => "systemd.service(5)",
        Group::Socket => "systemd.socket(5)",
    }
}

const fn support(support: Support) -> &'static str {
    match support {
        Support::Honoured => "applied as written",
        Support::Kept => "kept and shown, not applied",
        Support::Sandbox => "sandbox: noted, not enforced here",
        Support::Ignored => "ignored: the unit means the same",
        Support::Refused => "refused: the unit would mean something else",
    }
}
