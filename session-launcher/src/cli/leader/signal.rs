//! The signals that ask a leader to end its session.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP, SIGTERM and SIGINT.
#[derive(Debug)]
pub struct EndSignals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
