//! Which service manager supervises the session's services.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::ValueEnum;

use super::Manager;
use super::dinit::Dinit;
use super::direct::Direct;
use super::openrc::OpenRc;
use super::shepherd::Shepherd;
use super::{dinit, openrc, shepherd};
use crate::unit::specifier::Host;

/// The variable that chooses a manager when the command line does not.
const VARIABLE: &str = "SESSION_LAUNCHER_MANAGER";

/// The configuration for all users.
const SYSTEM_FILE: &str = "/etc/usher/session-launcher.toml";

/// What `--manager=` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The one that serves the user, else direct.
    #[default]
    Auto,
    /// The engine itself.
    Direct,
    /// The user's Dinit.
    Dinit,
    /// OpenRC's user services.
    #[value(name = "openrc")]
    OpenRc,
    /// The user's Shepherd.
    Shepherd,
}

impl Choice {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Direct => "direct",
            Self::Dinit => "dinit",
            Self::OpenRc => "openrc",
            Self::Shepherd => "shepherd",
        }
    }
}

/// What session-launcher.toml may say.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Like `--manager=`.
    pub manager: Option<Choice>,
    /// Like `--private`.
    pub private: Option<bool>,
}

/// What the user's configuration says, else that for all users; the environment may choose another manager.
pub fn configured() -> Configuration {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let own = read(&Host::detect(&variables, None).config_home.join("session-launcher.toml"));
    let general = read(Path::new(SYSTEM_FILE));
    Configuration {
        manager: chosen().or(own.manager).or(general.manager),
        private: own.private.or(general.private),
    }
}

/// What the environment chooses.
fn chosen() -> Option<Choice> {
    let word = std::env::var_os(VARIABLE).filter(|word| !word.is_empty())?;
    let word = word.to_string_lossy();
    Choice::from_str(&word, false).inspect_err(|error| tracing::warn!("{VARIABLE}={word}: {error}")).ok()
}

fn read(path: &Path) -> Configuration {
    let Ok(text) = fs::read_to_string(path) else { return Configuration::default() };
    toml::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!("{}: {error}", path.display());
        Configuration::default()
    })
}

/// The manager to use. `private` starts one for the session when the user has none. `resume` tells whether services of an
/// engine that was killed run already. A manager that was asked for by name and cannot be had is said, and replaced by the
/// engine itself: a session is better than none.
pub fn select(
    choice: Choice,
    private: bool,
    host: &Host,
    variables: &BTreeMap<String, String>,
    resume: bool,
) -> Box<dyn Manager> {
    let candidates = match choice {
        Choice::Direct => &[][..],
        Choice::Auto => &[Choice::Dinit, Choice::Shepherd, Choice::OpenRc],
        Choice::Dinit => &[Choice::Dinit],
        Choice::OpenRc => &[Choice::OpenRc],
        Choice::Shepherd => &[Choice::Shepherd],
    };
    let found = candidates.iter().find_map(|candidate| {
        // Whatever is installed is not meant to be started for that alone.
        let private = private && choice != Choice::Auto;
        match open(*candidate, private, host, variables, resume) {
            Ok(manager) => Some(manager),
            Err(why) if choice == Choice::Auto => {
                tracing::debug!("{why}");
                None
            }
            Err(why) => {
                tracing::warn!("--manager={}: {why}; going on without", choice.as_str());
                None
            }
        }
    });
    let manager = found.unwrap_or_else(|| Box::new(Direct));
    tracing::info!("services are supervised by: {}", manager.name());
    manager
}

fn open(
    choice: Choice,
    private: bool,
    host: &Host,
    variables: &BTreeMap<String, String>,
    resume: bool,
) -> Result<Box<dyn Manager>, String> {
    // The daemon does not begin without one.
    let directory = crate::daemon::runtime_directory(host).unwrap_or_default();
    let runtime = host.runtime_dir.as_deref();
    match choice {
        Choice::Dinit => {
            let instance = match dinit::instance::Instance::detect(host, variables) {
                Err(dinit::instance::Unusable::NotRunning { .. }) if private => {
                    dinit::instance::Instance::start(host, variables)
                }
                instance => instance,
            };
            let instance = instance.map_err(|error| error.to_string())?;
            tracing::debug!("Dinit speaks version {}", instance.connection.version());
            Dinit::new(instance, directory.join("dinit.env"), runtime, resume)
                .map(|dinit| Box::new(dinit) as Box<dyn Manager>)
                .map_err(|error| error.to_string())
        }
        Choice::Shepherd => {
            let instance = match shepherd::instance::Instance::detect(host, variables) {
                Err(shepherd::instance::Unusable::NotRunning { .. }) if private => {
                    shepherd::instance::Instance::start(host, variables)
                }
                instance => instance,
            };
            let instance = instance.map_err(|error| error.to_string())?;
            Shepherd::new(instance, directory.join("shepherd.events"), runtime)
                .map(|shepherd| Box::new(shepherd) as Box<dyn Manager>)
                .map_err(|error| error.to_string())
        }
        Choice::OpenRc => {
            let instance = match openrc::instance::Instance::detect(host, variables) {
                Err(openrc::instance::Unusable::NotRunning(_)) if private => {
                    openrc::instance::Instance::begin(host, variables)
                }
                instance => instance,
            };
            let instance = instance.map_err(|error| error.to_string())?;
            OpenRc::new(instance, resume)
                .map(|openrc| Box::new(openrc) as Box<dyn Manager>)
                .map_err(|error| error.to_string())
        }
        Choice::Auto | Choice::Direct => Ok(Box::new(Direct)),
    }
}
