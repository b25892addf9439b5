//! `cargo xtask bench`: figures side by side in one run, as ratios. Absolute times differ from machine to machine.

mod echo;
mod libc;
mod load;
mod memory;
mod userdb;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// userdbd beside systemd's daemon and a bare echo server
    Userdb(userdb::Arguments),
    /// getpwnam and its kin, beside libnss-systemd
    Libc(libc::Arguments),
    /// Answers every message with the same reply (used by the others)
    #[command(hide = true)]
    Echo {
        /// Where to listen
        socket: PathBuf,
        /// File that holds the reply
        reply: PathBuf,
    },
}

/// Runs a benchmark, in a release build of this program.
pub fn run(arguments: &Arguments) -> ExitCode {
    let result = match &arguments.what {
        What::Echo { socket, reply } => echo::serve(socket, reply).map(|()| ExitCode::SUCCESS),
        What::Userdb(_) | What::Libc(_) if cfg!(debug_assertions) => run_release(),
        What::Userdb(arguments) => userdb::run(arguments).map(|()| ExitCode::SUCCESS),
        What::Libc(arguments) => libc::run(arguments).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        ExitCode::FAILURE
    })
}

/// Builds this program with optimization and runs it with the same arguments: the load must not be slower than what
/// it measures.
fn run_release() -> Result<ExitCode, String> {
    eprintln!("== building for release");
    let status = Command::new(crate::cargo())
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
