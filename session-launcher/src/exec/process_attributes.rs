//! What a process sets of itself that only C functions offer: CPUs, scheduling policy, SIGPIPE, which descriptors it keeps.
#![allow(
    unsafe_code,
    reason = "sigaction, sched_setscheduler and close_range are offered as C functions only"
)]

use std::io;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::Pid;

/// Lets the process run on these CPUs only.
///
/// # Errors
/// A number is too high, or none of them is there.
pub fn set_affinity(cpus: &[u32]) -> nix::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(usize::try_from(*cpu).unwrap_or(usize::MAX))?;
    }
    sched_setaffinity(Pid::this(), &set)
}

/// Sets the scheduling policy by its word in systemd.exec(5). An unknown word changes nothing.
///
/// # Errors
/// The kernel refuses, as it does real-time policies to users without a limit for them.
pub fn set_policy(policy: &str, priority: Option<i32>) -> io::Result<()> {
    let number = match policy {
        "other" => libc::SCHED_OTHER,
        "batch" => libc::SCHED_BATCH,
        "idle" => libc::SCHED_IDLE,
        "fifo" => libc::SCHED_FIFO,
        "rr" => libc::SCHED_RR,
        _ => return Ok(()),
    };
    let real_time = matches!(policy, "fifo" | "rr");
    // SAFETY: the structure is plain data for which zeroes are valid on every C library; musl's has more fields.
    let mut parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    parameter.sched_priority = if real_time { priority.unwrap_or(1) } else { 0 };
    // SAFETY: the pointer is to a live structure, which the function only reads.
    let result = unsafe { libc::sched_setscheduler(0, number, &raw const parameter) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives SIGPIPE its default action back.
///
/// # Errors
/// Never on Linux.
pub fn restore_sigpipe() -> nix::Result<()> {
    // SAFETY: no handler is installed, so no code can run at a bad moment.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.map(|_| ())
}

/// Closes this descriptor and all above it. Call it before anything is opened.
pub fn close_from(first: i32) {
    // SAFETY: the caller has opened nothing yet, so no owner of a descriptor loses it.
    // An old kernel refuses; then what was inherited stays open.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
}
