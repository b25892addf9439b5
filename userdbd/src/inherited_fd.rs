//! Descriptors that were open when the daemon started and are named by number.

#![allow(unsafe_code)]

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

/// Takes over a descriptor that whoever started the daemon left open for it.
///
/// # Errors
/// `InvalidInput` for the three standard streams and for negative numbers, or EBADF when it is not open.
pub fn take(descriptor: RawFd) -> Result<File> {
    Ok(File::from(take_owned(descriptor)?))
}

/// The listening sockets that were handed over by the LISTEN_FDS protocol (sd_listen_fds(3)).
///
/// # Errors
/// When the protocol is used and what it hands over is no listening stream socket.
pub fn listening_sockets() -> Result<Vec<UnixListener>> {
    sd_notify::listen_fds()?.map(listening_socket).collect()
}

fn listening_socket(descriptor: RawFd) -> Result<UnixListener> {
    let owned = take_owned(descriptor)?;
    if !rustix::net::sockopt::socket_acceptconn(&owned)? {
        let message = format!("LISTEN_FDS: descriptor {descriptor} is not a listening socket");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    rustix::io::fcntl_setfd(&owned, rustix::io::FdFlags::CLOEXEC)?;
    Ok(UnixListener::from(owned))
}

fn take_owned(descriptor: RawFd) -> Result<OwnedFd> {
    if descriptor <= 2 {
        return Err(Error::new(ErrorKind::InvalidInput, "only descriptors from 3 on can be handed over"));
    }
    // SAFETY: the descriptor is borrowed for this one call, which fails with EBADF when it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    rustix::io::fcntl_getfd(borrowed)?;
    // SAFETY: it is open, it came from outside, and each number is taken once, before the daemon opens any of its own
    // under that number: main calls this before anything else has been closed.
    Ok(unsafe { OwnedFd::from_raw_fd(borrowed.as_raw_fd()) })
}
