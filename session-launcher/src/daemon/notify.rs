//! The socket that NOTIFY_SOCKET names (sd_notify(3)).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix, SocketFlags,
    SocketType, bind, recvmsg, socket_with,
};
use tokio::io::unix::AsyncFd;

use super::driver::Driver;
use super::readable;
use crate::job::{Event, Notification, NotifySender};
use crate::unit::spec::NotifyAccess;

/// Longer messages are cut: systemd's own limit.
const MAX_MESSAGE: usize = 4096;

/// So many descriptors come in one message at most.
const MAX_DESCRIPTORS: usize = 64;

/// The socket.
#[derive(Debug)]
pub struct NotifySocket {
    socket: AsyncFd<OwnedFd>,
}

/// One message and the process that sent it.
#[derive(Debug)]
pub struct Message {
    /// The sender, as the kernel knows it.
    pub pid: i32,
    /// The text.
    pub text: String,
}

impl NotifySocket {
    /// Binds it, in place of one that an earlier engine left.
    ///
    /// # Errors
    /// The path is too long for a socket, or its directory cannot be written.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let _ = std::fs::remove_file(path);
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        set_socket_passcred(&socket, true)?;
        bind(&socket, &SocketAddrUnix::new(path)?)?;
        Self::of(socket)
    }

    /// Of a socket that an earlier engine has bound.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn of(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self { socket: readable::register(socket)? })
    }

    /// To be kept for the next engine.
    pub fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.get_ref().as_fd()
    }

    /// Waits until messages can be there.
    pub async fn readable(&self) {
        if let Ok(mut guard) = self.socket.readable().await {
            guard.clear_ready();
        }
    }

    /// The next message that waits.
    pub fn receive(&self) -> Option<Message> {
        loop {
            match receive(self.socket.get_ref()) {
                Ok(Some(message)) => return Some(message),
                // Without credentials nobody can be asked who it was.
                Ok(None) => {}
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }
}

fn receive(socket: &OwnedFd) -> rustix::io::Result<Option<Message>> {
    let mut bytes = [0u8; MAX_MESSAGE];
    let mut space =
        [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1), ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(socket, &mut [io::IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut sender = None;
    for entry in control.drain() {
        match entry {
            RecvAncillaryMessage::ScmCredentials(credentials) => sender = Some(credentials),
            // Closing them is the answer that sd_notify_barrier(3) waits for.
            RecvAncillaryMessage::ScmRights(descriptors) => drop(descriptors),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(bytes.get(..received.bytes).unwrap_or_default()).into_owned();
    Ok(sender
        .filter(|credentials| credentials.uid == rustix::process::getuid())
        .map(|credentials| Message { pid: credentials.pid.as_raw_nonzero().get(), text }))
}

/// Tells the engine what a message says, if its sender belongs to a unit.
pub fn deliver(driver: &mut Driver, message: &Message) {
    let Some(unit) = driver.unit_of_pid(message.pid) else {
        tracing::debug!("a notification of process {}, which belongs to no unit", message.pid);
        return;
    };
    let process = driver.engine().host().processes.process(message.pid);
    let known = driver.engine().unit_of_process(process).is_some();
    let sender = if known { NotifySender::Process(process) } else { NotifySender::Other };
    let mut notification = parse(&message.text);
    // Only a process of the unit itself may become its main process.
    notification.main_process = main_pid(&message.text)
        .filter(|pid| driver.unit_of_pid(*pid).as_ref() == Some(&unit))
        .map(|pid| driver.engine().host().processes.process(pid));
    driver.handle(Event::Notified { unit, sender, message: notification });
}

fn main_pid(text: &str) -> Option<i32> {
    text.lines().find_map(|line| line.strip_prefix("MAINPID="))?.parse().ok()
}

/// The fields of a message, but for MAINPID, which has to be looked at first.
fn parse(text: &str) -> Notification {
    let mut message = Notification::default();
    let span = |value: &str| value.parse().ok().map(Duration::from_micros);
    for line in text.lines() {
        let Some((field, value)) = line.split_once('=') else { continue };
        match (field, value) {
            ("READY", "1") => message.ready = true,
            ("RELOADING", "1") => message.reloading = true,
            ("STOPPING", "1") => message.stopping = true,
            ("WATCHDOG", "1") => message.watchdog = true,
            ("WATCHDOG", "trigger") => message.watchdog_trigger = true,
            ("RESTART_RESET", "1") => message.restart_reset = true,
            ("MONOTONIC_USEC", value) => message.monotonic = span(value),
            ("WATCHDOG_USEC", value) => message.watchdog_interval = span(value),
            ("EXTEND_TIMEOUT_USEC", value) => message.extend_timeout = span(value),
            ("STATUS", value) => message.status = Some(value.to_owned()),
            ("NOTIFYACCESS", value) => {
                message.access = match value {
                    "none" => Some(NotifyAccess::None),
                    "main" => Some(NotifyAccess::Main),
                    "exec" => Some(NotifyAccess::Exec),
                    "all" => Some(NotifyAccess::All),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_known_are_read_and_others_are_not() {
        let message = parse("READY=1\nSTATUS=all is=well\nREADY=2\nX=1\nnonsense\nEXTEND_TIMEOUT_USEC=5");
        assert!(message.ready && !message.stopping);
        assert_eq!(message.status.as_deref(), Some("all is=well"));
        assert_eq!(message.extend_timeout, Some(Duration::from_micros(5)));
    }
}
