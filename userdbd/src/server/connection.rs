//! One connection: bytes in, calls taken out of them one after the other, replies out in the same order.

use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};
use userdb::varlink::call::Call;

use super::Server;
use super::fast_lane::Outcome;
use super::input::Input;
use super::limits::Share;
use super::replies::Replies;

/// A peer that asks again within this time, [`HOT`] times in a row, waits for each answer before it asks for the next one.
const SOON: Duration = Duration::from_millis(2);
const HOT: u32 = 8;
/// How much longer a peer must be hot after it has asked for something that a lane cannot answer.
const UNSUITED: u32 = 16;

/// A connection over which nothing comes for this long is closed, unless a loan depends on it. The C library's module keeps
/// connections for its next lookup, in processes that may never make one, and each counts for its user.
const IDLE: Duration = Duration::from_secs(20);

/// Serves a connection until the peer closes it or sends something that is no call.
///
/// # Errors
/// When the peer is gone, or breaks the protocol.
pub async fn serve(server: Rc<Server>, mut stream: UnixStream, mut share: Share) -> std::io::Result<()> {
    let mut input = Input::default();
    let mut hot = HOT;
    while serve_in_loop(&server, &mut stream, &mut input, &mut share, hot).await? {
        let Some(lane) = server.lanes.enter(share.uid()) else { continue };
        match lane.serve(stream.into_std()?, input, server.current.view()).await {
            Outcome::Ended => return Ok(()),
            Outcome::Back { socket, input: rest, unsuited } => {
                if unsuited {
                    hot = hot.saturating_mul(UNSUITED);
                }
                socket.set_nonblocking(true)?;
                stream = UnixStream::from_std(socket)?;
                input = rest;
            }
        }
    }
    Ok(())
}

/// Serves a connection in the event loop. True when the peer has become hot, false when the connection has ended.
async fn serve_in_loop(
    server: &Server,
    stream: &mut UnixStream,
    input: &mut Input,
    share: &mut Share,
    hot: u32,
) -> std::io::Result<bool> {
    let (mut socket, output) = stream.split();
    let mut replies = Replies::new(output);
    let mut asked_again_soon = 0;
    loop {
        while let Some(message) = input.next_message() {
            match Call::parse(message) {
                Ok(call) => server.answer(&call, share, &mut replies).await?,
                Err(error) => {
                    tracing::debug!(uid = share.uid(), "{error}");
                    // What was asked before the bad message is still answered.
                    replies.flush().await?;
                    return Ok(false);
                }
            }
            replies.make_room().await?;
        }
        replies.flush().await?;
        if asked_again_soon >= hot && input.is_empty() {
            return Ok(true);
        }
        if input.is_too_long() || !share.hold_request_bytes(input.len()) {
            tracing::debug!(uid = share.uid(), "a request is longer than allowed");
            return Ok(false);
        }
        let answered = Instant::now();
        match timeout(IDLE, socket.read_buf(input.room())).await {
            Ok(received) => {
                if received? == 0 {
                    return Ok(false);
                }
            }
            Err(_) if server.lending.is_held_by(share.connection()) => {}
            Err(_) => return Ok(false),
        }
        asked_again_soon = if answered.elapsed() < SOON { asked_again_soon.saturating_add(1) } else { 0 };
    }
}
