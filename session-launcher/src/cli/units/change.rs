//! Where `units enable` and the like make their links, and what they tell of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Source;
use crate::cli::{Error, Result};
use crate::unit::conf_files::is_mask;
use crate::unit::install::{self, Change, InstallError, Overwrite};
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// Arguments of all commands that make or remove links.
#[derive(Debug, Args)]
pub struct Units {
    /// Until the next boot only, or the next log-in.
    #[arg(long)]
    runtime: bool,
    /// Units; a name without a type is a service's.
    #[arg(required = true, value_name = "UNIT")]
    units: Vec<String>,
}

/// Of commands whose links may replace others.
#[derive(Debug, Args)]
pub struct Force {
    /// Replace links that lead elsewhere; files are never replaced.
    #[arg(short, long)]
    force: bool,
}

impl Force {
    /// What becomes of links that lead elsewhere.
    pub fn overwrite(&self) -> Overwrite {
        if self.force { Overwrite::Links } else { Overwrite::Refuse }
    }
}

impl Units {
    /// The names.
    ///
    /// # Errors
    /// One is no unit name.
    pub fn names(&self) -> std::result::Result<Vec<UnitName>, Error> {
        self.units.iter().map(|text| super::unit_name(text)).collect()
    }

    /// Where links are made.
    ///
    /// # Errors
    /// There is no directory for what lasts until the next boot.
    pub fn directory(&self, source: &Source, loader: &Loader) -> std::result::Result<PathBuf, Error> {
        directory(self.runtime, source, loader)
    }
}

/// Where links are made: for all users with `--root`, in the first directory with `--unit-path`, else for the user.
///
/// # Errors
/// There is no directory for what lasts until the next boot.
pub fn directory(runtime: bool, source: &Source, loader: &Loader) -> std::result::Result<PathBuf, Error> {
    if let Some(first) = source.unit_path.first() {
        if runtime {
            return Err(Error::Other("--runtime has no meaning with --unit-path".to_owned()));
        }
        return Ok(std::path::absolute(first).unwrap_or_else(|_| first.clone()));
    }
    let host = loader.host();
    match (&source.root, runtime) {
        (Some(_), false) => Ok("/etc/systemd/user".into()),
        (Some(_), true) => Ok("/run/systemd/user".into()),
        (None, false) => Ok(host.config_home.join("systemd/user")),
        (None, true) => match &host.runtime_dir {
            Some(runtime_dir) => Ok(runtime_dir.join("systemd/user")),
            None => Err(Error::Other("--runtime needs $XDG_RUNTIME_DIR".to_owned())),
        },
    }
}

/// Carries changes out, and tells each on standard error, where systemctl(1) tells it.
///
/// # Errors
/// Stops at the first link that cannot be made or removed.
pub fn carry_out(loader: &Loader, changes: &[Change], verb: &'static str) -> Result {
    for change in changes {
        install::apply(loader, change).map_err(|error| Error::Install { verb, error })?;
        let place = |path: &Path| loader.path().locate(path).display().to_string();
        match change {
            Change::Link { path, target, replaces } => {
                if *replaces {
                    eprintln!("Removed '{}'.", place(path));
                }
                eprintln!("Created symlink '{}' → '{}'.", place(path), target.display());
                if let Some(missing) = missing_dependant(loader, path) {
                    eprintln!("There is no unit {missing} now that could pull it in.");
                }
            }
            Change::Unlink(path) | Change::RemoveDirectory(path) => eprintln!("Removed '{}'.", place(path)),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The unit to whose `.wants/` or the like a link belongs, if it is not there.
fn missing_dependant(loader: &Loader, link: &Path) -> Option<UnitName> {
    let side = link.parent()?.file_name()?.to_str()?;
    let (name, _) = side.rsplit_once('.')?;
    let name = UnitName::new(name).ok()?;
    loader.catalog().find(&name).file.is_none().then_some(name)
}

/// Fails if a unit is not there.
///
/// # Errors
/// The first that is not there.
pub fn all_exist(loader: &Loader, names: &[UnitName], verb: &'static str) -> std::result::Result<(), Error> {
    match names.iter().find(|name| loader.catalog().find(name).file.is_none()) {
        Some(name) => Err(Error::Install { verb, error: InstallError::NotFound(name.clone()) }),
        None => Ok(()),
    }
}

/// The file that masks a unit.
pub fn mask_of(loader: &Loader, name: &UnitName) -> Option<PathBuf> {
    loader.catalog().find(name).file.filter(|file| is_mask(file))
}
