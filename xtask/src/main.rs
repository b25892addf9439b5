//! Developer commands, run as `cargo xtask COMMAND`.

mod bench;
mod build;
mod demo;
mod install;
mod root;
mod test;
mod translate;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands of Usher")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build Usher and show what it does, without changing anything on this machine
    Demo(demo::Arguments),
    /// Run the tests, all tiers unless some are named
    Test(test::Arguments),
    /// Build binaries for another target, in a test root
    Build(build::Arguments),
    /// Put what a package holds below a directory
    Install(install::Arguments),
    /// Measure: figures side by side in one run
    Bench(bench::Arguments),
    /// Write dinit/, openrc/ and shepherd/ again from units/system and units/user
    Translate,
    /// Build and cache a test root (a Debian system in a directory), or say where it is
    Root(root::Arguments),
}

/// The cargo that runs this.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Install(arguments) => install::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Translate => translate::run(),
        Command::Root(arguments) => root::run(&arguments),
    }
}
