//! `cargo xtask build`: binaries for a target that this machine's Rust has no standard library for.

use std::process::ExitCode;
use usher_tests::musl;

#[derive(clap::Args)]
pub struct Arguments {
    /// What the binaries are for
    #[arg(long, value_enum)]
    target: Target,
    /// Packages to build; all that make sense there unless named
    packages: Vec<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Target {
    /// Static binaries with musl
    Musl,
}

/// Builds, and prints where the binaries are.
pub fn run(arguments: &Arguments) -> ExitCode {
    let named: Vec<&str> = arguments.packages.iter().map(String::as_str).collect();
    let packages = if named.is_empty() { musl::PACKAGES } else { &named };
    let built = match arguments.target {
        Target::Musl => musl::build(packages),
    };
    match built {
        Ok(directory) => {
            println!("{}", directory.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
