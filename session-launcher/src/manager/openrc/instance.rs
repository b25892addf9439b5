//! The user's OpenRC: where it keeps its state, which version it is, where its programs are.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::find_program;
use crate::unit::specifier::Host;

/// Where OpenRC's programs may be when PATH does not lead there, as with users' PATHs that have no sbin.
const PROGRAM_DIRECTORIES: [&str; 5] = ["/sbin", "/usr/sbin", "/usr/local/sbin", "/bin", "/usr/bin"];

/// The first version with user services.
const FIRST_VERSION: Version = Version::new(0, 60);

/// A version of OpenRC, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Finds the version in `openrc (OpenRC) 0.64.1`, with whatever a distribution adds to it.
    fn parse(text: &str) -> Option<Self> {
        let number =
            text.split_ascii_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let mut parts = number.split(|c: char| !c.is_ascii_digit());
        Some(Self { major: parts.next()?.parse().ok()?, minor: parts.next()?.parse().ok()? })
    }
}

/// Why the user's services cannot be OpenRC's.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// `openrc --user` has not run for this user.
    #[error("OpenRC runs no services for this user: {} is missing", .0.display())]
    NotRunning(PathBuf),
    /// XDG_RUNTIME_DIR is not set.
    #[error("OpenRC's user services need XDG_RUNTIME_DIR")]
    NoRuntimeDirectory,
    /// It is not installed.
    #[error("{0} is not installed")]
    NoProgram(&'static str),
    /// It is older than user services.
    #[error("this OpenRC is too old for user services, which came with 0.60: {0}")]
    TooOld(String),
    /// A directory or file cannot be made.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// A user's OpenRC.
#[derive(Debug, Clone)]
pub struct Instance {
    /// `$XDG_RUNTIME_DIR/openrc`.
    pub state_directory: PathBuf,
    /// supervise-daemon(8).
    pub supervise_daemon: PathBuf,
    /// The interpreter of service scripts.
    pub openrc_run: PathBuf,
    /// What its programs have to know to serve this user.
    pub environment: BTreeMap<String, String>,
    /// It was begun by us, and ends with the session.
    pub is_ours: bool,
}

/// What OpenRC leaves when it has entered a runlevel: its name.
const SOFTLEVEL: &str = "softlevel";

/// What tells an OpenRC that we have begun from others.
const MARK: &str = "session-launcher";

impl Instance {
    /// The OpenRC that runs for the user. `openrc --user` leaves `softlevel` when it has entered a runlevel; a user without a
    /// login shell, such as a greeter, never gets that far, since openrc-user goes through the shell.
    ///
    /// # Errors
    /// There is none that can be used.
    pub fn detect(host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let runtime = host.runtime_dir.as_deref().ok_or(Unusable::NoRuntimeDirectory)?;
        let mark = state_directory(runtime).join(SOFTLEVEL);
        if mark.exists() { Self::of(runtime, host, variables) } else { Err(Unusable::NotRunning(mark)) }
    }

    /// Begins one where none runs. OpenRC has no daemon: it is a directory that says that a runlevel has been entered, and then
    /// its tools work. No service starts but those of the session.
    ///
    /// # Errors
    /// It is not installed, or the directory cannot be made.
    pub fn begin(host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let runtime = host.runtime_dir.as_deref().ok_or(Unusable::NoRuntimeDirectory)?;
        let mut instance = Self::of(runtime, host, variables)?;
        let directory = instance.state_directory.clone();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| Unusable::Io { path, error }
        };
        DirBuilder::new().recursive(true).mode(0o755).create(&directory).map_err(failed(&directory))?;
        for (name, text) in [(MARK, ""), (SOFTLEVEL, "default\n")] {
            let path = directory.join(name);
            fs::write(&path, text).map_err(failed(&path))?;
        }
        instance.is_ours = true;
        Ok(instance)
    }

    /// Ends one that we have begun, whose services are gone.
    pub fn end(&self) {
        for name in [SOFTLEVEL, MARK] {
            let _ = fs::remove_file(self.state_directory.join(name));
        }
    }

    fn of(runtime: &Path, host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let state_directory = state_directory(runtime);
        let path = variables.get("PATH").map(String::as_str).unwrap_or_default();
        let supervise_daemon = find_program("supervise-daemon", path, &PROGRAM_DIRECTORIES)
            .ok_or(Unusable::NoProgram("supervise-daemon"))?;
        let openrc_run = find_program("openrc-run", path, &PROGRAM_DIRECTORIES)
            .ok_or(Unusable::NoProgram("openrc-run"))?;
        let openrc =
            find_program("openrc", path, &PROGRAM_DIRECTORIES).ok_or(Unusable::NoProgram("openrc"))?;
        check_version(&openrc)?;
        let mut environment: BTreeMap<String, String> =
            ["USER", "LOGNAME", "SHELL", "XDG_CONFIG_HOME", "LANG"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), variables.get(name)?.clone())))
                .collect();
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("HOME", host.home.to_string_lossy().into_owned());
        set("PATH", crate::daemon::environment::DEFAULT_PATH.to_owned());
        set("XDG_RUNTIME_DIR", runtime.to_string_lossy().into_owned());
        set("RC_USER_SERVICES", "yes".to_owned());
        set("RC_SVCDIR", state_directory.to_string_lossy().into_owned());
        // One of our own goes on after an engine was killed.
        let is_ours = state_directory.join(MARK).exists();
        Ok(Self { state_directory, supervise_daemon, openrc_run, environment, is_ours })
    }
}

fn state_directory(runtime: &Path) -> PathBuf {
    runtime.join("openrc")
}

fn check_version(openrc: &Path) -> Result<(), Unusable> {
    let output = Command::new(openrc).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match Version::parse(&text) {
        Some(version) if version >= FIRST_VERSION => Ok(()),
        _ => Err(Unusable::TooOld(text.trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("openrc (OpenRC) 0.64.1") > version("openrc (OpenRC) 0.60"));
        assert!(version("openrc (OpenRC) 0.9.8") < FIRST_VERSION);
        assert_eq!(version("openrc (OpenRC) 0.61-r2 (Alpine Linux)"), Version::new(0, 61));
        assert!(version("openrc (OpenRC) 1.0") > FIRST_VERSION);
        assert_eq!(Version::parse("openrc (OpenRC)"), None);
    }
}
