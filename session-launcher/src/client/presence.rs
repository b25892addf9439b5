//! Making the manager come when nobody owns its name.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::manager::NAME;
use super::{ClientError, Manager, Result, bus, signals};

/// The longest that the manager may take until it owns its name.
const DEADLINE: Duration = Duration::from_secs(15);

/// Between two looks at whether a manager that was just started has ended.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until the manager is there. If nobody owns its name, the bus starts it; if the bus has no service file for
/// it (or systemd's own, which names /bin/false), `session-launcher daemon` is started.
///
/// # Errors
/// It does not come.
pub async fn ensure(manager: &Manager) -> Result<()> {
    if bus::has_owner(manager.bus(), NAME).await? {
        return Ok(());
    }
    match tokio::time::timeout(DEADLINE, bus::start_service(manager.bus(), NAME)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error @ ClientError::Refused { .. })) => start_daemon(manager, &error.to_string()).await,
        Err(_) => start_daemon(manager, "timed out").await,
        Ok(Err(error)) => Err(error),
    }
}

/// Starts the daemon of this program and waits for it. `refusal` is why the bus did not start one.
async fn start_daemon(manager: &Manager, refusal: &str) -> Result<()> {
    // Before it is started: its coming must not be missed.
    let mut changes = signals::owner_changes(manager.bus(), NAME).await?;
    let failed = |reason: String| {
        ClientError::NoManager(format!(
            "session-launcher daemon: {reason}; started by the session bus: {}",
            refusal.trim_end_matches('.')
        ))
    };
    let mut daemon = spawn_daemon().map_err(|error| failed(error.to_string()))?;
    let come = async {
        loop {
            if bus::has_owner(manager.bus(), NAME).await? {
                return Ok(());
            }
            // One that goes into the background by itself ends with success.
            if let Some(status) = daemon.try_wait().ok().flatten().filter(|status| !status.success()) {
                return Err(failed(format!("ended ({status})")));
            }
            let _ = tokio::time::timeout(LOOK, changes.next()).await;
        }
    };
    tokio::time::timeout(DEADLINE, come)
        .await
        .unwrap_or_else(|_| Err(failed(format!("does not own {NAME} after {} s", DEADLINE.as_secs()))))
}

/// The same binary, by the name that it has on disk, away from the terminal's signals.
fn spawn_daemon() -> std::io::Result<Child> {
    let program = std::env::current_exe()?;
    Command::new(program)
        .arg0("session-launcher")
        .arg("daemon")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(diagnostics())
        .process_group(0)
        .spawn()
}

/// Where the daemon's own words go: beside the logs of units.
fn diagnostics() -> Stdio {
    let Some(path) = crate::client::log::path("session-launcher") else { return Stdio::null() };
    let open = |path: &Path| {
        std::fs::create_dir_all(path.parent()?).ok()?;
        File::options().create(true).append(true).open(path).ok()
    };
    open(&path).map_or_else(Stdio::null, Stdio::from)
}
