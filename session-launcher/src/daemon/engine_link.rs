//! The engine's side of the channel to its guardian.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::process::WaitStatus;
use tokio::io::unix::AsyncFd;

use super::guardian_link::{self, FromEngine, ToEngine};
use super::readable;
use super::socket_unit::Keep;
use crate::job::ExitStatus;

/// How long the guardian may take for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What an earlier engine has left with the guardian.
#[derive(Debug, Default)]
pub struct Legacy {
    /// Descriptors by name.
    pub kept: Vec<(String, OwnedFd)>,
    /// Processes that have ended since, and how.
    pub ended: Vec<(i32, ExitStatus)>,
}

impl Legacy {
    /// Takes the descriptor of that name, if it was kept.
    pub fn take_kept(&mut self, name: &str) -> Option<OwnedFd> {
        let place = self.kept.iter().position(|(known, _)| known == name)?;
        Some(self.kept.swap_remove(place).1)
    }
}

/// The channel. An engine without a guardian has none: it works, but nobody starts it again.
#[derive(Debug, Default)]
pub struct EngineLink {
    channel: Option<AsyncFd<OwnedFd>>,
}

impl EngineLink {
    /// Takes the channel from standard input, with what is told before the beginning.
    pub fn open() -> (Self, Legacy) {
        let mut legacy = Legacy::default();
        let stdin = io::stdin();
        // Blocking as long as nothing else can be done.
        loop {
            match guardian_link::receive::<ToEngine>(&stdin) {
                Ok(Some((ToEngine::Kept { name }, Some(descriptor)))) => legacy.kept.push((name, descriptor)),
                Ok(Some((ToEngine::Kept { .. }, None) | (ToEngine::Told, _))) => {}
                Ok(Some((ToEngine::Exited { pid, status }, _))) => {
                    legacy.ended.push((pid, exit_status(status)))
                }
                Ok(Some((ToEngine::Begin, _))) => break,
                Ok(None) | Err(_) => return (Self::default(), legacy),
            }
        }
        let channel = stdin.as_fd().try_clone_to_owned().and_then(|channel| {
            rustix::io::ioctl_fionbio(&channel, true)?;
            readable::register(channel)
        });
        (Self { channel: channel.ok() }, legacy)
    }

    /// Whether there is a guardian.
    pub fn is_open(&self) -> bool {
        self.channel.is_some()
    }

    /// Waits until the guardian has something to tell; for ever without one.
    pub async fn readable(&self) {
        match &self.channel {
            Some(channel) => {
                if let Ok(mut guard) = channel.readable().await {
                    guard.clear_ready();
                }
            }
            None => std::future::pending().await,
        }
    }

    /// Processes that have ended as children of the guardian.
    pub fn ended(&mut self) -> Vec<(i32, ExitStatus)> {
        let mut ended = Vec::new();
        while let Some(channel) = &self.channel {
            match guardian_link::receive::<ToEngine>(channel.get_ref()) {
                Ok(Some((ToEngine::Exited { pid, status }, _))) => ended.push((pid, exit_status(status))),
                Ok(Some(_)) => {}
                Ok(None) => {
                    tracing::warn!("the guardian is gone; going on without");
                    self.channel = None;
                }
                Err(_) => break,
            }
        }
        ended
    }

    /// All ends that the guardian has seen until now: it is asked, and its answer waited for.
    pub async fn all_ended(&mut self) -> Vec<(i32, ExitStatus)> {
        self.send(&FromEngine::Ask, None);
        let mut ended = Vec::new();
        let until = tokio::time::Instant::now() + ANSWER_WAIT;
        while let Some(channel) = &self.channel {
            match guardian_link::receive::<ToEngine>(channel.get_ref()) {
                Ok(Some((ToEngine::Exited { pid, status }, _))) => ended.push((pid, exit_status(status))),
                Ok(Some((ToEngine::Told, _))) => break,
                Ok(Some(_)) => {}
                Ok(None) => self.channel = None,
                Err(_) => {
                    if tokio::time::timeout_at(until, self.readable()).await.is_err() {
                        tracing::warn!("the guardian does not answer");
                        break;
                    }
                }
            }
        }
        ended
    }

    /// Gives a descriptor of a socket unit to keep, or lets one go.
    pub fn keep(&self, keep: &Keep) {
        match keep {
            Keep::Hold(name, descriptor) => self.hold(name, descriptor.as_fd()),
            Keep::Drop(name) => self.send(&FromEngine::Drop { name: name.clone() }, None),
        }
    }

    /// Gives a descriptor to keep by that name.
    pub fn hold(&self, name: &str, descriptor: BorrowedFd<'_>) {
        self.send(&FromEngine::Keep { name: name.to_owned() }, Some(descriptor));
    }

    fn send(&self, message: &FromEngine, descriptor: Option<BorrowedFd<'_>>) {
        if let Some(channel) = &self.channel
            && let Err(error) = guardian_link::send(channel.get_ref(), message, descriptor)
        {
            tracing::warn!("the guardian does not listen: {error}");
        }
    }
}

/// What wait(2) reports, as the engine has it.
pub fn exit_status(raw: i32) -> ExitStatus {
    // The layout of wait(2)'s number is part of Linux's interface: the signal, a bit for a core dump, the exit code.
    let signal = raw & 0x7f;
    if signal == 0 {
        return ExitStatus::Code(u8::try_from((raw >> 8) & 0xff).unwrap_or(u8::MAX));
    }
    if raw & 0x80 != 0 { ExitStatus::CoreDump(signal) } else { ExitStatus::Signal(signal) }
}

/// The same, of rustix's type.
pub fn exit_status_of(status: WaitStatus) -> ExitStatus {
    exit_status(status.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_numbers_are_understood() {
        assert_eq!(exit_status(3 << 8), ExitStatus::Code(3));
        assert_eq!(exit_status(15), ExitStatus::Signal(15));
        assert_eq!(exit_status(11 | 0x80), ExitStatus::CoreDump(11));
    }
}
