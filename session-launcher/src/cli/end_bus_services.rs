//! `session-launcher end-bus-services`: what stopping dbus.service comes to. Services that own a name on the session bus
//! are stopped, as they would end with it, and the programs that the bus has started itself are asked to end; the bus,
//! and the manager that it may have started too, stay.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::client::{self, Manager};
use crate::daemon::census;

/// How long they may take to follow SIGTERM.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether they have ended.
const INTERVAL: Duration = Duration::from_millis(10);

/// Where a service's bus name is found.
const SERVICE_INTERFACE: &str = "org.freedesktop.systemd1.Service";

/// Ends them: what the bus starts has its address in the environment, and so have their children.
///
/// # Errors
/// Nobody has said which bus.
pub fn run() -> super::Result {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS")
        .map_err(|_| super::Error::Other("DBUS_SESSION_BUS_ADDRESS is not set".to_owned()))?;
    match client::run(stop_owners_of_names()) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("services with a name on the bus are not stopped: {error}"),
        Err(error) => tracing::warn!("services with a name on the bus are not stopped: {error}"),
    }
    let above = ancestors();
    let began = Instant::now();
    let mut told = BTreeSet::new();
    loop {
        let mut left: Vec<i32> = census::of_user();
        // The manager may have been started by the bus too: whoever is above this process stays.
        left.retain(|pid| !above.contains(pid) && was_started_by(*pid, &address));
        if left.is_empty() || began.elapsed() > PATIENCE * 2 {
            return Ok(ExitCode::SUCCESS);
        }
        for pid in left {
            let signal = if began.elapsed() > PATIENCE { Signal::KILL } else { Signal::TERM };
            if let Some(process) = Pid::from_raw(pid)
                && (told.insert(pid) || signal == Signal::KILL)
            {
                let _ = rustix::process::kill_process(process, signal);
            }
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Stops the services that have a `BusName=`, whatever their type. systemd's own bus takes them along when it stops.
async fn stop_owners_of_names() -> client::Result<()> {
    let manager = Manager::connect().await?;
    let mut stopped = Vec::new();
    for unit in manager.list_units(&["active", "activating", "reloading"], &["*.service"]).await? {
        let name = manager.property(&unit.path, SERVICE_INTERFACE, "BusName").await;
        if name.is_ok_and(|name| client::properties::as_text(&name).is_some_and(|name| !name.is_empty())) {
            manager.queue_job("StopUnit", &unit.name, "replace").await?;
            stopped.push(unit.name);
        }
    }
    let began = Instant::now();
    for unit in stopped {
        while began.elapsed() < PATIENCE * 2
            && !matches!(manager.active_state(&unit).await?.as_str(), "inactive" | "failed")
        {
            tokio::time::sleep(INTERVAL).await;
        }
    }
    Ok(())
}

/// This process and those above it.
fn ancestors() -> BTreeSet<i32> {
    let mut above = BTreeSet::new();
    let mut next = Some(rustix::process::getpid().as_raw_nonzero().get());
    while let Some(pid) = next.filter(|pid| *pid > 1) {
        if !above.insert(pid) {
            break;
        }
        next = census::parent_of(pid);
    }
    above
}

fn was_started_by(pid: i32, address: &str) -> bool {
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { return false };
    let starter = environment
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(b"DBUS_STARTER_ADDRESS="))
        .map(|value| String::from_utf8_lossy(value).into_owned());
    // One may tell the bus's identity behind the address, the other not.
    starter.is_some_and(|starter| starter.split(',').next() == address.split(',').next())
}
