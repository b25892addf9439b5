//! `graph`.
use crate::cli::Result;
use clap::Args;
use std::io::Write;
/// Arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    units: Vec<String>,
}
/// Stub while building.
pub fn run(_a: &Arguments, _l: &crate::unit::load::Loader, _o: &mut dyn Write) -> Result {
    Ok(std::process::ExitCode::SUCCESS)
}
