//! `cargo xtask demo`: builds Usher and shows what it does, on this machine, without changing anything on it.

mod message_bus;
mod session;
mod users;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Builds the programs and shows the main jobs.
pub fn run() -> ExitCode {
    match show() {
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
