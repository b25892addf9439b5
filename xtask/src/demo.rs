//! `cargo xtask demo`: builds Usher and shows what it does, on this machine, without changing anything on it.

mod users;

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
    say("Building the daemon and its command line");
    let status = Command::new(crate::cargo())
        .args(["build", "--quiet", "--package", "userdbd", "--package", "userdbctl"])
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("cargo build failed".into());
    }
    users::show()
}

/// Says what comes next.
fn say(what: &str) {
    println!("\n== {what}");
}
