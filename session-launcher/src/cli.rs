//! The command line.

pub mod ctl;
pub mod daemon;
pub mod end_bus_services;
pub mod exec;
pub mod generate;
pub mod init_worker;
pub mod leader;
pub mod log;
pub mod start;
pub mod systemctl;
pub mod translate;
pub mod units;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::unit::generator::xdg_autostart;

/// Runs systemd user units on Dinit, OpenRC, Shepherd, or by itself.
#[derive(Debug, Parser)]
#[command(name = "session-launcher", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at unit files as they are understood; enable and mask them.
    Units(units::Arguments),
    /// Make units of autostart entries and D-Bus services.
    Generate(generate::Arguments),
    /// Test whether an autostart entry is for this desktop; made for ExecCondition= of generated units.
    #[command(hide = true)]
    AutostartCondition {
        /// OnlyShowIn=, with colons.
        only: String,
        /// NotShowIn=, with colons.
        not: String,
    },
    /// Write native service files of Dinit, OpenRC or the Shepherd, and report what they cannot say.
    Translate(translate::Arguments),
    /// Run one service for a manager that cannot do all that its unit says; translated files call it.
    RunService(Box<crate::run_service::Options>),
    /// Print what starting a unit would do.
    Plan(units::plan::Arguments),
    /// Run the user's service manager, on the session bus.
    Daemon(daemon::Arguments),
    /// Become the process of a unit, or its parent under another service manager; the manager starts it.
    #[command(hide = true)]
    Exec(exec::Arguments),
    /// End the programs that the session bus has started.
    #[command(hide = true)]
    EndBusServices,
    /// Start a target, stay while it is up, and stop it when asked: the leader of a session.
    Start(start::Arguments),
    /// Print the output of a unit that was kept.
    Log(log::Arguments),
}

/// Reads the arguments of the process and does what they say.
pub fn main() -> ExitCode {
    if let Some(code) = by_name() {
        return code;
    }
    let arguments = Arguments::parse();
    let mut output = io::BufWriter::new(io::stdout().lock());
    let result = match arguments.command {
        Command::Units(arguments) => units::run(&arguments, &mut output),
        Command::Generate(arguments) => generate::run(&arguments, &mut output),
        Command::AutostartCondition { only, not } => {
            let current = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
            // Any code from 1 to 254 skips the unit.
            Ok(if xdg_autostart::is_for_desktop(&only, &not, &current) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Translate(arguments) => translate::run(&arguments, &mut output),
        Command::RunService(options) => Ok(crate::run_service::run(*options)),
        Command::Plan(arguments) => units::plan::run(&arguments, &mut output),
        Command::Daemon(arguments) => daemon::run(&arguments),
        Command::Exec(arguments) => exec::run(arguments),
        Command::EndBusServices => end_bus_services::run(),
        Command::Start(arguments) => start::run(&arguments),
        Command::Log(arguments) => log::run(&arguments, &mut output),
    };
    let result = result.and_then(|code| output.flush().map(|()| code).map_err(Error::Output));
    match result {
        Ok(code) => code,
        // A reader that has seen enough, such as head(1), is no failure.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("session-launcher: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the program that the process was called as, if that is not session-launcher.
fn by_name() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let path = arguments.next()?;
    let name = path.rsplit('/').next()?;
    let program: fn(&[String]) -> ExitCode = match name {
        init_worker::PROGRAM => init_worker::main,
        ctl::PROGRAM => ctl::main,
        systemctl::PROGRAM => systemctl::main,
        _ => return None,
    };
    Some(program(&arguments.collect::<Vec<_>>()))
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The output cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// The output cannot be put into JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A unit that was named is not there.
    #[error("unit {0} not found")]
    NotFound(crate::unit::name::UnitName),
    /// A name that was given is none.
    #[error("{0}")]
    Name(#[from] crate::unit::name::NameError),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// Units cannot be enabled, disabled or masked.
    #[error("Failed to {verb} unit: {error}")]
    Install {
        /// What was to be done.
        verb: &'static str,
        /// Why it is not.
        error: crate::unit::install::InstallError,
    },
    /// The manager cannot run.
    #[error("{0}")]
    Daemon(#[from] crate::daemon::DaemonError),
    /// Something else that the message tells.
    #[error("{0}")]
    Other(String),
}

/// What a command gives back: its exit code.
pub type Result = std::result::Result<ExitCode, Error>;
