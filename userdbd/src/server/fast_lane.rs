//! Threads for peers that ask one question after the other.
//!
//! An event loop takes three system calls for each answer of such a peer: wait, read, write. A thread of its own takes two, and
//! uses another processor. A connection enters when it has become hot, and goes back to the event loop when it falls idle, or
//! when it asks for something that the index alone cannot answer.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use userdb::varlink::call::Call;

use super::input::Input;
use super::lookup::answer_at_once;
use super::replies::ReplyBuffer;
use crate::reload::View;

/// All lanes, and those that the connections of one uid other than 0 may take.
const LANES: usize = 64;
const LANES_OF_UID: usize = 16;
/// A peer that asks nothing for this long goes back to the event loop.
const IDLE: Duration = Duration::from_millis(20);
/// A peer that takes no answer for this long is not waiting for one.
const STALLED: Duration = Duration::from_secs(5);
/// What answering takes of a stack is little.
const STACK: usize = 256 << 10;

/// The lanes, and who is in them.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_uid: HashMap<u32, usize>,
}

/// One lane. Dropping it makes it free.
#[derive(Debug)]
pub struct Lane {
    lanes: Lanes,
    uid: u32,
}

/// How a connection has left its lane.
#[derive(Debug)]
pub enum Outcome {
    /// The peer is gone, or has sent something that is no call.
    Ended,
    /// The event loop has to go on with it.
    Back {
        /// The connection, in blocking mode.
        socket: UnixStream,
        /// What was read and not answered.
        input: Input,
        /// It has asked for something that a lane cannot answer, rather than nothing.
        unsuited: bool,
    },
}

impl Lanes {
    /// A lane for a connection of this uid, if one is free.
    pub fn enter(&self, uid: u32) -> Option<Lane> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= LANES {
            return None;
        }
        let of_uid = taken.by_uid.entry(uid).or_default();
        if uid != 0 && *of_uid >= LANES_OF_UID {
            return None;
        }
        *of_uid += 1;
        taken.all += 1;
        Some(Lane { lanes: self.clone(), uid })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut taken = self.lanes.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_uid) = taken.by_uid.get_mut(&self.uid) {
            *of_uid = of_uid.saturating_sub(1);
            if *of_uid == 0 {
                taken.by_uid.remove(&self.uid);
            }
        }
    }
}

impl Lane {
    /// Serves a connection for as long as it is hot.
    pub async fn serve(self, socket: UnixStream, input: Input, view: View) -> Outcome {
        let (leave, left) = oneshot::channel();
        let serve = move || {
            let outcome = serve(&self, socket, input, &view);
            drop(self);
            let _ = leave.send(outcome);
        };
        // Without a thread the connection ends, which a peer survives by connecting again.
        match std::thread::Builder::new().name("fast lane".into()).stack_size(STACK).spawn(serve) {
            Ok(_) => left.await.unwrap_or(Outcome::Ended),
            Err(error) => {
                tracing::warn!("starting a thread: {error}");
                Outcome::Ended
            }
        }
    }
}

fn serve(lane: &Lane, mut socket: UnixStream, mut input: Input, view: &View) -> Outcome {
    if set_up(&socket).is_err() {
        return Outcome::Ended;
    }
    let mut replies = ReplyBuffer::default();
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Outcome::Ended,
            Ok(length) => input.room().extend_from_slice(buffer.get(..length).unwrap_or_default()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Outcome::Back { socket, input, unsuited: false };
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Outcome::Ended,
        }
        let answered = answer(&mut input, &mut replies, view, lane.uid);
        if socket.write_all(replies.bytes()).is_err() {
            return Outcome::Ended;
        }
        replies.clear();
        if !answered {
            return Outcome::Back { socket, input, unsuited: true };
        }
    }
}

fn set_up(socket: &UnixStream) -> std::io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(IDLE))?;
    socket.set_write_timeout(Some(STALLED))
}

/// Answers what is complete. False when something is left for the event loop.
fn answer(input: &mut Input, replies: &mut ReplyBuffer, view: &View, uid: u32) -> bool {
    while let Some(message) = input.peek_message() {
        let Some(index) = view.index() else { return false };
        let Ok(call) = Call::parse(message) else { return false };
        replies.begin(&call);
        if replies.is_full() || !answer_at_once(&index, &call, uid, replies) {
            return false;
        }
        input.next_message();
    }
    // A message in pieces is the event loop's affair, since it keeps account of them.
    input.is_empty()
}
