//! The places of links: what is there, and how it changes in one step.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{Change, InstallError, Overwrite};
use crate::unit::load::Loader;

/// How often a name for the link to be is tried that is not taken.
const MAX_TRIES: u32 = 64;

/// What has to change so that `path` points to `target`: nothing if it does.
///
/// # Errors
/// A file is there, or a link to something else that is to stay. A link to nothing never stays.
pub fn link(
    loader: &Loader,
    path: &Path,
    target: &Path,
    overwrite: Overwrite,
) -> Result<Option<Change>, InstallError> {
    let place = loader.path().locate(path);
    let change = |replaces| Change::Link { path: path.to_owned(), target: target.to_owned(), replaces };
    match fs::symlink_metadata(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(change(false))),
        Err(error) => Err(InstallError::Io { path: place, error }),
        Ok(metadata) if !metadata.is_symlink() => Err(InstallError::Exists(place)),
        Ok(_) => {
            let found =
                fs::read_link(&place).map_err(|error| InstallError::Io { path: place.clone(), error })?;
            if same(loader, path, &found, target) {
                Ok(None)
            } else if overwrite == Overwrite::Refuse && located(loader, path, &found).exists() {
                Err(InstallError::PointsElsewhere { path: place, target: found })
            } else {
                Ok(Some(change(true)))
            }
        }
    }
}

/// Whether a link's text leads to the target.
fn same(loader: &Loader, link: &Path, found: &Path, target: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let leads_to = real(&located(loader, link, found));
    found == target || (leads_to.is_some() && leads_to == real(&loader.path().locate(target)))
}

/// Where on this machine a link's text leads.
fn located(loader: &Loader, link: &Path, found: &Path) -> PathBuf {
    loader.path().locate(&link.parent().unwrap_or(Path::new("/")).join(found))
}

/// Carries one change out. Paths are below the loader's root. Who looks meanwhile sees the old link or the new one.
///
/// # Errors
/// The link cannot be made or removed, or its directory is outside of the root.
pub fn apply(loader: &Loader, change: &Change) -> Result<(), InstallError> {
    let (Change::Link { path, .. } | Change::Unlink(path) | Change::RemoveDirectory(path)) = change;
    let place = loader.path().locate(path);
    let fail = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => InstallError::Exists(place.clone()),
        _ => InstallError::Io { path: place.clone(), error },
    };
    let parent = place.parent().unwrap_or(Path::new("/"));
    match change {
        Change::Link { target, replaces, .. } => {
            // Before the directories are made: they must not be made elsewhere.
            stay_inside(loader, parent)?;
            fs::create_dir_all(parent).map_err(fail)?;
            if *replaces { replace(&place, target) } else { symlink(target, &place) }.map_err(fail)
        }
        Change::RemoveDirectory(_) => {
            stay_inside(loader, parent)?;
            match fs::remove_dir(&place) {
                // It has gone with the last file that was in it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                result => result.map_err(fail),
            }
        }
        Change::Unlink(_) => {
            stay_inside(loader, parent)?;
            fs::remove_file(&place).map_err(fail)?;
            // The directory of the last link goes with it; one that is not empty stays.
            if parent.extension().is_some() {
                let _ = fs::remove_dir(parent);
            }
            Ok(())
        }
    }
}

/// Puts a link in the place of another.
fn replace(place: &Path, target: &Path) -> io::Result<()> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    for attempt in 0..MAX_TRIES {
        // No unit's name begins so.
        let temporary = place.with_file_name(format!(".#{name}.{}.{attempt}", std::process::id()));
        match symlink(target, &temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => {
                return fs::rename(&temporary, place).inspect_err(|_| {
                    let _ = fs::remove_file(&temporary);
                });
            }
        }
    }
    Err(io::Error::other("no name is free for a new link"))
}

/// An absolute link in the tree of an image would lead into the system of the builder.
fn stay_inside(loader: &Loader, directory: &Path) -> Result<(), InstallError> {
    let Some(root) = loader.path().root() else { return Ok(()) };
    let fail = |error| InstallError::Io { path: root.to_owned(), error };
    let real_root = fs::canonicalize(root).map_err(fail)?;
    // The first of the directories that is there decides. One that a link to nothing names is none.
    for ancestor in directory.ancestors() {
        if fs::symlink_metadata(ancestor).is_err() {
            continue;
        }
        let inside = fs::canonicalize(ancestor).is_ok_and(|real| real.starts_with(&real_root));
        if inside {
            return Ok(());
        }
        break;
    }
    Err(InstallError::OutsideOfRoot { path: directory.to_owned(), root: root.to_owned() })
}
