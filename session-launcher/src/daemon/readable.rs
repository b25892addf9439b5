//! Descriptors that tokio waits for.
#![allow(unsafe_code, reason = "tokio cannot check that a descriptor stays the same")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor, to wait until it is readable.
///
/// # Errors
/// epoll(7) does not take it.
pub fn register(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd gives the same number for as long as it lives, and nothing else can close it.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }.map_err(io::Error::from)
}
