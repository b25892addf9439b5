//! Waits for the end of processes that are nobody's child here, such as those of scopes.

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::sync::mpsc;

use super::driver::Watched;
use super::readable;

/// Reports the process once it has ended; at once if it has already.
pub fn watch(pid: i32, ended: mpsc::UnboundedSender<Watched>) {
    let waiter = Pid::from_raw(pid)
        .and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK).ok())
        .and_then(|descriptor| readable::register(descriptor).ok());
    tokio::spawn(async move {
        if let Some(waiter) = waiter {
            let _ = waiter.readable().await;
        }
        let _ = ended.send(Watched::Ended(pid));
    });
}
