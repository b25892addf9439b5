//! `link`, `revert`.

use std::path::PathBuf;

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, names, unit_files};
use crate::cli::Error;
use crate::cli::units::{Source, change};
use crate::unit::install::{self, Overwrite};

/// Makes unit files known that lie elsewhere, or takes local changes back.
pub async fn run(verb: &str, arguments: &Arguments) -> Result {
    if verb == "link" {
        link(arguments)?
    } else {
        revert(arguments)?
    }
    unit_files::reload(arguments).await.map(|_| 0)
}

fn link(arguments: &Arguments) -> Result<()> {
    let source = Source::default();
    let loader = source.loader();
    let mut files = Vec::new();
    for word in &arguments.words {
        if !word.contains('/') {
            return Err(Failure::Usage(format!(
                "Link argument must contain at least one directory separator.\n\
                 If you intended to link a file in the current directory, try './{word}' instead."
            )));
        }
        files.push(std::path::absolute(word).unwrap_or_else(|_| PathBuf::from(word)));
    }
    let directory = change::directory(arguments.runtime, &source, &loader)?;
    let overwrite = if arguments.force > 0 { Overwrite::Links } else { Overwrite::Refuse };
    let changes = install::link_files(&loader, &files, &directory, overwrite)
        .map_err(|error| Failure::Other(format!("Failed to link unit: {error}")))?;
    change::carry_out(&loader, &changes, "link")?;
    Ok(())
}

fn revert(arguments: &Arguments) -> Result<()> {
    let loader = Source::default().loader();
    let units = arguments.words.iter().map(|word| Ok(crate::cli::units::unit_name(&names::complete(word)?)?));
    let changes = install::revert(&loader, &units.collect::<Result<Vec<_>>>()?);
    change::carry_out(&loader, &changes, "revert").map_err(|error: Error| Failure::Files(error))?;
    Ok(())
}
