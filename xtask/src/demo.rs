//! `cargo xtask demo`: builds Usher and shows what it does, on this machine, without changing anything on it.

mod gnome;
mod message_bus;
mod session;
mod users;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What is shown.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Real GNOME instead, in a Debian system that is built once (as root)
    #[arg(value_parser = ["gnome"])]
    what: Option<String>,
}

/// Builds the programs and shows the main jobs.
pub fn run(arguments: &Arguments) -> ExitCode {
    let result = if arguments.what.is_some() { gnome::show() } else { show() };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("demo: {message}");
            ExitCode::FAILURE
        }
    }
}

fn show() -> Result<(), String> {
    say("Building Usher");
    let status = Command::new(crate::cargo())
        .args(["build", "--quiet", "--package=userdbd", "--package=userdbctl", "--package=session-launcher"])
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("cargo build failed".into());
    }
    users::show()?;
    session::show()
}

/// A program that was built beside this one.
fn program(name: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{}: not built", path.display())) }
}

/// Says what comes next.
fn say(what: &str) {
    println!("\n== {what}");
}
