//! What the engine decides and what processes do, as lines of the log at level `debug`: `UNIT: WHAT`.
//!
//! For people who want to know why a session came about as it did (`SESSION_LAUNCHER_LOG=info,session_launcher::daemon::trace=debug`),
//! and for tests, which read these lines as they read systemd's.

use crate::job::{Action, ExitStatus};
use crate::unit::spec::{CommandLine, UnitName};

/// A job, or a change of state.
pub fn action(action: &Action) {
    match action {
        Action::JobNew { unit, kind, .. } => tracing::debug!("{unit}: job {} new", kind.as_str()),
        Action::JobMerged { unit, kind, .. } => tracing::debug!("{unit}: job {} merged", kind.as_str()),
        Action::JobRemoved { unit, kind, result, .. } => {
            tracing::debug!("{unit}: job {} {}", kind.as_str(), result.as_str());
        }
        Action::StateChanged { unit, from, to, .. } => tracing::debug!("{unit}: {from} -> {to}"),
        _ => {}
    }
}

/// A command is about to be executed.
pub fn execute(unit: &UnitName, command: &CommandLine) {
    tracing::debug!("{unit}: exec {}", command.argv.join(" "));
}

/// A process was started.
pub fn started(unit: &UnitName, pid: i32) {
    tracing::debug!("{unit}: process {pid}");
}

/// A process has ended.
pub fn ended(unit: Option<&UnitName>, pid: i32, status: ExitStatus) {
    match unit {
        Some(unit) => tracing::debug!("{unit}: process {pid} ended: {status:?}"),
        None => tracing::debug!("process {pid} ended: {status:?}"),
    }
}
