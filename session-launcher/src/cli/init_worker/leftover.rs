//! A session that is there already: a live one is an error; what an unclean end left is taken down.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::{Error, Result, SHUTDOWN};
use crate::cli::leader::fifo;
use crate::cli::leader::lock::{self, Lock, Taken};
use crate::client::{self, Manager};

/// How long the end of an earlier session may take. Then the log-in goes on: it fails by itself if it has to.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a session that is ending.
const LOOK: Duration = Duration::from_millis(50);

/// What the manager knows of a graphical session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    None,
    /// It is being stopped.
    Ending,
    /// GNOME's.
    Gnome,
    /// Of another desktop, which has no leader that can be known.
    Foreign,
}

/// Waits for the end of an earlier session, or brings it about when its leader is gone. Gives the lock that tells
/// others that this leader lives.
///
/// # Errors
/// A graphical session is running.
pub async fn clear(manager: &Manager) -> Result<Lock> {
    let runtime = runtime_directory()?;
    let deadline = Instant::now() + PATIENCE;
    let mut taken_down = false;
    loop {
        let state = state(manager).await.unwrap_or_else(|error| {
            eprintln!("{}: failed to see whether a graphical session is running: {error}", super::PROGRAM);
            State::None
        });
        let late = Instant::now() >= deadline;
        let taken = lock::take(&runtime.join("session-launcher"), "gnome-session-leader.lock");
        let taken = taken.map_err(|error| Error::File { path: runtime.display().to_string(), error })?;
        match (taken, state) {
            (Taken::Ours(lock), State::None) => return Ok(lock),
            (Taken::Ours(lock), _) if late => {
                eprintln!("{}: an earlier session does not end; trying all the same", super::PROGRAM);
                return Ok(lock);
            }
            // It has said what it had to, or is about to begin.
            (Taken::By(pid), State::None | State::Ending) if late => return Err(Error::AlreadyRunning(pid)),
            (_, State::None | State::Ending) => {}
            (Taken::By(pid), State::Gnome | State::Foreign) => return Err(Error::AlreadyRunning(pid)),
            (Taken::Ours(_), State::Gnome | State::Foreign) => {
                if let Some(leader) = leader_of_fifo(&runtime.join(fifo::NAME)) {
                    return Err(Error::AlreadyRunning(Some(leader)));
                }
                if state == State::Foreign && compositor_answers(manager, &runtime).await {
                    return Err(Error::AlreadyRunning(None));
                }
                if !taken_down {
                    eprintln!("{}: taking down what an earlier session left", super::PROGRAM);
                    if let Err(error) = manager.queue_job("StartUnit", SHUTDOWN, "replace-irreversibly").await
                    {
                        eprintln!("{}: failed to start {SHUTDOWN}: {error}", super::PROGRAM);
                    }
                    taken_down = true;
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn runtime_directory() -> Result<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).ok_or(Error::NoRuntimeDirectory)
}

async fn state(manager: &Manager) -> client::Result<State> {
    let mut state = State::None;
    for unit in ["graphical-session.target", "graphical-session-pre.target"] {
        let path = match manager.get_unit(unit).await {
            Err(error) if error.is("NoSuchUnit") => continue,
            path => path?,
        };
        match manager.unit_text(&path, "ActiveState").await?.as_str() {
            "inactive" | "failed" => {}
            "deactivating" => return Ok(State::Ending),
            _ if is_being_stopped(manager, unit).await? => return Ok(State::Ending),
            _ => state = State::Foreign,
        }
    }
    if state == State::Foreign {
        for unit in ["gnome-session.target", "gnome-session-pre.target", "gnome-session-monitor.service"] {
            if manager.active_state(unit).await? != "inactive" {
                return Ok(State::Gnome);
            }
        }
    }
    Ok(state)
}

async fn is_being_stopped(manager: &Manager, unit: &str) -> client::Result<bool> {
    Ok(manager.list_jobs().await?.iter().any(|job| job.unit == unit && job.kind == "stop"))
}

/// The process of this user that has the fifo open for writing: a leader that is not ours, such as upstream's.
fn leader_of_fifo(fifo: &Path) -> Option<u32> {
    let wanted = fs::metadata(fifo).ok()?;
    let own = std::process::id();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if pid == own {
            continue;
        }
        // Of other users, and of processes that are gone by now.
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        for descriptor in descriptors.flatten() {
            let is_fifo = fs::read_link(descriptor.path()).is_ok_and(|target| target == fifo)
                && fs::metadata(descriptor.path())
                    .is_ok_and(|found| (found.dev(), found.ino()) == (wanted.dev(), wanted.ino()));
            if is_fifo && is_for_writing(&process.path().join("fdinfo").join(descriptor.file_name())) {
                return Some(pid);
            }
        }
    }
    None
}

/// Whether a descriptor was opened to be written to: the last octal digit of its flags (proc_pid_fdinfo(5)).
fn is_for_writing(info: &Path) -> bool {
    let text = fs::read_to_string(info).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.is_some_and(|flags| flags.trim().ends_with(['1', '2']))
}

/// Whether the display that the manager's services are told of is there.
async fn compositor_answers(manager: &Manager, runtime: &Path) -> bool {
    let environment = manager.environment().await.unwrap_or_default();
    let variable =
        |name: &str| environment.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let wayland =
        variable("WAYLAND_DISPLAY").is_some_and(|name| UnixStream::connect(runtime.join(name)).is_ok());
    let number = |display: &str| display.strip_prefix(':')?.split('.').next()?.parse::<u32>().ok();
    let x11 = variable("DISPLAY").and_then(number);
    wayland || x11.is_some_and(|number| UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).is_ok())
}
