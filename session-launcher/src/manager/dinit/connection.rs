//! Dinit's control protocol, as its `control-cmds.h` and `control.cc` define it: a stream socket, numbers in the machine's
//! own order, a reply for each command in order, and information packets in between.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::connect;

/// Dinit answers within a millisecond. One that does not is as good as gone.
const REPLY_WAIT: Duration = Duration::from_secs(5);

/// The oldest version that is spoken here (Dinit 0.18 and 0.19.0).
const MIN_VERSION: u16 = 4;

/// The first version with [`reply::EVENT5`] (Dinit 0.19.1). It comes beside [`reply::EVENT`], which is for clients that do not
/// know it.
const EVENT5_VERSION: u16 = 5;

/// Names are not longer.
const MAX_NAME: usize = 1021;

/// More than that in one reply is no Dinit.
const MAX_REPLY: usize = 1024 * 1024;

mod command {
    pub const QUERY_VERSION: u8 = 0;
    pub const LOAD_SERVICE: u8 = 2;
    pub const START_SERVICE: u8 = 3;
    pub const STOP_SERVICE: u8 = 4;
    pub const UNLOAD_SERVICE: u8 = 9;
    pub const SHUTDOWN: u8 = 10;
    pub const QUERY_LOAD_MECHANISM: u8 = 13;
    pub const RELOAD_SERVICE: u8 = 16;
}

mod reply {
    pub const ACK: u8 = 50;
    pub const NAK: u8 = 51;
    pub const VERSION: u8 = 58;
    pub const SERVICE_RECORD: u8 = 59;
    pub const NO_SERVICE: u8 = 60;
    pub const ALREADY: u8 = 61;
    pub const LOADER: u8 = 64;
    pub const DEPENDENTS: u8 = 65;
    pub const SHUTTING_DOWN: u8 = 69;
    /// Replies of one byte lie below; information packets begin here, and carry their length in the second byte.
    pub const INFORMATION: u8 = 100;
    pub const EVENT: u8 = 100;
    pub const EVENT5: u8 = 101;
}

/// Takes note that all services are to stop, without turning the machine off.
const SHUTDOWN_REMAIN: u8 = 0;

/// Names a service on one connection.
pub type Handle = u32;

/// What a service is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Down.
    Stopped,
    /// Its process runs, and has not said that it is ready.
    Starting,
    /// Up.
    Started,
    /// On its way down.
    Stopping,
}

impl State {
    const fn of(number: u8) -> Self {
        match number {
            0 => Self::Stopped,
            1 => Self::Starting,
            2 => Self::Started,
            _ => Self::Stopping,
        }
    }
}

/// Something has become of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceEvent {
    /// Which.
    pub handle: Handle,
    /// What it is doing now.
    pub state: State,
}

/// Why Dinit did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The connection is broken.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is older than what is spoken here.
    #[error("its control protocol has version {0}; {MIN_VERSION} is needed (Dinit 0.18)")]
    TooOld(u16),
    /// It does not take that service.
    #[error("it does not load {name} (reply {code}); dinitctl(8) and its log tell more")]
    NotLoaded {
        /// The service.
        name: String,
        /// The reply.
        code: u8,
    },
    /// It is going down.
    #[error("it is shutting down")]
    ShuttingDown,
    /// It said no, or something else.
    #[error("reply {0}")]
    Unexpected(u8),
}

/// A connection to a Dinit.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    received: VecDeque<u8>,
    events: VecDeque<ServiceEvent>,
    version: u16,
}

impl Connection {
    /// Connects, and agrees on a version.
    ///
    /// # Errors
    /// Nobody listens there, or it is too old.
    pub fn open(socket: &Path) -> Result<Self, ControlError> {
        let stream = connect(socket)?;
        stream.set_read_timeout(Some(REPLY_WAIT))?;
        stream.set_write_timeout(Some(REPLY_WAIT))?;
        let mut connection = Self { stream, received: VecDeque::new(), events: VecDeque::new(), version: 0 };
        let code = connection.ask(&[command::QUERY_VERSION])?;
        if code != reply::VERSION {
            return Err(ControlError::Unexpected(code));
        }
        let least = connection.take_u16()?;
        connection.version = connection.take_u16()?;
        if connection.version < MIN_VERSION || least > connection.version {
            return Err(ControlError::TooOld(connection.version));
        }
        Ok(connection)
    }

    /// The version that Dinit speaks.
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// To be waited for.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// The directories that it looks for service descriptions in, in order.
    ///
    /// # Errors
    /// The connection is broken, or it does not load services from directories.
    pub fn service_directories(&mut self) -> Result<Vec<PathBuf>, ControlError> {
        let code = self.ask(&[command::QUERY_LOAD_MECHANISM])?;
        if code != reply::LOADER {
            return Err(ControlError::Unexpected(code));
        }
        let _loader = self.take(1)?;
        let _size = self.take_u32()?;
        let count = self.take_u32()?;
        let base = self.take_path()?;
        (0..count.min(256)).map(|_| Ok(base.join(self.take_path()?))).collect()
    }

    /// Loads a service, and hears of what becomes of it from now on.
    ///
    /// # Errors
    /// The connection is broken, or there is no such service, or it cannot be loaded.
    pub fn load(&mut self, name: &str) -> Result<(Handle, State), ControlError> {
        let length = u16::try_from(name.len()).ok().filter(|length| usize::from(*length) <= MAX_NAME);
        let Some(length) = length else {
            return Err(ControlError::NotLoaded { name: name.to_owned(), code: reply::NO_SERVICE });
        };
        let mut packet = vec![command::LOAD_SERVICE];
        packet.extend(length.to_ne_bytes());
        packet.extend(name.as_bytes());
        let code = self.ask(&packet)?;
        if code != reply::SERVICE_RECORD {
            return Err(ControlError::NotLoaded { name: name.to_owned(), code });
        }
        let state = State::of(self.take_u8()?);
        let handle = self.take_u32()?;
        let _target = self.take_u8()?;
        Ok((handle, state))
    }

    /// Reads a stopped service's description again. The handle is void when that was done; false: others refer to it.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn reload(&mut self, handle: Handle) -> Result<bool, ControlError> {
        let code = self.on_handle(command::RELOAD_SERVICE, handle)?;
        Ok(code == reply::ACK)
    }

    /// Forgets a stopped service. False: it is not stopped, or others refer to it.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn unload(&mut self, handle: Handle) -> Result<bool, ControlError> {
        let code = self.on_handle(command::UNLOAD_SERVICE, handle)?;
        Ok(code == reply::ACK)
    }

    /// Wants the service to be up.
    ///
    /// # Errors
    /// The connection is broken, or Dinit says no.
    pub fn start(&mut self, handle: Handle) -> Result<(), ControlError> {
        self.start_or_stop(command::START_SERVICE, handle)
    }

    /// Wants the service to be down, and those that depend on it.
    ///
    /// # Errors
    /// The connection is broken, or Dinit says no.
    pub fn stop(&mut self, handle: Handle) -> Result<(), ControlError> {
        self.start_or_stop(command::STOP_SERVICE, handle)
    }

    /// Stops all services; then Dinit ends.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn shut_down(&mut self) -> Result<(), ControlError> {
        self.ask(&[command::SHUTDOWN, SHUTDOWN_REMAIN]).map(|_| ())
    }

    /// What has become of services since the last call. `None`: the connection has ended.
    pub fn events(&mut self) -> Option<Vec<ServiceEvent>> {
        let mut open = true;
        let mut buffer = [0u8; 4096];
        loop {
            let flags = rustix::net::RecvFlags::DONTWAIT;
            match rustix::net::recv(&self.stream, &mut buffer[..], flags) {
                Ok((0, _)) => open = false,
                Ok((count, _)) => {
                    self.received.extend(buffer.get(..count).unwrap_or_default());
                    continue;
                }
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(_) => open = false,
            }
            break;
        }
        while self.take_information_at_hand() {}
        let events: Vec<_> = self.events.drain(..).collect();
        (open || !events.is_empty()).then_some(events)
    }

    fn start_or_stop(&mut self, command: u8, handle: Handle) -> Result<(), ControlError> {
        let mut packet = vec![command, 0];
        packet.extend(handle.to_ne_bytes());
        match self.ask(&packet)? {
            reply::ACK | reply::ALREADY => Ok(()),
            reply::SHUTTING_DOWN => Err(ControlError::ShuttingDown),
            reply::DEPENDENTS => {
                let mut count = [0u8; size_of::<usize>()];
                for (place, byte) in count.iter_mut().zip(self.take(size_of::<usize>())?) {
                    *place = byte;
                }
                let count = usize::from_ne_bytes(count).min(MAX_REPLY / 4);
                self.take(count.saturating_mul(4))?;
                Err(ControlError::Unexpected(reply::DEPENDENTS))
            }
            code => Err(ControlError::Unexpected(code)),
        }
    }

    fn on_handle(&mut self, command: u8, handle: Handle) -> Result<u8, ControlError> {
        let mut packet = vec![command];
        packet.extend(handle.to_ne_bytes());
        match self.ask(&packet)? {
            code @ (reply::ACK | reply::NAK) => Ok(code),
            code => Err(ControlError::Unexpected(code)),
        }
    }

    /// Sends a command, and gives the first byte of the reply.
    fn ask(&mut self, packet: &[u8]) -> Result<u8, ControlError> {
        self.stream.write_all(packet)?;
        loop {
            self.need(1)?;
            match self.received.front() {
                Some(code) if *code >= reply::INFORMATION => self.take_information()?,
                _ => return self.take_u8(),
            }
        }
    }

    /// Takes an information packet that has come whole. False when there is none.
    fn take_information_at_hand(&mut self) -> bool {
        let is_information = self.received.front().is_some_and(|code| *code >= reply::INFORMATION);
        let length = self.received.get(1).map(|length| usize::from(*length).max(2));
        match length {
            Some(length) if is_information && self.received.len() >= length => {
                self.take_information().is_ok()
            }
            _ => false,
        }
    }

    /// The handle comes before the event, whatever the header says.
    fn take_information(&mut self) -> Result<(), ControlError> {
        let kind = self.take_u8()?;
        let length = usize::from(self.take_u8()?);
        let rest = self.take(length.saturating_sub(2))?;
        let wanted = if self.version < EVENT5_VERSION { reply::EVENT } else { reply::EVENT5 };
        if let [a, b, c, d, _event, state, ..] = rest.as_slice()
            && kind == wanted
        {
            let handle = u32::from_ne_bytes([*a, *b, *c, *d]);
            self.events.push_back(ServiceEvent { handle, state: State::of(*state) });
        }
        Ok(())
    }

    fn take_u8(&mut self) -> Result<u8, ControlError> {
        self.need(1)?;
        Ok(self.received.pop_front().unwrap_or_default())
    }

    fn take_u16(&mut self) -> Result<u16, ControlError> {
        Ok(u16::from_ne_bytes([self.take_u8()?, self.take_u8()?]))
    }

    fn take_u32(&mut self) -> Result<u32, ControlError> {
        Ok(u32::from_ne_bytes([self.take_u8()?, self.take_u8()?, self.take_u8()?, self.take_u8()?]))
    }

    fn take_path(&mut self) -> Result<PathBuf, ControlError> {
        use std::os::unix::ffi::OsStringExt;
        let length = self.take_u32()?;
        let bytes = self.take(usize::try_from(length).unwrap_or(MAX_REPLY))?;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, ControlError> {
        self.need(count)?;
        Ok(self.received.drain(..count).collect())
    }

    /// Reads until so many bytes are there.
    fn need(&mut self, count: usize) -> io::Result<()> {
        if count > MAX_REPLY {
            return Err(io::Error::other("a reply without end"));
        }
        let mut buffer = [0u8; 4096];
        while self.received.len() < count {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.received.extend(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
