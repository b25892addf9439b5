//! When a process has got through execve(2) (`Type=exec`): the wrapper's end of its channel is closed by that.

use std::os::fd::OwnedFd;

use tokio::sync::mpsc;

use super::driver::Watched;
use super::readable;
use crate::job::ProcessId;

/// Reports the exec. A wrapper that fails says so with one byte before it ends, and nothing is reported.
pub fn watch(process: ProcessId, channel: OwnedFd, executed: mpsc::UnboundedSender<Watched>) {
    let Ok(waiter) = readable::register(channel) else { return };
    tokio::spawn(async move {
        if waiter.readable().await.is_ok() {
            let mut byte = [0u8];
            if matches!(rustix::io::read(waiter.get_ref(), &mut byte), Ok(0)) {
                let _ = executed.send(Watched::Executed(process));
            }
        }
    });
}
