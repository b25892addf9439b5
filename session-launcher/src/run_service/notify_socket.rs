//! `$NOTIFY_SOCKET` (sd_notify(3)).

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::Error;

/// A longer message is cut off; systemd's limit is the same.
const MAX_MESSAGE: usize = 4096;

/// What a message says that matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    /// Who sent it.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// `READY=1`.
    pub ready: bool,
    /// `WATCHDOG=1`.
    pub watchdog: bool,
    /// `WATCHDOG=trigger`.
    pub watchdog_trigger: bool,
    /// `MAINPID=`.
    pub main_pid: Option<i32>,
    /// `EXTEND_TIMEOUT_USEC=`.
    pub extend: Option<Duration>,
    /// `STATUS=`.
    pub status: Option<String>,
}

/// The socket that the service writes to.
#[derive(Debug)]
pub struct NotifySocket {
    socket: UnixDatagram,
    name: String,
}

impl NotifySocket {
    /// Listens on an abstract name that nobody else has. Who sends is told by the kernel.
    ///
    /// # Errors
    /// It cannot be listened on.
    pub fn bind() -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::system("$NOTIFY_SOCKET", error);
        let mut random = [0_u8; 8];
        rustix::rand::getrandom(&mut random[..], rustix::rand::GetRandomFlags::empty())
            .map_err(|error| failed(error.into()))?;
        let name = format!("session-launcher/run-service/{:016x}", u64::from_ne_bytes(random));
        let address = SocketAddr::from_abstract_name(&name).map_err(failed)?;
        let socket = std::os::unix::net::UnixDatagram::bind_addr(&address).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        rustix::net::sockopt::set_socket_passcred(&socket, true).map_err(|error| failed(error.into()))?;
        Ok(Self { socket: UnixDatagram::from_std(socket).map_err(failed)?, name: format!("@{name}") })
    }

    /// The value of `$NOTIFY_SOCKET`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next message. Descriptors that come with it are closed, which is what a barrier waits for.
    pub async fn receive(&self) -> Notification {
        loop {
            let received =
                self.socket.async_io(Interest::READABLE, || receive(&self.socket).map_err(Into::into));
            match received.await {
                Ok(Some(notification)) => return notification,
                Ok(None) => {}
                // Nothing will come any more.
                Err(_) => std::future::pending().await,
            }
        }
    }
}

fn receive(socket: &UnixDatagram) -> rustix::io::Result<Option<Notification>> {
    let mut buffer = [0_u8; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1), ScmRights(16))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::net::recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut buffer)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let sender = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(credentials) => Some(credentials),
        _ => None,
    });
    let Some(sender) = sender else { return Ok(None) };
    let text = String::from_utf8_lossy(buffer.get(..received.bytes).unwrap_or_default());
    let mut notification = parse(&text);
    notification.pid = sender.pid.as_raw_nonzero().get();
    notification.uid = sender.uid.as_raw();
    Ok(Some(notification))
}

fn parse(text: &str) -> Notification {
    let mut notification = Notification::default();
    for line in text.lines() {
        match line.split_once('=') {
            Some(("READY", "1")) => notification.ready = true,
            Some(("WATCHDOG", "1")) => notification.watchdog = true,
            Some(("WATCHDOG", "trigger")) => notification.watchdog_trigger = true,
            Some(("MAINPID", pid)) => notification.main_pid = pid.parse().ok().filter(|pid| *pid > 1),
            Some(("EXTEND_TIMEOUT_USEC", span)) => {
                notification.extend = span.parse().ok().map(Duration::from_micros);
            }
            Some(("STATUS", status)) => notification.status = Some(status.to_owned()),
            _ => {}
        }
    }
    notification
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let message = parse("STATUS=up\nREADY=1\nMAINPID=42\nEXTEND_TIMEOUT_USEC=1000000\nX=1\nnonsense");
        assert!(message.ready && !message.watchdog);
        assert_eq!(message.main_pid, Some(42));
        assert_eq!(message.extend, Some(Duration::from_secs(1)));
        assert!(!parse("READY=0\nMAINPID=1").ready);
        assert_eq!(parse("MAINPID=1").main_pid, None);
    }
}
