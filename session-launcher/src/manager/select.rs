//! Which service manager supervises the session's services.

use std::collections::BTreeMap;

use super::Manager;
use super::direct::Direct;
use super::openrc::OpenRc;
use super::openrc::instance::Instance;
use crate::unit::specifier::Host;

/// What `--manager=` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Choice {
    /// The one that serves the user, else direct.
    #[default]
    Auto,
    /// The engine itself.
    Direct,
    /// OpenRC's user services.
    #[value(name = "openrc")]
    OpenRc,
}

impl Choice {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Direct => "direct",
            Self::OpenRc => "openrc",
        }
    }
}

/// The manager to use. `resume` tells whether services of an engine that was killed run already. A manager that was asked
/// for by name and cannot be had is said, and replaced by the engine itself: a session is better than none.
pub fn select(
    choice: Choice,
    host: &Host,
    variables: &BTreeMap<String, String>,
    resume: bool,
) -> Box<dyn Manager> {
    if choice == Choice::Direct {
        return Box::new(Direct);
    }
    let why = match Instance::detect(host, variables) {
        Ok(instance) => match OpenRc::new(instance, resume) {
            Ok(openrc) => return Box::new(openrc),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    if choice == Choice::Auto {
        tracing::debug!("{why}");
    } else {
        tracing::warn!("--manager={}: {why}; going on without", choice.as_str());
    }
    Box::new(Direct)
}
