//! The processes of the service: the descendants of this process, since orphans come to it.

use rustix::process::{Pid, Signal};

use crate::daemon::census;

/// All descendants of this process that have not ended.
pub fn descendants() -> Vec<i32> {
    census::descendants(rustix::process::getpid().as_raw_nonzero().get())
}

/// Sends a signal; a process that is gone already does not matter.
pub fn signal(pid: i32, number: i32) {
    if let (Some(pid), Some(signal)) = (Pid::from_raw(pid), Signal::from_named_raw(number)) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
