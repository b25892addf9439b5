//! The embedded default: the processes are children of the engine itself.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::Pid;

use super::{Manager, ManagerError, NativeEvent, Order, Started};
use crate::exec::message;
use crate::unit::spec::UnitName;

/// Starts processes by itself.
#[derive(Debug, Default)]
pub struct Direct;

impl Manager for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn start(&mut self, order: &Order<'_>) -> Result<Started, ManagerError> {
        let (pid, channel) = spawn(order)?;
        let wanted = order.launch.report_exec || order.launch.idle_milliseconds.is_some();
        Ok(Started::Child(pid, wanted.then_some(channel)))
    }

    fn ended(&mut self, _: &UnitName) {}

    fn native_events(&mut self) -> Vec<NativeEvent> {
        Vec::new()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// Starts the wrapper as a child, with the launch waiting at its standard input.
///
/// # Errors
/// The process cannot be made, or the launch does not fit into a message.
pub fn spawn(order: &Order<'_>) -> std::io::Result<(Pid, OwnedFd)> {
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    message::send(ours.as_fd(), order.launch, order.log, order.sockets)?;
    let error = match order.log {
        Some(log) => Stdio::from(log.try_clone_to_owned()?),
        None => Stdio::inherit(),
    };
    let child = Command::new("/proc/self/exe")
        .arg0("session-launcher")
        .arg("exec")
        .env_clear()
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .stderr(error)
        .spawn()?;
    // Its end is seen by waiting for any child.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.map(|pid| (pid, ours)).ok_or_else(|| std::io::Error::other("no process number"))
}
