//! The user's Shepherd: the one that runs, or one of our own.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::Access;

use super::connection::Socket;
use crate::unit::specifier::Host;

/// How long one of our own may take to listen. Guile takes its time where nothing is compiled.
const START_WAIT: Duration = Duration::from_secs(20);

/// What tells one of our own from others.
const MARK: &str = "(module-define! (resolve-module '(guile-user)) 'session-launcher-private #t)\n";

/// Fails in others.
const IS_OURS: &str = "(module-ref (resolve-module '(guile-user)) 'session-launcher-private)";

/// Why the user's services cannot be the Shepherd's.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Nobody listens, or something else does.
    #[error("the Shepherd runs no services for this user: {}: {error}", path.display())]
    NotRunning {
        /// Its socket.
        path: PathBuf,
        /// Why it cannot be used.
        error: io::Error,
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
        socket.ask("#t").map_err(|error| Unusable::NotRunning { path, error })?;
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
        let program = find_program(path).ok_or(Unusable::NoProgram)?;
        let socket = socket_path(host, variables);
        if let Some(directory) = socket.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        // The daemon does not begin without one.
        let configuration = crate::daemon::runtime_directory(host).unwrap_or_default().join("shepherd.scm");
        fs::write(&configuration, MARK)?;
        let log = crate::daemon::unit_log::directory(host).join("shepherd.log");
        let mut command = Command::new(program);
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
                Ok(()) => return Ok(Self { socket: Socket::at(&socket), is_ours: true }),
                Err(error) if Instant::now() > until => {
                    let _ = child.kill();
                    return Err(Unusable::NotRunning { path: socket, error });
                }
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

fn find_program(path: &str) -> Option<PathBuf> {
    path.split(':')
        .chain(["/usr/bin", "/usr/sbin", "/usr/local/bin", "/run/current-system/profile/bin"])
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join("shepherd"))
        .find(|candidate| candidate.is_file() && rustix::fs::access(candidate, Access::EXEC_OK).is_ok())
}
