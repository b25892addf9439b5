//! One connection: bytes in, calls taken out of them one after the other, replies out in the same order.

use std::rc::Rc;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use userdb::varlink::call::Call;

use super::Server;
use super::limits::Share;
use super::replies::Replies;

/// The longest request, in bytes. A real one has a few hundred.
const MAX_REQUEST: usize = 1 << 20;
/// How much is read at once.
const READ: usize = 4 << 10;

/// Serves a connection until the peer closes it or sends something that is no call.
///
/// # Errors
/// When the peer is gone, or breaks the protocol.
pub async fn serve(server: Rc<Server>, mut stream: UnixStream, mut share: Share) -> std::io::Result<()> {
    let (mut input, output) = stream.split();
    let mut replies = Replies::new(output);
    let mut buffer: Vec<u8> = Vec::new();
    // How far the buffer is known to hold no end of a message.
    let mut searched = 0;
    loop {
        let mut start = 0;
        while let Some(length) = find_end(&buffer, searched.max(start)) {
            let message = buffer.get(start..length).unwrap_or_default();
            match Call::parse(message) {
                Ok(call) => server.answer(&call, &share, &mut replies).await?,
                Err(error) => {
                    tracing::debug!(uid = share.uid(), "{error}");
                    // What was asked before the bad message is still answered.
                    return replies.flush().await;
                }
            }
            replies.make_room().await?;
            start = length + 1;
        }
        replies.flush().await?;
        buffer.drain(..start);
        searched = buffer.len();
        if buffer.is_empty() {
            buffer.shrink_to(READ);
        }
        if searched > MAX_REQUEST || !share.hold_request_bytes(searched) {
            tracing::debug!(uid = share.uid(), "a request is longer than allowed");
            return Ok(());
        }
        buffer.reserve(READ);
        if input.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// The index of the next NUL from `from` on.
fn find_end(buffer: &[u8], from: usize) -> Option<usize> {
    let length = buffer.get(from..)?.iter().position(|byte| *byte == 0)?;
    Some(from + length)
}
