//! The socket of nscd, which musl's lookup functions ask for whom they do not find in passwd and group, and glibc's ask first.
//!
//! musl waits for as long as an answer takes, so each has a deadline; glibc believes a "not found", so accounts from passwd and
//! group are answered as well. The connection ends with the reply.

mod lookup;
mod reply;
mod request;
mod socket;

use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener as AsyncListener, UnixStream};
use tokio::time::{Instant, timeout_at};

use crate::server::{Server, Share};
use request::{HEADER, Header, Key};
pub use socket::Socket;

/// How long a client may take to send its request: it sends it in one piece.
const SEND_AT_MOST: Duration = Duration::from_secs(2);
/// How long a client may take to read the reply.
const READ_AT_MOST: Duration = Duration::from_secs(10);

/// Accepts connections for as long as the daemon runs. `deadline` is how long finding an answer may take.
///
/// # Errors
/// When the listening socket cannot be used.
pub async fn listen(server: Rc<Server>, listener: UnixListener, deadline: Duration) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = AsyncListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Who has too many connections open gets no answer, which both libraries take for "ask somebody else".
                let Some(share) = server.admit_peer(&stream) else { continue };
                let server = Rc::clone(&server);
                tokio::task::spawn_local(async move {
                    if let Err(error) = serve(&server, stream, &share, deadline).await {
                        tracing::debug!(uid = share.uid(), "nscd: {error}");
                    }
                });
            }
            Err(error) => {
                tracing::warn!("nscd: accepting a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(
    server: &Server,
    mut stream: UnixStream,
    share: &Share,
    deadline: Duration,
) -> std::io::Result<()> {
    let until = Instant::now() + SEND_AT_MOST;
    let mut header = [0; HEADER];
    timeout_at(until, stream.read_exact(&mut header)).await??;
    let Some(header) = Header::parse(header) else { return Ok(()) };
    let mut key = vec![0; header.key_length];
    timeout_at(until, stream.read_exact(&mut key)).await??;
    let Some(key) = Key::parse(header.kind, &key) else { return Ok(()) };
    let reply = lookup::reply(server, header.kind, key, share, Instant::now() + deadline).await;
    timeout_at(Instant::now() + READ_AT_MOST, stream.write_all(&reply)).await?
}
