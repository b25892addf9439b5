//! The user's Dinit: the one that runs, or one of our own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::Access;

use super::super::{find_program, has_ended, is_nobody};
use super::connection::{Connection, ControlError};
use crate::unit::specifier::Host;

/// How long one of our own may take to listen. It is a matter of milliseconds.
const START_WAIT: Duration = Duration::from_secs(5);

/// Where its program may be when PATH does not lead there.
const PROGRAM_DIRECTORIES: [&str; 6] =
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// The service that keeps one of our own up while no other is.
const SESSION: &str = "session";

/// Why the user's services cannot be Dinit's.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Nobody listens.
    #[error("Dinit runs no services for this user: {}: {error}", path.display())]
    NotRunning {
        /// Its socket.
        path: PathBuf,
        /// Why it cannot be reached.
        error: io::Error,
    },
    /// Somebody listens, but cannot do what is needed, or is no Dinit.
    #[error("Dinit at {}: {error}", path.display())]
    Control {
        /// Its socket.
        path: PathBuf,
        /// What is wrong.
        error: ControlError,
    },
    /// One of our own does not come up.
    #[error("{} was started, and does not listen at {}", program.display(), socket.display())]
    Silent {
        /// What was started.
        program: PathBuf,
        /// Where it should listen.
        socket: PathBuf,
    },
    /// A description of ours has nowhere to go.
    #[error("none of the directories in which the user's Dinit looks for services can be written: {0:?}")]
    NoDirectory(Vec<PathBuf>),
    /// It is not installed.
    #[error("dinit is not installed")]
    NoProgram,
    /// A process or a file cannot be made.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A user's Dinit.
#[derive(Debug)]
pub struct Instance {
    /// The control connection.
    pub connection: Connection,
    /// Where descriptions of ours go.
    pub directory: PathBuf,
    /// It was started by us, and ends with the session.
    pub is_ours: bool,
}

/// The socket of the user's Dinit, by the rules of dinitctl(8).
pub fn socket_path(host: &Host, variables: &BTreeMap<String, String>) -> PathBuf {
    match (variables.get("DINIT_SOCKET_PATH"), &host.runtime_dir) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(runtime)) => runtime.join("dinitctl"),
        (None, None) => host.home.join(".dinitctl"),
    }
}

impl Instance {
    /// The one that runs.
    ///
    /// # Errors
    /// There is none that can be used.
    pub fn detect(host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let path = socket_path(host, variables);
        let mut connection = Connection::open(&path).map_err(|error| match error {
            ControlError::Io(error) if is_nobody(&error) => {
                Unusable::NotRunning { path: path.clone(), error }
            }
            error => Unusable::Control { path: path.clone(), error },
        })?;
        let own = own_directory(host);
        let directories = connection
            .service_directories()
            .map_err(|error| Unusable::Control { path: path.clone(), error })?;
        // One of our own goes on after an engine was killed.
        let is_ours = directories.contains(&own);
        let directory = directories.iter().find(|path| prepare(host, path)).cloned();
        let directory = directory.ok_or(Unusable::NoDirectory(directories))?;
        Ok(Self { connection, directory, is_ours })
    }

    /// Starts one of our own, at the place where the user's tools look for it.
    ///
    /// # Errors
    /// It is not installed, or does not come up.
    pub fn start(host: &Host, variables: &BTreeMap<String, String>) -> Result<Self, Unusable> {
        let path = variables.get("PATH").map(String::as_str).unwrap_or_default();
        let program = find_program("dinit", path, &PROGRAM_DIRECTORIES).ok_or(Unusable::NoProgram)?;
        let directory = own_directory(host);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(SESSION), "type = internal\nrestart = false\n")?;
        let socket = socket_path(host, variables);
        let mut command = Command::new(&program);
        command
            .args(["--user", "--quiet", "--services-dir"])
            .arg(&directory)
            .arg("--socket-path")
            .arg(&socket)
            .arg(SESSION)
            .env_clear()
            .envs(variables)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        let mut child = command.spawn()?;
        let until = Instant::now() + START_WAIT;
        loop {
            match Connection::open(&socket) {
                Ok(connection) => return Ok(Self { connection, directory, is_ours: true }),
                Err(ControlError::Io(_)) if Instant::now() > until || has_ended(&mut child) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Unusable::Silent { program, socket });
                }
                Err(error @ ControlError::TooOld(_)) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Unusable::Control { path: socket, error });
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// Where descriptions for one of our own lie.
fn own_directory(host: &Host) -> PathBuf {
    // The daemon does not begin without one.
    crate::daemon::runtime_directory(host).unwrap_or_default().join("dinit")
}

/// Whether descriptions can be written there. The user's own directory is made if it is not there yet.
fn prepare(host: &Host, directory: &Path) -> bool {
    let is_users = directory.starts_with(&host.home)
        || host.runtime_dir.as_ref().is_some_and(|runtime| directory.starts_with(runtime));
    if is_users {
        let _ = fs::create_dir_all(directory);
    }
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}
