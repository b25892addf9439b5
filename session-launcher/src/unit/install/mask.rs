//! Masks: links to /dev/null that take units away (systemctl(1), "mask").

use std::path::Path;

use super::{Change, InstallError, Overwrite, place};
use crate::unit::conf_files::is_mask;
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// What masking units changes in `directory`. Units that are not there can be masked too.
///
/// # Errors
/// A unit file is where the mask belongs, or a link that is to stay.
pub fn mask(
    loader: &Loader,
    names: &[UnitName],
    directory: &Path,
    overwrite: Overwrite,
) -> Result<Vec<Change>, InstallError> {
    let mut changes = Vec::new();
    for name in names {
        let path = directory.join(name.as_str());
        let change = place::link(loader, &path, Path::new("/dev/null"), overwrite)?;
        changes.extend(change.filter(|change| !changes.contains(change)));
    }
    Ok(changes)
}

/// What unmasking units changes in `directory`: links to /dev/null go, and empty files.
pub fn unmask(loader: &Loader, names: &[UnitName], directory: &Path) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in names {
        let path = directory.join(name.as_str());
        let change = Change::Unlink(path.clone());
        if is_mask(&loader.path().locate(&path)) && !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes
}
