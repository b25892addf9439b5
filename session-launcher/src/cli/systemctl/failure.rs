//! Failures, and the exit codes that they lead to (systemctl(1), "Exit Status").

use std::io;

use crate::client::ClientError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The output cannot be written.
    #[error("Failed to write: {0}")]
    Output(#[from] io::Error),
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// The manager refused a call.
    #[error("{what}: {error}")]
    Call {
        /// What was to be done.
        what: String,
        /// The answer.
        error: ClientError,
    },
    /// A command on unit files failed.
    #[error("{0}")]
    Files(#[from] crate::cli::Error),
    /// Something else that the message tells.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// A call that failed.
    pub fn call(what: impl Into<String>, error: ClientError) -> Self {
        Self::Call { what: what.into(), error }
    }

    /// The exit code: those of the LSB for some answers of the manager.
    pub fn code(&self) -> u8 {
        match self {
            Self::Call { error, .. } => code_of(error),
            _ => 1,
        }
    }
}

fn code_of(error: &ClientError) -> u8 {
    const NO_PERMISSION: [&str; 4] =
        ["AccessDenied", "OnlyByDependency", "NoIsolation", "TransactionIsDestructive"];
    let is_any = |names: &[&str]| names.iter().any(|name| error.is(name));
    if is_any(&NO_PERMISSION) {
        4
    } else if error.is("JobTypeNotApplicable") {
        3
    } else if error.is("NoSuchUnit") {
        5
    } else {
        1
    }
}
