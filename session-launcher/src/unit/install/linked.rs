//! Unit files that lie elsewhere, made known by a link (systemctl(1), "link").

use std::fs;
use std::path::{Path, PathBuf};

use super::{Change, InstallError, Overwrite, place};
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// Whether that is the path of a file that is in none of the directories of units.
pub fn is_elsewhere(loader: &Loader, path: &Path) -> bool {
    path.is_absolute()
        && !path
            .parent()
            .is_some_and(|parent| loader.path().directories().iter().any(|known| known == parent))
}

/// What making files known changes in `directory`. Files in the directories of units are known already.
///
/// # Errors
/// One is no unit file, or the place of its link is taken.
pub fn link_files(
    loader: &Loader,
    files: &[PathBuf],
    directory: &Path,
    overwrite: Overwrite,
) -> Result<Vec<Change>, InstallError> {
    let mut changes = Vec::new();
    for file in files {
        // Without `.` and doubled slashes.
        let file: PathBuf = file.components().collect();
        let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| UnitName::new(name).ok());
        let name = name.ok_or_else(|| InstallError::InvalidName(file.clone()))?;
        if !file.is_absolute() {
            return Err(InstallError::NotLinkable(file));
        }
        let metadata = fs::symlink_metadata(loader.path().locate(&file))
            .map_err(|_| InstallError::NoFile(file.clone()))?;
        if metadata.is_symlink() {
            return Err(InstallError::IsLink(file));
        }
        if metadata.is_dir() {
            return Err(InstallError::IsDirectory(file));
        }
        if !metadata.is_file() {
            return Err(InstallError::NotLinkable(file));
        }
        if is_elsewhere(loader, &file) {
            let change = place::link(loader, &directory.join(name.as_str()), &file, overwrite)?;
            changes.extend(change.filter(|change| !changes.contains(change)));
        }
    }
    Ok(changes)
}
