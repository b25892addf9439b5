//! How a [`Launch`] reaches the wrapper: one message over a Unix socket, with the descriptors that the process gets.

use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::MemfdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use super::launch::Launch;

/// The kernel passes no more in one message.
pub const MAX_SOCKETS: usize = 200;

/// A description is not larger than that: environments are limited to about 2 MiB by execve(2).
const MAX_LAUNCH: u64 = 8 * 1024 * 1024;

/// What comes with a launch.
#[derive(Debug)]
pub struct Parcel {
    /// What to do.
    pub launch: Launch,
    /// Where output goes that the unit does not send elsewhere.
    pub log: Option<OwnedFd>,
    /// The sockets, in order.
    pub sockets: Vec<OwnedFd>,
}

/// Sends a launch. The description travels as a memory file, since an environment may be larger than a message.
///
/// # Errors
/// The memory file cannot be made, or the message cannot be sent.
pub fn send(
    channel: impl AsFd,
    launch: &Launch,
    log: Option<BorrowedFd<'_>>,
    sockets: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let memory = rustix::fs::memfd_create("launch", MemfdFlags::CLOEXEC)?;
    let mut memory = std::fs::File::from(memory);
    memory.write_all(&serde_json::to_vec(launch)?)?;
    let mut descriptors = vec![memory.as_fd()];
    descriptors.extend(log);
    descriptors.extend(sockets.iter().take(MAX_SOCKETS));
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_SOCKETS + 2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("too many descriptors"));
    }
    let kind = [u8::from(log.is_some())];
    sendmsg(channel, &[io::IoSlice::new(&kind)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a launch.
///
/// # Errors
/// The other side is gone, or what came is no launch.
pub fn receive(channel: impl AsFd) -> io::Result<Parcel> {
    let mut kind = [0u8];
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_SOCKETS + 2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message =
        recvmsg(channel, &mut [io::IoSliceMut::new(&mut kind)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if message.bytes == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the manager has closed the channel"));
    }
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for entry in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = entry {
            descriptors.extend(received);
        }
    }
    let mut descriptors = descriptors.into_iter();
    let memory = descriptors.next().ok_or_else(|| io::Error::other("no description came"))?;
    let mut memory = std::fs::File::from(memory);
    memory.rewind()?;
    let mut text = Vec::new();
    memory.take(MAX_LAUNCH).read_to_end(&mut text)?;
    let launch: Launch = serde_json::from_slice(&text)?;
    let log = if kind == [1] { descriptors.next() } else { None };
    Ok(Parcel { launch, log, sockets: descriptors.collect() })
}
