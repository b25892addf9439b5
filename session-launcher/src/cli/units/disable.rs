//! `units disable`.

use super::{Source, change};
use crate::cli::Result;
use crate::unit::install;

/// Removes all links to the units. Masked units are passed over.
///
/// # Errors
/// A unit is not there (links to it and to the others are removed all the same), or a link cannot be removed.
pub fn run(arguments: &change::Units, source: &Source) -> Result {
    let loader = source.loader();
    let mut names = arguments.names()?;
    let directory = arguments.directory(source, &loader)?;
    names.retain(|name| match change::mask_of(&loader, name) {
        Some(mask) => {
            eprintln!("Unit {} is masked, ignoring.", mask.display());
            false
        }
        None => true,
    });
    let changes = install::disable(&loader, &names, &directory);
    let code = change::carry_out(&loader, &changes, "disable")?;
    change::all_exist(&loader, &names, "disable")?;
    Ok(code)
}
