//! `session-launcher daemon`: the user's service manager.

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::daemon::event_loop::{self, Options};
use crate::daemon::{DaemonError, guardian};
use crate::manager::select::{self, Choice, Wanted};
use crate::unit::spec::UnitName;

/// What it is called with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The unit that starts with the manager.
    #[arg(long, value_name = "UNIT", default_value = "default.target")]
    unit: String,
    /// Write a newline to standard output once the manager can be reached.
    #[arg(long)]
    announce: bool,
    /// What supervises the services: auto takes the user's own service manager where one runs. Without the option,
    /// SESSION_LAUNCHER_MANAGER says it, or `manager = "..."` in session-launcher.toml
    #[arg(long, value_name = "MANAGER")]
    manager: Option<Choice>,
    /// Start that service manager when the user has none running
    #[arg(long)]
    private: bool,
    /// Be the engine itself; its guardian waits at standard input.
    #[arg(long, hide = true)]
    engine: bool,
}

/// Runs the manager until it ends.
///
/// # Errors
/// It cannot begin.
pub fn run(arguments: &Arguments) -> super::Result {
    let unit = UnitName::new(arguments.unit.as_str()).map_err(DaemonError::from)?;
    if !arguments.engine {
        // A value that is none is told by the engine.
        let manager = arguments.manager.map(|choice| format!("--manager={}", choice.as_str()));
        let mut own: Vec<String> = std::iter::once(format!("--unit={unit}")).chain(manager).collect();
        own.extend(arguments.private.then(|| "--private".to_owned()));
        own.extend(arguments.announce.then(|| "--announce".to_owned()));
        let failed = |error| DaemonError::Io { what: "the engine cannot be started", error };
        return Ok(guardian::run(&own).map_err(failed)?);
    }
    log_to_stderr();
    let configured = select::configured();
    let status = event_loop::run(&Options {
        unit: Some(unit),
        announce: arguments.announce,
        manager: arguments.manager.map_or(configured.manager, Wanted::by_option),
        private: arguments.private || configured.private,
    })?;
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SESSION_LAUNCHER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // Whoever reads this may have gone before us, and a complaint about that would be no less in vain.
        .log_internal_errors(false)
        .init();
}
