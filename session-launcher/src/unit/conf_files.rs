//! Files of several directories, merged by name: drop-ins, presets, environment.d.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a path of the described system lies on this one.
pub fn in_root(root: Option<&Path>, path: &Path) -> PathBuf {
    match root {
        Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
        None => path.to_owned(),
    }
}

/// Whether a file masks others of its name: an empty one, or a link to /dev/null.
pub fn is_mask(path: &Path) -> bool {
    if fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null")) {
        return true;
    }
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
}

/// All files with that extension, in the order of their names. Of files with one name the one in the directory that
/// comes first counts; when it is a mask, none does.
pub fn list(directories: &[PathBuf], root: Option<&Path>, extension: &str) -> Vec<PathBuf> {
    let mut files: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for directory in directories {
        let Ok(entries) = fs::read_dir(in_root(root, directory)) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if hidden || path.extension().is_none_or(|found| found != extension) || path.is_dir() {
                continue;
            }
            files.entry(name).or_insert(path);
        }
    }
    files.into_values().filter(|path| !is_mask(path)).collect()
}
