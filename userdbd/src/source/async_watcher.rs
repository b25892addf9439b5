//! The watcher as a part of the event loop.

#![allow(unsafe_code)]

use tokio::io::unix::AsyncFd;

use super::watch::Watcher;

/// Registers the watcher with the event loop.
///
/// # Errors
/// When the loop cannot take another descriptor. Must be called within the runtime.
pub fn register(watcher: Watcher) -> std::io::Result<AsyncFd<Watcher>> {
    // SAFETY: the event loop needs the descriptor to stay open and the same for as long as it is registered. The watcher owns
    // its inotify instance, has no method that replaces or closes it, and is owned by the AsyncFd.
    Ok(unsafe { AsyncFd::register(watcher)? })
}
