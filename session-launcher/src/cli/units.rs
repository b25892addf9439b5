//! `session-launcher units`: looks at unit files, and enables and masks them.

pub mod cat;
pub mod change;
pub mod deps;
pub mod directives;
pub mod disable;
pub mod enable;
pub mod graph;
pub mod is_enabled;
pub mod list;
pub mod mask;
pub mod plan;
pub mod preset;
pub mod show;
pub mod verify;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Result;
use crate::unit::load::Loader;
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::search_path::SearchPath;
use crate::unit::specifier::Host;

/// Arguments of `units`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(subcommand)]
    command: Command,
}

/// Where units come from.
#[derive(Debug, Clone, Default, Args)]
pub struct Source {
    /// Only the directories that concern all users, below this one.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    root: Option<PathBuf>,
    /// Only these directories, the most important first.
    #[arg(long = "unit-path", global = true, value_name = "DIRECTORY")]
    unit_path: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List unit files, or the units that a unit pulls in.
    List(list::Arguments),
    /// Print a unit's files with their drop-ins.
    Cat(cat::Arguments),
    /// Print a unit's settings as they are in force.
    Show(show::Arguments),
    /// Check units; every finding with its file and line.
    Verify(verify::Arguments),
    /// Print what a unit depends on, or what depends on it, as a tree.
    Deps(deps::Arguments),
    /// Draw the units that a unit pulls in, as text, DOT or SVG.
    Graph(graph::Arguments),
    /// Print which directives are applied or kept as written, ignored or refused.
    Directives(directives::Arguments),
    /// Print the directories in which units are looked for.
    Paths,
    /// Print whether units are enabled.
    IsEnabled(is_enabled::Arguments),
    /// Make the links of [Install], so that other units pull units in.
    Enable(enable::Arguments),
    /// Remove the links to units.
    Disable(change::Units),
    /// Enable or disable units as the preset files say.
    Preset(change::Units),
    /// Enable or disable all units as the preset files say.
    PresetAll(preset::All),
    /// Link units to /dev/null, so that nothing starts them.
    Mask(mask::Arguments),
    /// Remove the masks of units.
    Unmask(change::Units),
}

/// Runs a command of `units`.
///
/// # Errors
/// A unit is not there, a link cannot be made or removed, or the output cannot be written.
pub fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let source = &arguments.source;
    match &arguments.command {
        Command::List(arguments) => list::run(arguments, &source.loader(), output),
        Command::Cat(arguments) => cat::run(arguments, &source.loader(), output),
        Command::Show(arguments) => show::run(arguments, &source.loader(), output),
        Command::Verify(arguments) => verify::run(arguments, source, output),
        Command::Deps(arguments) => deps::run(arguments, &source.loader(), output),
        Command::Graph(arguments) => graph::run(arguments, &source.loader(), output),
        Command::Directives(arguments) => directives::run(arguments, output),
        Command::Paths => {
            for directory in source.search_path(&source.host()).directories() {
                writeln!(output, "{}", directory.display())?;
            }
            Ok(std::process::ExitCode::SUCCESS)
        }
        Command::IsEnabled(arguments) => is_enabled::run(arguments, &source.loader(), output),
        Command::Enable(arguments) => enable::run(arguments, source),
        Command::Disable(arguments) => disable::run(arguments, source),
        Command::Preset(arguments) => preset::run(arguments, source),
        Command::PresetAll(arguments) => preset::run_all(arguments, source),
        Command::Mask(arguments) => mask::run(arguments, source),
        Command::Unmask(arguments) => mask::run_unmask(arguments, source),
    }
}

impl Source {
    /// The process's environment, as far as it is text.
    pub fn environment() -> BTreeMap<String, String> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    fn host(&self) -> Host {
        Host::detect(&Self::environment(), self.root.as_deref())
    }

    fn search_path(&self, host: &Host) -> SearchPath {
        if !self.unit_path.is_empty() {
            return SearchPath::of_directories(
                self.unit_path.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())),
            );
        }
        match &self.root {
            Some(root) => SearchPath::global(Some(root)),
            None => SearchPath::of_user(host, &Self::environment()),
        }
    }

    /// A loader with further directories before the others.
    pub fn loader_with<'a>(&self, first: impl Iterator<Item = &'a std::path::Path>) -> Loader {
        let host = self.host();
        let mut path = self.search_path(&host);
        for directory in first {
            path.prepend(std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned()));
        }
        Loader::new(path, host)
    }

    /// A loader for these directories.
    pub fn loader(&self) -> Loader {
        let host = self.host();
        Loader::new(self.search_path(&host), host)
    }
}

/// Reads a unit name; one without a type is a service's, as for systemctl.
///
/// # Errors
/// It is no name.
pub fn unit_name(text: &str) -> std::result::Result<UnitName, super::Error> {
    let has_type = text.rsplit_once('.').is_some_and(|(_, suffix)| UnitKind::from_suffix(suffix).is_some());
    Ok(UnitName::new(if has_type { text.to_owned() } else { format!("{text}.service") })?)
}
