//! What the daemon has to remember across restarts and crashes: small JSON files, each replaced as a whole.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why something could not be remembered.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file system call failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is in the file was not written by this daemon.
    #[error("{}: {source}; remove the file to begin anew", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another daemon writes there.
    #[error("{}: another daemon keeps its state there", .0.display())]
    InUse(PathBuf),
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Io { path, source }
}

fn at_errno(path: &Path) -> impl FnOnce(rustix::io::Errno) -> StateError {
    let at = at(path);
    move |errno| at(errno.into())
}

/// The directory. It is made when something is written for the first time.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    /// Held from the first time on: two daemons that write the same files would undo each other's work.
    lock: Mutex<Option<OwnedFd>>,
}

impl StateDirectory {
    /// The directory at this path.
    pub fn new(path: PathBuf) -> Self {
        Self { path, lock: Mutex::new(None) }
    }

    /// Makes the directory where it is missing, and makes sure that nobody else writes there.
    ///
    /// # Errors
    /// When it cannot be made, or another daemon has it.
    pub fn claim(&self) -> Result<(), StateError> {
        let mut lock = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if lock.is_some() {
            return Ok(());
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&self.path).map_err(at(&self.path))?;
        let directory = open_directory(&self.path)?;
        match rustix::fs::flock(directory.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => *lock = Some(directory),
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(StateError::InUse(self.path.clone())),
            Err(errno) => return Err(at_errno(&self.path)(errno)),
        }
        Ok(())
    }

    /// Reads a file. None when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    pub fn read<T: DeserializeOwned>(&self, file: &str) -> Result<Option<T>, StateError> {
        let path = self.path.join(file);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|source| StateError::Malformed { path, source }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Replaces a file. When this returns, the new contents survive a crash; before, the old ones do.
    ///
    /// # Errors
    /// As [`StateDirectory::claim`], or when the file system does not let us.
    pub fn write<T: Serialize>(&self, file: &str, contents: &T) -> Result<(), StateError> {
        self.claim()?;
        let path = self.path.join(file);
        let partial = self.path.join(format!(".{file}.new"));
        let text = serde_json::to_vec_pretty(contents)
            .map_err(|source| StateError::Malformed { path: path.clone(), source })?;
        // Tokens are in there.
        let mode = Mode::RUSR | Mode::WUSR;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(&partial, flags, mode).map_err(at_errno(&partial))?;
        let mut written = std::fs::File::from(descriptor);
        written.write_all(&text).and_then(|()| written.sync_all()).map_err(at(&partial))?;
        std::fs::rename(&partial, &path).map_err(at(&path))?;
        rustix::fs::fsync(open_directory(&self.path)?).map_err(at_errno(&self.path))
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, StateError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(at_errno(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_was_written_is_read_and_nobody_else_may_read_it() {
        let top = tempfile::tempdir().unwrap();
        let state = StateDirectory::new(top.path().join("a/b"));
        assert_eq!(state.read::<Vec<u32>>("x.json").unwrap(), None);
        state.write("x.json", &[1, 2]).unwrap();
        state.write("x.json", &[3]).unwrap();
        assert_eq!(state.read::<Vec<u32>>("x.json").unwrap(), Some(vec![3]));
        let mode = std::fs::metadata(top.path().join("a/b/x.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            std::fs::read_dir(top.path().join("a/b")).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn two_daemons_cannot_write_the_same_files() {
        let top = tempfile::tempdir().unwrap();
        let (first, second) =
            (StateDirectory::new(top.path().into()), StateDirectory::new(top.path().into()));
        first.write("x.json", &1).unwrap();
        assert!(matches!(second.write("x.json", &2), Err(StateError::InUse(_))));
        drop(first);
        second.write("x.json", &2).unwrap();
    }

    #[test]
    fn a_file_that_is_not_ours_is_an_error_and_stays() {
        let top = tempfile::tempdir().unwrap();
        std::fs::write(top.path().join("x.json"), "{").unwrap();
        let state = StateDirectory::new(top.path().into());
        assert!(matches!(state.read::<Vec<u32>>("x.json"), Err(StateError::Malformed { .. })));
        assert!(top.path().join("x.json").exists());
    }
}
