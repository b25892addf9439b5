//! The replies to the calls of one connection: a bounded buffer, in front of the socket or by itself.

use std::ops::{Deref, DerefMut};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::WriteHalf;
use userdb::varlink::call::Call;
use userdb::varlink::reply;

/// The buffer is written out when it holds this many bytes, and nothing is added before it is.
const FULL: usize = 32 << 10;

/// EUCLEAN, as sd-varlink says it.
const NO_UPGRADE: &[u8] = b"{\"error\":\"io.systemd.System\",\
    \"parameters\":{\"origin\":\"linux\",\"errno\":117,\"errnoName\":\"EUCLEAN\"}}\0";

/// Replies that were not written out yet. A call that wants no reply is answered into the void.
#[derive(Debug, Default)]
pub struct ReplyBuffer {
    bytes: Vec<u8>,
    /// The current call asked for no reply.
    oneway: bool,
    /// The current call asked to leave Varlink after the reply.
    upgrade: bool,
}

impl ReplyBuffer {
    /// What follows answers this call.
    pub fn begin(&mut self, call: &Call<'_>) {
        self.oneway = call.oneway;
        self.upgrade = call.upgrade;
    }

    /// Adds a reply whose parameters are JSON text.
    pub fn parameters(&mut self, json: &[u8], continues: bool) {
        if self.oneway {
            return;
        }
        if self.upgrade {
            // No method of the interface can do so, and a client that waits for it must not take a record for a yes. It is
            // the answer that sd-varlink gives.
            self.bytes.extend_from_slice(NO_UPGRADE);
            return;
        }
        reply::parameters(&mut self.bytes, json, continues);
    }

    /// Adds a reply of `org.varlink.service`, which is the same whether an upgrade was asked for or not.
    pub fn service_info(&mut self, parameters: &Value) {
        if !self.oneway {
            let mut json = Vec::new();
            reply::value(&mut json, parameters);
            reply::parameters(&mut self.bytes, &json, false);
        }
    }

    /// Adds an error reply.
    pub fn error(&mut self, name: &str) {
        if !self.oneway {
            reply::error(&mut self.bytes, name);
        }
    }

    /// Adds an error reply with one string parameter.
    pub fn error_with(&mut self, name: &str, parameter: &str, value: &str) {
        if !self.oneway {
            reply::error_with(&mut self.bytes, name, parameter, value);
        }
    }

    /// Whether it must be written out before more is added.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// What has to be written out.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything has been written out.
    pub fn clear(&mut self) {
        self.bytes.clear();
        // One long answer must not cost memory for as long as the connection lasts.
        self.bytes.shrink_to(FULL / 4);
    }
}

/// The output of a connection in the event loop.
#[derive(Debug)]
pub struct Replies<'a> {
    socket: WriteHalf<'a>,
    buffer: ReplyBuffer,
}

impl<'a> Replies<'a> {
    /// An empty buffer in front of the socket.
    pub fn new(socket: WriteHalf<'a>) -> Self {
        Self { socket, buffer: ReplyBuffer::default() }
    }

    /// Writes out if the buffer is full. Waits for the peer to read, so a stream is produced as fast as it is taken.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn make_room(&mut self) -> std::io::Result<()> {
        if self.buffer.is_full() { self.flush().await } else { Ok(()) }
    }

    /// Writes out everything.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn flush(&mut self) -> std::io::Result<()> {
        if !self.buffer.bytes().is_empty() {
            self.socket.write_all(self.buffer.bytes()).await?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl Deref for Replies<'_> {
    type Target = ReplyBuffer;

    fn deref(&self) -> &ReplyBuffer {
        &self.buffer
    }
}

impl DerefMut for Replies<'_> {
    fn deref_mut(&mut self) -> &mut ReplyBuffer {
        &mut self.buffer
    }
}
