//! One connection: calls out, replies in, in order.

use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};
use serde_json::{Map, Value};

use super::{ClientError, Replies};
use crate::varlink::{call, reply};

/// How much is read at once, in bytes. Most replies are shorter.
const READ: usize = 4 << 10;

/// One method call, for [`Connection::send`].
#[derive(Debug)]
pub struct Call<'a> {
    /// Full name of the method.
    pub method: &'a str,
    /// Its parameters, an object.
    pub parameters: Value,
    /// Whether more than one reply is taken.
    pub more: bool,
}

/// One reply that is no error.
#[derive(Debug)]
pub struct Reply {
    /// What the method returns.
    pub parameters: Map<String, Value>,
    /// Whether another reply to the same call follows.
    pub continues: bool,
}

/// A connection to a service.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
    path: PathBuf,
    timeout: Duration,
    /// When the reply that is waited for has to be there.
    deadline: Instant,
    /// Bytes read and not yet taken; `taken` of them, from the front, are.
    buffer: Vec<u8>,
    taken: usize,
    /// Calls whose last reply was not received yet.
    unanswered: usize,
}

impl Connection {
    /// Connects to the socket of a service. `timeout` bounds the wait for the connection and that for each answer; a wait
    /// may take up to twice as long when the service answers in small pieces.
    ///
    /// # Errors
    /// [`ClientError::Connect`] when nobody listens there, or accepts within the time-out.
    pub fn open(path: &Path, timeout: Duration) -> Result<Self, ClientError> {
        let failed = |errno: Errno| ClientError::Connect { path: path.to_owned(), source: errno.into() };
        Self::open_over(new_socket().map_err(failed)?, path, timeout)
    }

    /// As [`Connection::open`], over a socket from [`new_socket`].
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn open_over(socket: OwnedFd, path: &Path, timeout: Duration) -> Result<Self, ClientError> {
        connect_in_time(&socket, path, timeout)
            .map_err(|errno| ClientError::Connect { path: path.to_owned(), source: errno.into() })?;
        Ok(Self {
            socket,
            path: path.to_owned(),
            timeout,
            deadline: Instant::now() + timeout,
            buffer: Vec::new(),
            taken: 0,
            unanswered: 0,
        })
    }

    /// The socket, for callers that must know whether it is still theirs.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Calls a method and returns the parameters of its one reply.
    ///
    /// # Errors
    /// [`ClientError::Service`] with what the service answered, or what kept it from answering.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Result<Map<String, Value>, ClientError> {
        self.send(&[Call { method, parameters: parameters.clone(), more: false }])?;
        self.receive().map(|reply| reply.parameters)
    }

    /// Calls a method with `more`. The replies are read as the iterator is advanced. It takes the connection, which is
    /// out of step until the last reply is read; [`Replies::into_connection`] gives it back then.
    ///
    /// # Errors
    /// When the call cannot be sent. What the service answers comes from the iterator.
    pub fn call_more(mut self, method: &str, parameters: &Value) -> Result<Replies, ClientError> {
        self.send(&[Call { method, parameters: parameters.clone(), more: true }])?;
        Ok(Replies::new(self))
    }

    /// Sends calls without waiting for their replies, which come in the same order. All of them have to be received
    /// within one time-out. Keep the number small: a service that cannot write its replies stops reading.
    ///
    /// # Errors
    /// [`ClientError::Io`] when they cannot be sent.
    pub fn send(&mut self, calls: &[Call<'_>]) -> Result<(), ClientError> {
        let mut messages = Vec::with_capacity(calls.len() * 128);
        for Call { method, parameters, more } in calls {
            call::write(&mut messages, method, parameters, *more);
        }
        self.unanswered += calls.len();
        self.extend_deadline();
        let mut rest = messages.as_slice();
        while !rest.is_empty() {
            match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(Errno::INTR) => self.check_deadline()?,
                Err(Errno::AGAIN) => return Err(self.io(ErrorKind::TimedOut.into())),
                Err(errno) => return Err(self.io(errno.into())),
            }
        }
        Ok(())
    }

    /// Receives one reply to what was sent.
    ///
    /// # Errors
    /// [`ClientError::Service`] with what the service answered, or what kept it from answering. Only after the former is
    /// the connection still in step.
    pub fn receive(&mut self) -> Result<Reply, ClientError> {
        let end = self.receive_message()?;
        let text = self.buffer.get(self.taken..end).unwrap_or_default();
        let parsed = reply::Message::parse(text);
        self.taken = end + 1;
        let reply::Message { parameters, error, continues } =
            parsed.map_err(|error| self.malformed(error.to_string()))?;
        if !continues {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        match error {
            Some(name) => Err(ClientError::Service { name, parameters }),
            None => Ok(Reply { parameters, continues }),
        }
    }

    /// Whether every call was answered and nothing else was received: then another call can be made.
    pub fn is_idle(&self) -> bool {
        self.unanswered == 0 && self.taken == self.buffer.len()
    }

    /// Gives back memory that a long reply took.
    pub fn shrink(&mut self) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.shrink_to(READ);
    }

    /// Starts a new wait.
    pub(super) fn extend_deadline(&mut self) {
        self.deadline = Instant::now() + self.timeout;
    }

    /// Receives until there is a whole message from `taken` on, and returns where its NUL is.
    fn receive_message(&mut self) -> Result<usize, ClientError> {
        let mut searched = self.taken;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(length) = rest.iter().position(|byte| *byte == 0) {
                return Ok(searched + length);
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            searched = self.buffer.len();
            if searched > reply::MAX_LENGTH {
                return Err(self.malformed(format!("longer than {} bytes", reply::MAX_LENGTH)));
            }
            self.receive_some()?;
        }
    }

    fn receive_some(&mut self) -> Result<(), ClientError> {
        self.check_deadline()?;
        self.buffer.reserve(READ);
        match recv(&self.socket, spare_capacity(&mut self.buffer), RecvFlags::empty()) {
            Ok((0, _)) => Err(self.io(ErrorKind::UnexpectedEof.into())),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(Errno::AGAIN) => Err(self.io(ErrorKind::TimedOut.into())),
            Err(errno) => Err(self.io(errno.into())),
        }
    }

    fn check_deadline(&self) -> Result<(), ClientError> {
        if Instant::now() < self.deadline { Ok(()) } else { Err(self.io(ErrorKind::TimedOut.into())) }
    }

    fn io(&self, source: std::io::Error) -> ClientError {
        ClientError::Io { path: self.path.clone(), source }
    }

    fn malformed(&self, reason: String) -> ClientError {
        ClientError::Malformed { path: self.path.clone(), reason }
    }
}

/// A socket for a connection, which is closed at exec.
///
/// # Errors
/// Of socket(2).
pub fn new_socket() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

/// The time-outs are the socket's own, so that waiting needs no further system call; for connect(2) it is the one for
/// sending that counts, when the listener's backlog is full.
fn connect_in_time(socket: &OwnedFd, path: &Path, timeout: Duration) -> Result<(), Errno> {
    let address = SocketAddrUnix::new(path)?;
    for direction in [Timeout::Send, Timeout::Recv] {
        set_socket_timeout(socket, direction, Some(timeout))?;
    }
    // An interrupted connect(2) on a Unix socket has not begun anything, so it can be called again.
    let deadline = Instant::now() + timeout;
    loop {
        match connect(socket, &address) {
            Err(Errno::INTR) if Instant::now() < deadline => {}
            Err(Errno::INTR) => return Err(Errno::AGAIN),
            other => return other,
        }
    }
}
