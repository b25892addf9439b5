//! A connection in a program that knows nothing of it: the program may close all descriptors and open others under the same
//! numbers, and it may fork.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;
use userdb::client::{ClientError, Connection, Replies, new_socket};

use crate::open_sockets::{self, Place};

/// What has a socket.
pub trait HasSocket {
    /// The socket.
    fn socket(&self) -> BorrowedFd<'_>;
}

impl HasSocket for Connection {
    fn socket(&self) -> BorrowedFd<'_> {
        Connection::socket(self)
    }
}

impl HasSocket for Replies {
    fn socket(&self) -> BorrowedFd<'_> {
        self.connection().socket()
    }
}

/// A connection, or what holds one, and how to recognize it.
#[derive(Debug)]
pub struct Guarded<T: HasSocket> {
    /// Only none while it is dropped.
    inner: Option<T>,
    identity: Identity,
}

#[derive(Debug, Clone, Copy)]
struct Identity {
    device: u64,
    inode: u64,
    process: Pid,
    place: Option<&'static Place>,
}

impl Guarded<Connection> {
    /// Connects to the socket of a service.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn open(path: &Path, timeout: Duration) -> Result<Self, ClientError> {
        let failed = |errno: Errno| ClientError::Connect { path: path.to_owned(), source: errno.into() };
        let (socket, identity) = open_sockets::without_fork(new_socket_on_list).map_err(failed)?;
        let inner = Connection::open_over(socket, path, timeout)
            .inspect_err(|_| identity.place.into_iter().for_each(Place::remove))?;
        Ok(Self { inner: Some(inner), identity })
    }
}

fn new_socket_on_list() -> Result<(OwnedFd, Identity), Errno> {
    let socket = new_socket()?;
    let status = rustix::fs::fstat(&socket)?;
    let place = open_sockets::add(socket.as_raw_fd(), status.st_ino);
    let process = rustix::process::getpid();
    Ok((socket, Identity { device: status.st_dev, inode: status.st_ino, process, place }))
}

impl<T: HasSocket> Guarded<T> {
    /// What is guarded, if this process opened it and its descriptor still is what it was.
    pub fn get(&mut self) -> Option<&mut T> {
        if rustix::process::getpid() != self.identity.process {
            return None;
        }
        self.inner.as_mut().filter(|inner| self.identity.is_of(inner.socket()))
    }

    /// Exchanges what holds the connection for something else that does. None when that fails, or the connection was lost.
    pub fn try_map<U: HasSocket>(mut self, map: impl FnOnce(T) -> Option<U>) -> Option<Guarded<U>> {
        self.get()?;
        let mapped = map(self.inner.take()?)?;
        let identity = self.identity;
        self.identity.place = None;
        Some(Guarded { inner: Some(mapped), identity })
    }
}

impl Identity {
    fn is_of(&self, descriptor: BorrowedFd<'_>) -> bool {
        rustix::fs::fstat(descriptor)
            .is_ok_and(|status| status.st_ino == self.inode && status.st_dev == self.device)
    }
}

impl<T: HasSocket> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && !self.identity.is_of(inner.socket())
        {
            // The descriptor is the program's now: closing it would break the program.
            std::mem::forget(inner);
        }
        // The list of a child is its own.
        if let Some(place) = self.identity.place
            && rustix::process::getpid() == self.identity.process
        {
            place.remove();
        }
    }
}
