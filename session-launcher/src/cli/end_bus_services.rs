//! `session-launcher end-bus-services`: what stopping dbus.service comes to. The programs that the session bus has started
//! are asked to end; the bus itself, and the manager that it may have started too, stay.

use std::process::ExitCode;

use rustix::process::{Pid, Signal};

use crate::daemon::{bus_messages, census};

/// Ends them.
///
/// # Errors
/// The bus does not answer.
pub fn run() -> super::Result {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| super::Error::Other(error.to_string()))?;
    let bus = runtime
        .block_on(bus_messages::bus_process())
        .map_err(|error| super::Error::Other(format!("session bus: {error}")))?;
    // The manager may be the bus's child too: whoever is above this process stays.
    let mut own = Vec::new();
    let mut next = rustix::process::getpid().as_raw_nonzero().get();
    while next > 1 && !own.contains(&next) {
        own.push(next);
        next = census::parent_of(next).unwrap_or(0);
    }
    for pid in census::children(bus).into_iter().filter(|pid| !own.contains(pid)) {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }
    Ok(ExitCode::SUCCESS)
}
