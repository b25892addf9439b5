//! `units graph`.

mod dot;
mod svg;

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::deps;
use crate::cli::Result;
use crate::unit::load::Loader;
use crate::unit::pull_tree::{Options, PullTree};

/// Arguments of `units graph`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The unit at the root.
    #[arg(default_value = "default.target")]
    unit: String,
    /// What to write.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// With what every unit has: basic.target, slices.
    #[arg(short, long)]
    all: bool,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A tree of lines.
    Text,
    /// For Graphviz.
    Dot,
    /// A picture that needs nothing else.
    Svg,
}

/// Writes the graph of what a unit pulls in.
///
/// # Errors
/// A name is none, or the output cannot be written.
pub fn run(arguments: &Arguments, loader: &Loader, output: &mut dyn Write) -> Result {
    let name = super::unit_name(&arguments.unit)?;
    let set = loader.closure([&name]);
    let tree = PullTree::new(&set, &name, &Options { defaults: arguments.all, ..Options::default() });
    match arguments.format {
        Format::Text => deps::write_tree(&tree, &set, usize::MAX, output)?,
        Format::Dot => dot::write(&tree, &set, output)?,
        Format::Svg => svg::write(&tree, &set, output)?,
    }
    Ok(ExitCode::SUCCESS)
}
