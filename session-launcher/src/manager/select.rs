//! Which service manager supervises the session's services.

use std::collections::BTreeMap;
use std::fs;
use std::io;
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
struct Configuration {
    /// Like `--manager=`.
    manager: Option<Choice>,
    /// Like `--private`.
    private: Option<bool>,
}

/// A choice, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What it is.
    pub choice: Choice,
    /// Where it is written, for messages.
    origin: String,
}

impl Wanted {
    /// By the command line.
    pub fn by_option(choice: Choice) -> Self {
        Self { choice, origin: format!("--manager={}", choice.as_str()) }
    }

    /// By an engine that was killed: what runs under a manager stays there.
    fn by_engine_before(choice: Choice) -> Self {
        Self { choice, origin: format!("{}, as with the engine before", choice.as_str()) }
    }

    /// By the environment.
    fn by_variable() -> Option<Self> {
        let word = std::env::var_os(VARIABLE).filter(|word| !word.is_empty())?;
        let word = word.to_string_lossy();
        match Choice::from_str(&word, false) {
            Ok(choice) => Some(Self { choice, origin: format!("{VARIABLE}={word}") }),
            Err(_) => {
                let known: Vec<&str> =
                    Choice::value_variants().iter().map(|choice| choice.as_str()).collect();
                tracing::warn!("{VARIABLE}={word}: it is none of {}; it is ignored", known.join(", "));
                None
            }
        }
    }

    /// By a configuration file.
    fn by_file(path: &Path, configuration: &Configuration) -> Option<Self> {
        let choice = configuration.manager?;
        Some(Self { choice, origin: format!("{}: manager = {:?}", path.display(), choice.as_str()) })
    }
}

/// What is to be done when the command line says nothing.
#[derive(Debug, Default)]
pub struct Configured {
    /// The manager.
    pub manager: Wanted,
    /// Like `--private`.
    pub private: bool,
}

/// What the environment chooses, else the user's configuration, else that for all users. What cannot be understood is said
/// and passed over.
pub fn configured() -> Configured {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let own_path = Host::detect(&variables, None).config_home.join("session-launcher.toml");
    let (own, general) = (read(&own_path), read(Path::new(SYSTEM_FILE)));
    let manager = Wanted::by_variable()
        .or_else(|| Wanted::by_file(&own_path, &own))
        .or_else(|| Wanted::by_file(Path::new(SYSTEM_FILE), &general));
    Configured {
        manager: manager.unwrap_or_default(),
        private: own.private.or(general.private).unwrap_or_default(),
    }
}

fn read(path: &Path) -> Configuration {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!("{}: {error}; it is ignored", path.display());
            }
            return Configuration::default();
        }
    };
    toml::from_str(&text).unwrap_or_else(|error| {
        let line = line_of(&text, error.span().map_or(0, |span| span.start));
        tracing::warn!("{}:{line}: {}; the file is ignored", path.display(), error.message());
        Configuration::default()
    })
}

/// The line that a byte is in, counted from one.
fn line_of(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

/// Why a manager is not used.
#[derive(Debug)]
enum Unavailable {
    /// The user has none of this kind.
    Absent(String),
    /// It is there, but will not do.
    Unusable(String),
}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent(why) | Self::Unusable(why) => f.write_str(why),
        }
    }
}

/// What a manager is opened with.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// Start one for the session when the user has none.
    pub private: bool,
    /// The user.
    pub host: &'a Host,
    /// The manager's environment.
    pub variables: &'a BTreeMap<String, String>,
    /// The manager of an engine that was killed, whose services run already.
    pub before: Option<&'a str>,
}

/// The manager to use. One that was asked for by name and cannot be had is said, and replaced by the engine itself: a session
/// is better than none.
pub fn select(wanted: &Wanted, circumstances: &Circumstances<'_>) -> Box<dyn Manager> {
    let before = circumstances.before.and_then(|name| Choice::from_str(name, false).ok());
    let wanted = before.map_or_else(|| wanted.clone(), Wanted::by_engine_before);
    let manager = match wanted.choice {
        Choice::Auto => found(circumstances),
        Choice::Direct => Box::new(Direct),
        choice => open(choice, circumstances.private, circumstances).unwrap_or_else(|why| {
            tracing::warn!("{}: {why}; services run under session-launcher itself", wanted.origin);
            Box::new(Direct)
        }),
    };
    tracing::info!("services are supervised by: {}", manager.name());
    manager
}

/// The one that serves the user already. What is installed is not meant to be started for that alone.
fn found(circumstances: &Circumstances<'_>) -> Box<dyn Manager> {
    for candidate in [Choice::Dinit, Choice::Shepherd, Choice::OpenRc] {
        match open(candidate, false, circumstances) {
            Ok(manager) => return manager,
            Err(Unavailable::Absent(why)) => tracing::debug!("{why}"),
            Err(Unavailable::Unusable(why)) => tracing::warn!("not used: {why}"),
        }
    }
    Box::new(Direct)
}

fn open(
    choice: Choice,
    private: bool,
    circumstances: &Circumstances<'_>,
) -> Result<Box<dyn Manager>, Unavailable> {
    let Circumstances { host, variables, .. } = circumstances;
    // The daemon does not begin without one.
    let directory = crate::daemon::runtime_directory(host).unwrap_or_default();
    let runtime = host.runtime_dir.as_deref();
    let resume = circumstances.before.is_some();
    let unusable = |error: io::Error| Unavailable::Unusable(error.to_string());
    match choice {
        Choice::Dinit => {
            let instance = match dinit::instance::Instance::detect(host, variables) {
                Err(dinit::instance::Unusable::NotRunning { .. }) if private => {
                    dinit::instance::Instance::start(host, variables)
                }
                instance => instance,
            };
            let instance = instance.map_err(|error| match error {
                dinit::instance::Unusable::NotRunning { .. } => Unavailable::Absent(error.to_string()),
                error => Unavailable::Unusable(error.to_string()),
            })?;
            tracing::debug!("Dinit's control protocol has version {}", instance.connection.version());
            let dinit =
                Dinit::new(instance, directory.join("dinit.env"), runtime, resume).map_err(unusable)?;
            Ok(Box::new(dinit))
        }
        Choice::Shepherd => {
            let instance = match shepherd::instance::Instance::detect(host, variables) {
                Err(shepherd::instance::Unusable::NotRunning { .. }) if private => {
                    shepherd::instance::Instance::start(host, variables)
                }
                instance => instance,
            };
            let instance = instance.map_err(|error| match error {
                shepherd::instance::Unusable::NotRunning { .. } => Unavailable::Absent(error.to_string()),
                error => Unavailable::Unusable(error.to_string()),
            })?;
            let shepherd =
                Shepherd::new(instance, directory.join("shepherd.events"), runtime).map_err(unusable)?;
            Ok(Box::new(shepherd))
        }
        Choice::OpenRc => {
            let instance = match openrc::instance::Instance::detect(host, variables) {
                Err(openrc::instance::Unusable::NotRunning { .. }) if private => {
                    openrc::instance::Instance::begin(host, variables)
                }
                instance => instance,
            };
            let instance = instance.map_err(|error| match error {
                openrc::instance::Unusable::NotRunning { .. } => Unavailable::Absent(error.to_string()),
                error => Unavailable::Unusable(error.to_string()),
            })?;
            Ok(Box::new(OpenRc::new(instance, resume).map_err(unusable)?))
        }
        Choice::Auto | Choice::Direct => Ok(Box::new(Direct)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice_in(text: &str) -> Option<Choice> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("session-launcher.toml");
        fs::write(&path, text).unwrap();
        read(&path).manager
    }

    #[test]
    fn a_file_names_a_manager_or_says_nothing() {
        assert_eq!(choice_in("manager = \"openrc\"\n"), Some(Choice::OpenRc));
        assert_eq!(choice_in("# nothing\n"), None);
        assert_eq!(choice_in("manager = \"runit\"\n"), None);
        assert_eq!(choice_in("manger = \"dinit\"\n"), None);
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_of("a\nb\nc", 0), 1);
        assert_eq!(line_of("a\nb\nc", 2), 2);
        assert_eq!(line_of("a\nb\nc", 99), 3);
    }
}
