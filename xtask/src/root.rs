//! `cargo xtask root`: test roots by hand.

use std::process::ExitCode;
use usher_tests::lab::{recipe, root};

#[derive(clap::Args)]
pub struct Arguments {
    /// Name of the root; without one, the list
    name: Option<String>,
}

/// Builds the root and prints its directory, or lists the roots.
pub fn run(arguments: &Arguments) -> ExitCode {
    let Some(name) = &arguments.name else {
        for recipe in recipe::RECIPES {
            println!("{:<14} {}", recipe.name, recipe.purpose);
        }
        println!("They are kept in {}", root::cache().display());
        return ExitCode::SUCCESS;
    };
    match root::ensure(name) {
        Ok(directory) => {
            println!("{}", directory.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("root {name}: {error}");
            ExitCode::FAILURE
        }
    }
}
