//! Developer commands, run as `cargo xtask COMMAND`.

mod build;
mod root;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands of Usher")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the tests, all tiers unless some are named
    Test(test::Arguments),
    /// Build binaries for another target, in a test root
    Build(build::Arguments),
    /// Build and cache a test root (a Debian system in a directory), or say where it is
    Root(root::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Root(arguments) => root::run(&arguments),
    }
}
