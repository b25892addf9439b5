//! The states of services as OpenRC keeps them: links in directories of `$XDG_RUNTIME_DIR/openrc` (librc's rc_service_mark),
//! and locks by which its tools keep out of each other's way.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::process::Pid;

use crate::job::ActiveState;

/// Directories of which a service is in one at most. A service that is in none is stopped.
const EXCLUSIVE_STATES: [&str; 5] = ["starting", "started", "stopping", "inactive", "wasinactive"];

/// Directories that have to be there before anything can be marked or watched.
const DIRECTORIES: [&str; 11] = [
    "init.d",
    "starting",
    "started",
    "stopping",
    "inactive",
    "wasinactive",
    "failed",
    "exclusive",
    "daemons",
    "options",
    "scheduled",
];

/// How OpenRC sees a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// On the way up.
    Starting,
    /// Up.
    Started,
    /// On the way down.
    Stopping,
    /// Down.
    Stopped,
    /// Down, and `rc-status` says that it failed.
    Failed,
}

impl Mark {
    /// What a state of systemd's is called here.
    pub fn of(state: ActiveState) -> Self {
        match state {
            ActiveState::Active | ActiveState::Reloading => Self::Started,
            ActiveState::Activating => Self::Starting,
            ActiveState::Deactivating => Self::Stopping,
            ActiveState::Failed => Self::Failed,
            ActiveState::Inactive | ActiveState::Maintenance => Self::Stopped,
        }
    }

    /// Something is under way; whoever does it holds the service's lock.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Starting | Self::Stopping)
    }

    fn directory(self) -> Option<&'static str> {
        match self {
            Self::Starting => Some("starting"),
            Self::Started => Some("started"),
            Self::Stopping => Some("stopping"),
            Self::Stopped | Self::Failed => None,
        }
    }
}

/// A lock of a service. Nobody else starts or stops it meanwhile; who waits for the service waits for the lock.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _descriptor: OwnedFd,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // First the file, as OpenRC does: who opens it from now on finds a new one.
        let _ = fs::remove_file(&self.path);
    }
}

/// The states of all services.
#[derive(Debug)]
pub struct States {
    directory: PathBuf,
}

impl States {
    /// The states in `$XDG_RUNTIME_DIR/openrc`.
    ///
    /// # Errors
    /// A directory is missing and cannot be made.
    pub fn open(directory: &Path) -> io::Result<Self> {
        for name in DIRECTORIES {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(directory.join(name))?;
        }
        Ok(Self { directory: directory.to_owned() })
    }

    /// The script of a service of ours.
    pub fn script(&self, service: &str) -> PathBuf {
        self.directory.join("init.d").join(service)
    }

    /// Where supervise-daemon of a service of ours writes its process number.
    pub fn pid_file(&self, service: &str) -> PathBuf {
        self.directory.join(format!("supervise-{service}.pid"))
    }

    /// Puts a script into its place, unless it is there as it should be. True when something has changed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_script(&self, service: &str, text: &str) -> io::Result<bool> {
        let path = self.script(service);
        if fs::read(&path).is_ok_and(|present| present == text.as_bytes()) {
            return Ok(false);
        }
        // Scripts whose names begin with a dot are nobody's.
        let partial = self.directory.join("init.d").join(format!(".{service}"));
        fs::write(&partial, text)?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
        fs::rename(&partial, &path)?;
        Ok(true)
    }

    /// Takes a service out of OpenRC's sight.
    pub fn forget(&self, service: &str) {
        self.mark(service, Mark::Stopped);
        let _ = fs::remove_file(self.script(service));
    }

    /// Takes the lock of a service. `None`: one of OpenRC's tools has it.
    pub fn lock(&self, service: &str) -> Option<Lock> {
        let path = self.directory.join("exclusive").join(service);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let descriptor = rustix::fs::open(&path, flags, Mode::from_raw_mode(0o664)).ok()?;
        rustix::fs::flock(descriptor.as_fd(), FlockOperation::NonBlockingLockExclusive).ok()?;
        // Somebody may have given the same file up in between.
        let is_gone = rustix::fs::fstat(&descriptor).map_or(true, |status| status.st_nlink == 0);
        (!is_gone).then_some(Lock { path, _descriptor: descriptor })
    }

    /// Whether the service is marked so already.
    pub fn is_marked(&self, service: &str, mark: Mark) -> bool {
        let has = |state: &str| self.link(state, service).symlink_metadata().is_ok();
        EXCLUSIVE_STATES.iter().all(|state| has(state) == (mark.directory() == Some(*state)))
            && has("failed") == (mark == Mark::Failed)
    }

    /// Marks a service.
    pub fn mark(&self, service: &str, mark: Mark) {
        let script = self.script(service);
        let enter = |state: &str| {
            let link = self.link(state, service);
            let _ = fs::remove_file(&link);
            if let Err(error) = symlink(&script, &link) {
                tracing::warn!("{}: {error}", link.display());
            }
        };
        // The new state comes before the old one goes, so that nobody takes the service for stopped in between.
        if let Some(state) = mark.directory() {
            enter(state);
        }
        for state in EXCLUSIVE_STATES {
            if mark.directory() != Some(state) {
                let _ = fs::remove_file(self.link(state, service));
            }
        }
        if mark == Mark::Failed {
            enter("failed");
        } else {
            let _ = fs::remove_file(self.link("failed", service));
        }
        if matches!(mark, Mark::Stopped | Mark::Failed) && self.supervisor(service).is_none() {
            for kept in ["options", "daemons"] {
                let _ = fs::remove_dir_all(self.link(kept, service));
            }
        }
    }

    /// The supervise-daemon of a service, while it runs.
    pub fn supervisor(&self, service: &str) -> Option<Pid> {
        let text = fs::read_to_string(self.pid_file(service)).ok()?;
        let pid = Pid::from_raw(text.trim().parse().ok()?)?;
        // The number may be another process's by now.
        let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).ok()?;
        (name.trim_end().starts_with("supervise-daemo")
            && crate::daemon::census::is_alive(pid.as_raw_nonzero().get()))
        .then_some(pid)
    }

    /// The services of ours that are there, with their units.
    pub fn ours(&self) -> Vec<(String, crate::unit::spec::UnitName)> {
        let Ok(entries) = fs::read_dir(self.directory.join("init.d")) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| {
                let text = fs::read_to_string(entry.path()).ok()?;
                let unit = super::script::unit_of(&text)?;
                Some((entry.file_name().into_string().ok()?, unit))
            })
            .collect()
    }

    fn link(&self, state: &str, service: &str) -> PathBuf {
        self.directory.join(state).join(service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> (tempfile::TempDir, States) {
        let directory = tempfile::tempdir().unwrap();
        let states = States::open(directory.path()).unwrap();
        (directory, states)
    }

    #[test]
    fn a_service_is_in_one_state_only() {
        let (_directory, states) = states();
        for mark in
            [Mark::Starting, Mark::Started, Mark::Stopping, Mark::Failed, Mark::Starting, Mark::Stopped]
        {
            states.mark("a", mark);
            assert!(states.is_marked("a", mark), "{mark:?}");
            let other = if mark == Mark::Started { Mark::Stopped } else { Mark::Started };
            assert!(!states.is_marked("a", other), "{mark:?}");
        }
    }

    #[test]
    fn a_lock_is_for_one() {
        let (_directory, states) = states();
        let lock = states.lock("a").unwrap();
        assert!(states.lock("a").is_none());
        drop(lock);
        assert!(states.lock("a").is_some());
    }

    #[test]
    fn a_script_that_is_there_is_not_written_again() {
        let (_directory, states) = states();
        assert!(states.write_script("a", "x").unwrap());
        assert!(!states.write_script("a", "x").unwrap());
        assert!(states.write_script("a", "y").unwrap());
        assert_eq!(fs::metadata(states.script("a")).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
