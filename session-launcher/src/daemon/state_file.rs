//! What the engine knows, kept in a file, so that an engine that was killed goes on where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::process_table::SavedTable;
use crate::bus::SavedFace;
use crate::job::Snapshot;
use crate::unit::spec::{Unit, UnitName};

/// Everything that has to outlive an engine.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    /// Units, jobs and processes.
    pub driver: SavedDriver,
    /// Clients on the bus.
    pub face: SavedFace,
}

/// What of it is the driver's.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedDriver {
    /// What supervises services, as the word for `--manager=`.
    pub manager: String,
    /// Units and jobs.
    pub engine: Snapshot,
    /// Processes.
    pub processes: SavedTable,
    /// The manager's environment.
    pub environment: Environment,
    /// Units that no file describes.
    pub transient: BTreeMap<UnitName, Unit>,
}

/// The file as it is on disk.
#[derive(Serialize, Deserialize)]
struct Document<S> {
    /// It means nothing to another version of this program.
    version: String,
    /// Process numbers and the engine's clock are of this boot.
    boot: String,
    /// Which bus the session has.
    bus: String,
    saved: S,
}

/// What an earlier engine has left.
#[derive(Debug)]
pub enum Previous {
    /// Nothing.
    None,
    /// It was of this session: go on.
    Resume(Box<Saved>),
    /// It was of a session whose bus is gone, or of another version. These are processes that it had.
    Stale(BTreeSet<i32>),
}

/// The state file of one user.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    bus: String,
}

impl StateFile {
    /// In that directory, of the session on that bus.
    pub fn new(directory: &Path, bus: &str) -> Self {
        Self { path: directory.join("state"), bus: bus.to_owned() }
    }

    /// Replaces the file. It lies in memory (a tmpfs), so nothing has to be synced.
    ///
    /// # Errors
    /// It cannot be written; the old one is still there.
    pub fn write(&self, saved: &Saved) -> std::io::Result<()> {
        let document = Document { version: version(), boot: boot_id(), bus: self.bus.clone(), saved };
        let partial = self.path.with_extension("partial");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(&serde_json::to_vec(&document)?)?;
        fs::rename(&partial, &self.path)
    }

    /// What an earlier engine left.
    pub fn read(&self) -> Previous {
        let Ok(bytes) = fs::read(&self.path) else { return Previous::None };
        match serde_json::from_slice::<Document<Saved>>(&bytes) {
            // Numbers of processes mean nothing after a boot.
            Ok(document) if document.boot != boot_id() => Previous::None,
            Ok(document) if document.version == version() && document.bus == self.bus => {
                Previous::Resume(Box::new(document.saved))
            }
            Ok(document) => Previous::Stale(document.saved.driver.processes.live_pids()),
            Err(error) => {
                tracing::warn!("{}: {error}; starting anew", self.path.display());
                Previous::None
            }
        }
    }

    /// Removes it: the session is over.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
