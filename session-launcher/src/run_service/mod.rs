//! `session-launcher run-service`: what native service files call where their manager cannot do what the unit says.
//!
//! One process per service, without a daemon behind it. It waits until a service is up and tells the manager over a
//! descriptor, runs the commands before and after, tests conditions, and turns exit codes and signals into what the
//! manager's restart rule understands.
//!
//! - [`options`] is the command line,
//! - [`command`] expands and starts commands, [`descriptors`] what a child inherits, [`identity`] whom it runs as,
//! - [`events`] is what is waited for: signals, ended processes, [`notify_socket`], [`bus_name`],
//! - [`process_tree`] finds the processes of the service,
//! - [`outcome`] is what an ending means,
//! - [`service`] is the life of one service.

// Whoever reads standard error may have gone, and println! would panic.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod bus_name;
pub mod command;
pub mod descriptors;
pub mod events;
pub mod identity;
pub mod listen;
pub mod notify_socket;
pub mod options;
pub mod outcome;
pub mod process_tree;
pub mod service;
mod settings;

use std::process::ExitCode;

use crate::standard_error::say;

pub use options::Options;

/// Why a service cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument means nothing.
    #[error("{0}")]
    Argument(String),
    /// The kernel refuses something.
    #[error("{what}: {error}")]
    System {
        /// What was to be done.
        what: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The message bus cannot be asked.
    #[error("D-Bus: {0}")]
    Bus(#[from] zbus::Error),
}

impl Error {
    fn system(what: impl Into<String>, error: impl Into<std::io::Error>) -> Self {
        Self::System { what: what.into(), error: error.into() }
    }
}

/// Runs a service to its end.
pub fn run(options: Options) -> ExitCode {
    let name = options.name.clone().unwrap_or_else(|| "run-service".to_owned());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&name, error);
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(service::run(options)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(&name, error);
            ExitCode::FAILURE
        }
    }
}
