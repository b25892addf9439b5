//! Back to the vendor's version of a unit (systemctl(1), "revert").

use std::fs;
use std::path::{Path, PathBuf};

use super::Change;
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// What taking back all local changes of units does: their drop-ins go, and files and masks that hide the vendor's.
pub fn revert(loader: &Loader, names: &[UnitName]) -> Vec<Change> {
    let directories = loader.path().directories();
    let mut changes = Vec::new();
    for name in names {
        let is_file = |directory: &PathBuf| loader.path().locate(&directory.join(name.as_str())).is_file();
        let has_vendor = directories.iter().any(|directory| is_vendor(directory) && is_file(directory));
        for directory in
            directories.iter().filter(|directory| is_any_of(loader, directory, &["user", "user.control"]))
        {
            drop_ins(loader, &directory.join(format!("{name}.d")), &mut changes);
        }
        for directory in directories.iter().filter(|directory| is_any_of(loader, directory, &["user"])) {
            let file = directory.join(name.as_str());
            if has_vendor && fs::symlink_metadata(loader.path().locate(&file)).is_ok() {
                changes.push(Change::Unlink(file));
            }
        }
    }
    changes
}

fn drop_ins(loader: &Loader, directory: &Path, changes: &mut Vec<Change>) {
    let Ok(entries) = fs::read_dir(loader.path().locate(directory)) else { return };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
        .map(|entry| directory.join(entry.file_name()))
        .collect();
    files.sort();
    changes.extend(files.into_iter().map(Change::Unlink));
    changes.push(Change::RemoveDirectory(directory.to_owned()));
}

/// What comes with packages.
fn is_vendor(directory: &Path) -> bool {
    directory.starts_with("/usr")
}

/// Whether that is one of the user's own directories, for good or until the log-out.
fn is_any_of(loader: &Loader, directory: &Path, names: &[&str]) -> bool {
    let host = loader.host();
    let mut bases = std::iter::once(host.config_home.as_path()).chain(host.runtime_dir.as_deref());
    bases.any(|base| names.iter().any(|name| directory == base.join("systemd").join(name)))
}
