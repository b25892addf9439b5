//! The user's Shepherd: the one that runs, or one of our own.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::{find_program, has_ended, is_nobody};
use super::connection::Socket;
use crate::unit::specifier::Host;

/// How long one of our own may take to listen. Guile takes its time where nothing is compiled.
const START_WAIT: Duration = Duration::from_secs(20);

/// What tells one of our own from others.
const MARK: &str = "(module-define! (resolve-module '(guile-user)) 'session-launcher-private #t)\n";

/// Fails in others.
const IS_OURS: &str = "(module-ref (resolve-module '(guile-user)) 'session-launcher-private)";

/// The version of a Shepherd.
const VERSION: &str = "(@ (shepherd config) Version)";

/// The first with the procedures that definitions are made of here.
const FIRST_MAJOR: u32 = 1;

/// Where its program may be when PATH does not lead there.
const PROGRAM_DIRECTORIES: [&str; 4] =
    ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/run/current-system/profile/bin"];

/// Why the user's services cannot be the Shepherd's.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Nobody listens.
    #[error("the Shepherd runs no services for this user: {}: {error}", path.display())]
    NotRunning {
        /// Its socket.
        path: PathBuf,
        /// Why it cannot be reached.
        error: io::Error,
    },
    /// Somebody listens who does not answer as a Shepherd.
    #[error("the Shepherd at {}: {error}", path.display())]
    Foreign {
        /// Its socket.
        path: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
    /// It is older than what is spoken here.
    #[error("the Shepherd at {} is {version}; 1.0 is needed", path.display())]
    TooOld {
        /// Its socket.
        path: PathBuf,
        /// What it calls itself.
        version: String,
    },
    /// One of our own does not come up.
    #[error("{} was started, and does not listen at {}: see {}", program.display(), socket.display(), log.display())]
    Silent {
        /// What was started.
        program: PathBuf,
        /// Where it should listen.
        socket: PathBuf,
        /// What it has to say.
        log: PathBuf,
    },
    /// It is not installed.
    #[error("shepherd is not installed")]
    NoProgram,
    /// A process or a file cannot be made.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A user's Shepherd.
#[derive(Debug)]
pub struct Instance {
    /// Where it listens.
    pub socket: Socket,
    /// It was started by us, and ends with the session.
    pub is_ours: bool,
}

/// The socket of the user's Shepherd, by the rules of herd.
pub fn socket_path(host: &Host, variables: &BTreeMap<String, String>) -> PathBuf {
    match (variables.get("SHEPHERD_SOCKET"), &host.runtime_dir) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(runtime)) => runtime.join("shepherd/socket"),
        (None, None) => {
            PathBuf::from(format!("/run/user/{}/shepherd/socket", rustix::process::getuid().as_raw()))
        }
    }
}

impl Instance {
    /// The one that runs.
    ///
    /// # Errors
    /// There is none that can be used.
    pub fn detect(host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let path = socket_path(host, variables);
        let socket = Socket::at(&path);
        let version = socket.ask(VERSION).map_err(|error| {
            let path = path.clone();
            if is_nobody(&error) {
                Unusable::NotRunning { path, error }
            } else {
                Unusable::Foreign { path, error }
            }
        })?;
        check_version(path, &version)?;
        // One of our own goes on after an engine was killed.
        let is_ours = socket.ask(IS_OURS).is_ok();
        Ok(Self { socket, is_ours })
    }

    /// Starts one of our own, at the place where the user's tools look for it.
    ///
    /// # Errors
    /// It is not installed, or does not come up.
    pub fn start(host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let path = variables.get("PATH").map(String::as_str).unwrap_or_default();
        let program = find_program("shepherd", path, &PROGRAM_DIRECTORIES).ok_or(Unusable::NoProgram)?;
        let socket = socket_path(host, variables);
        if let Some(directory) = socket.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        // The daemon does not begin without one.
        let configuration = crate::daemon::runtime_directory(host).unwrap_or_default().join("shepherd.scm");
        fs::write(&configuration, MARK)?;
        let log = crate::daemon::unit_log::directory(host).join("shepherd.log");
        let mut command = Command::new(&program);
        command
            .arg(format!("--config={}", configuration.display()))
            .arg(format!("--logfile={}", log.display()))
            .arg(format!("--socket={}", socket.display()))
            .arg("--silent")
            .env_clear()
            .envs(variables)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        let mut child = command.spawn()?;
        let until = Instant::now() + START_WAIT;
        loop {
            match Socket::at(&socket).ask(IS_OURS) {
                Ok(_) => {
                    let ours = Socket::at(&socket);
                    check_version(socket, &ours.ask(VERSION)?)?;
                    return Ok(Self { socket: ours, is_ours: true });
                }
                Err(_) if Instant::now() > until || has_ended(&mut child) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Unusable::Silent { program, socket, log });
                }
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

/// Whether the Shepherd with that answer to [`VERSION`] will do.
fn check_version(path: PathBuf, answer: &str) -> Result<(), Unusable> {
    let version = version_of(answer);
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= FIRST_MAJOR => Ok(()),
        _ => Err(Unusable::TooOld { path, version: version.to_owned() }),
    }
}

/// The first string in the result of an answer.
fn version_of(answer: &str) -> &str {
    let result = answer.split_once("(result ").map_or("", |(_, result)| result);
    result.split('"').nth(1).unwrap_or(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let answer =
            |version: &str| format!("(reply (version 0) (result (\"{version}\")) (error #f) (messages ()))");
        let check = |version: &str| check_version(PathBuf::from("/socket"), &answer(version));
        for good in ["1.0.9", "1.0", "10.1"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for old in ["0.10.5", "0.9", ""] {
            assert!(matches!(check(old), Err(Unusable::TooOld { version, .. }) if version == old), "{old}");
        }
        assert!(check_version(PathBuf::new(), "(reply (version 0) (result (#f)) (error #f))").is_err());
    }
}
