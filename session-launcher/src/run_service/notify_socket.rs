//! `$NOTIFY_SOCKET` (sd_notify(3)).

use std::fs;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
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
    /// The value of the variable.
    name: String,
    /// The file, to be removed at the end.
    path: Option<PathBuf>,
}

/// The longest path of a socket (unix(7)), with the byte that ends it.
const MAX_PATH: usize = 108;

impl NotifySocket {
    /// Listens for the service of that name. Who sends is told by the kernel.
    ///
    /// # Errors
    /// It cannot be listened on.
    pub fn bind(service: Option<&str>) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::system("$NOTIFY_SOCKET", error);
        let path = directory().and_then(|directory| path_in(&directory, service));
        let (socket, name) = match &path {
            Some(path) => (at_path(path).map_err(failed)?, path.to_string_lossy().into_owned()),
            None => abstract_socket().map_err(failed)?,
        };
        socket.set_nonblocking(true).map_err(failed)?;
        rustix::net::sockopt::set_socket_passcred(&socket, true).map_err(|error| failed(error.into()))?;
        Ok(Self { socket: UnixDatagram::from_std(socket).map_err(failed)?, name, path })
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

impl Drop for NotifySocket {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Where sockets can have a path. Many programs know no other sockets here than those with one.
fn directory() -> Option<PathBuf> {
    let root = rustix::process::geteuid().is_root();
    let base = if root { Some("/run".into()) } else { std::env::var_os("XDG_RUNTIME_DIR") }?;
    let own = Path::new(&base).join("session-launcher");
    let directory = own.join("notify");
    fs::create_dir_all(&directory).ok()?;
    if root {
        // Whatever UMask= is: the service may run as another user.
        for path in [&own, &directory] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).ok()?;
        }
    }
    directory.is_absolute().then_some(directory)
}

/// One path for each service: what a service that was killed left behind is replaced.
fn path_in(directory: &Path, service: Option<&str>) -> Option<PathBuf> {
    let own = std::process::id().to_string();
    let name = service.filter(|name| !name.contains('/')).unwrap_or(&own);
    let path = directory.join(name);
    let path = if path.as_os_str().len() < MAX_PATH { path } else { directory.join(own) };
    (path.as_os_str().len() < MAX_PATH).then_some(path)
}

/// The service may have another user than this process: everybody may write, and who did is known.
fn at_path(path: &Path) -> std::io::Result<std::os::unix::net::UnixDatagram> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = std::os::unix::net::UnixDatagram::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    Ok(socket)
}

/// For system services that run as another user: a name that nobody else has.
fn abstract_socket() -> std::io::Result<(std::os::unix::net::UnixDatagram, String)> {
    let mut random = [0_u8; 8];
    rustix::rand::getrandom(&mut random[..], rustix::rand::GetRandomFlags::empty())?;
    let name = format!("session-launcher/run-service/{:016x}", u64::from_ne_bytes(random));
    let address = SocketAddr::from_abstract_name(&name)?;
    Ok((std::os::unix::net::UnixDatagram::bind_addr(&address)?, format!("@{name}")))
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
    fn paths() {
        let directory = Path::new("/run/x");
        assert_eq!(path_in(directory, Some("a")).unwrap(), Path::new("/run/x/a"));
        let own = directory.join(std::process::id().to_string());
        for unusable in [None, Some("../a"), Some(&*"a".repeat(108))] {
            assert_eq!(path_in(directory, unusable).unwrap(), own, "{unusable:?}");
        }
        assert_eq!(path_in(Path::new(&"/a".repeat(60)), None), None);
    }

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
