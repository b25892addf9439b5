//! The user's service manager as a process: what `systemd --user` is where systemd runs the machine.
//!
//! - [`guardian`], [`guardian_link`], [`engine_link`]: the parent that starts the engine again when it was killed
//! - [`event_loop`]: waits for everything there is to wait for, one thread
//! - [`driver`]: carries out what the job engine decides; [`view`]: what the engine sees
//! - [`process_table`], [`census`], [`cgroup`], [`pidfd`]: which process belongs to which unit
//! - [`notify`], [`socket_unit`], [`path_watch`], [`session_bus`], [`x11_services`]: what units react to
//! - [`exec_report`], [`exec_socket`], [`bus_messages`], [`environment`], [`unit_log`], [`state_file`], [`removal`], [`clock`],
//!   [`trace`]

// Whoever reads standard error may have gone, and println! would panic.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod bus_messages;
pub mod census;
pub mod cgroup;
pub mod clock;
pub mod driver;
pub mod engine_link;
pub mod environment;
pub mod event_loop;
pub mod exec_report;
pub mod exec_socket;
pub mod guardian;
pub mod guardian_link;
pub mod lock;
pub mod notify;
pub mod offspring;
pub mod path_watch;
pub mod pidfd;
pub mod process_table;
pub mod readable;
pub mod removal;
pub mod session_bus;
pub mod socket_unit;
pub mod state_file;
pub mod trace;
pub mod unit_log;
pub mod view;
pub mod x11_services;

use std::io;
use std::path::PathBuf;

use crate::job::{JobKind, Request};
use crate::unit::spec::{JobMode, UnitName};
use crate::unit::specifier::Host;

/// Why the manager cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Its directory at run time cannot be made or written.
    #[error("{}: {error}", path.display())]
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no directory for what lives as long as the log-in.
    #[error(
        "XDG_RUNTIME_DIR is not set: it names the user's directory at run time, which pam_systemd, pam_elogind, turnstile or the like makes at log-in"
    )]
    NoRuntimeDirectory,
    /// Another one runs for this user.
    #[error("a manager of this user's runs already (its lock is {})", .0.display())]
    Running(PathBuf),
    /// The session bus cannot be reached, or the name is taken.
    #[error("session bus: {0}")]
    Bus(#[from] zbus::Error),
    /// Somebody else is `org.freedesktop.systemd1` on this bus.
    #[error("org.freedesktop.systemd1 has an owner on the session bus already: a service manager runs")]
    NameTaken,
    /// `--unit` is no name of a unit.
    #[error("{0}")]
    Unit(#[from] crate::unit::name::NameError),
    /// Something that every process can do failed.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        error: io::Error,
    },
}

/// $XDG_RUNTIME_DIR/session-launcher: the lock, the state, the sockets. Nothing when that is not set.
pub fn runtime_directory(host: &Host) -> Option<PathBuf> {
    host.runtime_dir.as_ref().map(|directory| directory.join("session-launcher"))
}

/// The request that ends the manager: everything stops, then the manager.
pub fn exit_request() -> Request {
    start_request(UnitName::well_known("exit.target"), JobMode::ReplaceIrreversibly)
}

fn start_request(unit: UnitName, mode: JobMode) -> Request {
    Request { unit, kind: JobKind::Start, mode, reload_if_possible: false }
}
