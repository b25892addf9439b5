//! What a test leaves for a person to look at: `target/artefacts/NAME/`.

use std::fs;
use std::path::{Path, PathBuf};

/// A directory of artefacts.
#[derive(Debug, Clone)]
pub struct Artefacts {
    directory: PathBuf,
}

impl Artefacts {
    /// The empty directory of the test `name`; what an earlier run left is removed.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn of(name: &str) -> Self {
        let directory = crate::binaries::workspace().join("target/artefacts").join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        Self { directory }
    }

    /// A directory that several tests share: what earlier runs left stays until it is written over.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn at(name: &str) -> Self {
        Self { directory: crate::binaries::workspace().join("target/artefacts") }.within(name)
    }

    /// A directory in it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn within(&self, name: &str) -> Self {
        let directory = self.directory.join(name);
        fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        Self { directory }
    }

    /// Keeps a file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn keep(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.directory.join(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Keeps the plain files of a directory, under `name`; one that is not there leaves nothing.
    ///
    /// # Panics
    /// When a copy cannot be written.
    pub fn keep_directory(&self, name: &str, from: &Path) {
        let Ok(entries) = fs::read_dir(from) else { return };
        let to = self.within(name);
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            if let Ok(content) = fs::read(entry.path()) {
                to.keep(&entry.file_name().to_string_lossy(), content);
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.directory
    }
}
