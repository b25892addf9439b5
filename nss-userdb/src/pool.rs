//! The daemon's socket, and connections to it that are kept for the next lookup.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use userdb::client::{ClientError, Connection};

use crate::failure::{Failure, is_disconnect};
use crate::guarded::Guarded;

/// The socket that answers for all services.
const MULTIPLEXER: &str = "/run/systemd/userdb/io.systemd.Multiplexer";
/// How long one answer may take. The daemon itself waits 2 s at most for a service that does not answer.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How many connections a process keeps. Further threads use one of their own for each lookup.
const KEPT: usize = 4;
/// A connection is kept by programs that look up again within this time, in milliseconds; most make one or two lookups in
/// their life, and should not occupy the daemon for that long.
const SOON: u64 = 1000;

/// The daemon, as this process reaches it.
#[derive(Debug)]
pub struct Pool {
    socket: &'static str,
    timeout: Duration,
    /// No lock is ever waited for: one that was held at the moment of a fork is never released in the child.
    kept: [Mutex<Option<Guarded<Connection>>>; KEPT],
    last_use: AtomicU64,
}

/// The daemon at its usual place.
pub static DAEMON: Pool = Pool::new(MULTIPLEXER, TIMEOUT);

impl Pool {
    /// The daemon at some socket.
    pub const fn new(socket: &'static str, timeout: Duration) -> Self {
        Self { socket, timeout, kept: [const { Mutex::new(None) }; KEPT], last_use: AtomicU64::new(0) }
    }

    /// Asks the daemon over a connection that was kept or a new one, and a second time over a new one if the daemon was
    /// restarted meanwhile. All questions can be asked twice without harm.
    ///
    /// # Errors
    /// When there is no answer, or `ask` makes an error of it.
    pub fn exchange<T>(
        &self,
        ask: impl Fn(&mut Connection) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        if let Some(mut kept) = self.take()
            && let Some(connection) = kept.get()
        {
            let result = ask(connection);
            if !result.as_ref().is_err_and(is_disconnect) {
                self.put_back(kept, &result);
                return result;
            }
        }
        let mut attempt = self.exchange_once(&ask);
        if attempt.as_ref().is_err_and(is_disconnect) {
            attempt = self.exchange_once(&ask);
        }
        attempt
    }

    fn exchange_once<T>(
        &self,
        ask: impl Fn(&mut Connection) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut connection = self.open()?;
        let result = match connection.get() {
            Some(connection) => ask(connection),
            None => Err(self.lost()),
        };
        self.put_back(connection, &result);
        result
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody accepts it.
    pub fn open(&self) -> Result<Guarded<Connection>, ClientError> {
        Guarded::open(Path::new(self.socket), self.timeout)
    }

    fn lost(&self) -> ClientError {
        let source = std::io::Error::from_raw_os_error(libc::EBADF);
        ClientError::Io { path: self.socket.into(), source }
    }

    fn take(&self) -> Option<Guarded<Connection>> {
        self.kept.iter().find_map(|place| place.try_lock().ok()?.take())
    }

    /// Keeps a connection that is in step, if this process seems to need it again.
    fn put_back<T>(&self, mut guarded: Guarded<Connection>, result: &Result<T, ClientError>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let last = self.last_use.swap(now, Ordering::Relaxed);
        let in_step = result.as_ref().err().is_none_or(|error| error.service_error().is_some());
        if !in_step || now.saturating_sub(last) > SOON {
            return;
        }
        let Some(connection) = guarded.get().filter(|connection| connection.is_idle()) else { return };
        connection.shrink();
        for place in &self.kept {
            if let Ok(mut place) = place.try_lock()
                && place.is_none()
            {
                *place = Some(guarded);
                return;
            }
        }
    }
}

/// What a failed exchange means for the C library.
pub fn failure(error: ClientError) -> Failure {
    Failure::from(&error)
}
