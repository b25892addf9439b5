//! Runs the program tests/c/lookup.c.

use crate::lab::machine::Machine;
use crate::lab::process::CommandInside;

/// Where the program for glibc lies in a machine.
pub const GLIBC: &str = "/opt/usher/lookup";
/// Where the program for musl lies in a machine.
pub const MUSL: &str = "/opt/usher/lookup-musl";

/// The program, about to make the lookups, one a line with its fields separated by spaces.
pub fn command<'a>(machine: &'a Machine, program: &str, lookups: &[&str]) -> CommandInside<'a> {
    let input: String = lookups.iter().map(|line| line.replace(' ', "\t") + "\n").collect();
    machine.command(program).input(input)
}

/// Makes the lookups as root, and gives the lines that the program printed.
///
/// # Panics
/// When the program fails.
pub fn run(machine: &Machine, program: &str, lookups: &[&str]) -> Vec<String> {
    command(machine, program, lookups).run().lines().map(str::to_owned).collect()
}
