//! The lab: Debian roots with real peers in them, entered in fresh namespaces.
//!
//! - [`recipe`] says what each root holds,
//! - [`root`] builds and caches them,
//! - [`machine`] enters one: own mounts, processes, /run and /tmp, and a root file system that forgets all writes,
//! - [`process`] runs commands and daemons in a machine,
//! - [`dinit`] finds Dinit, which is in no root,
//! - [`desktop`] makes a machine one for desktops: a user, the system bus, logind.

mod census;
pub mod desktop;
pub mod dinit;
pub mod machine;
mod mirror;
pub mod process;
pub mod recipe;
pub mod root;

pub use census::Process;

use std::path::PathBuf;

/// Why a root could not be built or entered.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Building roots and entering namespaces needs uid 0.
    #[error("needs root: run it with sudo")]
    NotRoot,
    /// There is no recipe of this name.
    #[error("no root is called {0:?}; there are: {1}")]
    UnknownRoot(String, String),
    /// apt's configuration names no Debian mirror.
    #[error("no Debian mirror found: {0}")]
    NoMirror(String),
    /// A file operation failed.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// A command could not be started, or failed.
    #[error("{what} failed ({status}); its last words:\n{tail}")]
    Command {
        /// The step, for a person.
        what: String,
        /// Exit status, or why it did not start.
        status: String,
        /// The end of its output.
        tail: String,
    },
    /// The root could not be built before, in this process.
    #[error("{0}")]
    Earlier(String),
    /// The namespaces did not come up.
    #[error("root {root} could not be entered: {reason}")]
    Enter {
        /// Name of the root.
        root: String,
        /// What the first process printed.
        reason: String,
    },
}

/// Whether this process may build roots and enter namespaces.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
