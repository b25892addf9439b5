//! What units write to their standard output and error, kept in one file for each unit, so that a person can read it
//! back after the unit, the session and the manager are gone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::unit::spec::UnitName;
use crate::unit::specifier::Host;

/// A log that is larger when its unit starts is put aside; one older log is kept.
const ROTATE_AT: u64 = 1024 * 1024;

/// A log that grows beyond that while its unit runs is begun anew.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// The directory of the logs.
pub fn directory(host: &Host) -> PathBuf {
    host.state_home.join("session-launcher/log")
}

/// The log of one unit in that directory.
pub fn path(directory: &Path, unit: &UnitName) -> PathBuf {
    directory.join(format!("{unit}.log"))
}

/// The logs of all units.
#[derive(Debug)]
pub struct UnitLogs {
    directory: PathBuf,
}

impl UnitLogs {
    /// Makes the directory. Without one, output is lost, which is said once.
    pub fn new(directory: PathBuf) -> Self {
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(&directory) {
            tracing::warn!("output of services is lost: {}: {error}", directory.display());
        }
        Self { directory }
    }

    /// The log of a unit.
    pub fn path(&self, unit: &UnitName) -> PathBuf {
        path(&self.directory, unit)
    }

    /// Opens a unit's log for a new process.
    pub fn open(&self, unit: &UnitName) -> Option<OwnedFd> {
        let path = self.path(unit);
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > ROTATE_AT) {
            let _ = fs::rename(&path, path.with_extension("log.old"));
        }
        append(&path).ok().map(OwnedFd::from)
    }

    /// Writes a line of the manager's own into a unit's log.
    pub fn note(&self, unit: &UnitName, message: &str) {
        if let Ok(mut file) = append(&self.path(unit)) {
            let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
            let now = now.to_zoned(jiff::tz::TimeZone::system());
            // One write: lines of others are not torn.
            let line = format!("-- {} {message}\n", now.strftime("%Y-%m-%d %H:%M:%S"));
            let _ = file.write_all(line.as_bytes());
        }
    }

    /// Begins logs anew that a service has filled beyond all measure. They are open for appending, so that the service goes
    /// on at the new beginning.
    pub fn bound_sizes(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            if entry.metadata().is_ok_and(|metadata| metadata.len() > MAX_SIZE)
                && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            {
                let _ = file.set_len(0);
            }
        }
    }
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}
