//! What the guardian and the engine say to each other: one JSON object a packet, with a descriptor where one belongs.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A packet is a name and a few numbers.
const MAX_PACKET: usize = 4096;

/// From the engine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromEngine {
    /// Hold the descriptor that comes with it.
    Keep {
        /// What it is called.
        name: String,
    },
    /// Let a descriptor go.
    Drop {
        /// What it is called.
        name: String,
    },
    /// Tell of all ends until now, and then say [`ToEngine::Told`].
    Ask,
}

/// To the engine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToEngine {
    /// A descriptor that an earlier engine gave to keep.
    Kept {
        /// What it is called.
        name: String,
    },
    /// That was all that was kept.
    Begin,
    /// A process has ended that came to the guardian.
    Exited {
        /// Its number.
        pid: i32,
        /// Its status, as wait(2) gives it.
        status: i32,
    },
    /// The answer to [`FromEngine::Ask`].
    Told,
}

/// Sends one message.
///
/// # Errors
/// The other side is gone, or reads nothing.
pub fn send<M: Serialize>(
    channel: impl AsFd,
    message: &M,
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    sendmsg(channel, &[io::IoSlice::new(&text)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The next message; `None` at the end.
///
/// # Errors
/// None waits and the channel does not block, or what came is no message.
pub fn receive<M: DeserializeOwned>(channel: impl AsFd) -> io::Result<Option<(M, Option<OwnedFd>)>> {
    let mut bytes = [0u8; MAX_PACKET];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(channel, &mut [io::IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let descriptor = control.drain().find_map(|entry| match entry {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let message = serde_json::from_slice(bytes.get(..received.bytes).unwrap_or_default())?;
    Ok(Some((message, descriptor)))
}
