//! A connection to somebody who answers: a backend, or a helper process that asks NSS modules.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use userdb::varlink::reply::MAX_LENGTH;

/// Why a conversation ended early.
#[derive(Debug)]
pub enum Failure {
    /// Nobody listens.
    Absent,
    /// The deadline ran out.
    Silent,
    /// What came is no Varlink.
    Broken(String),
}

/// A connection, and what was read from it and not yet taken.
#[derive(Debug)]
pub struct Link {
    stream: UnixStream,
    buffer: Vec<u8>,
    #[cfg(target_env = "gnu")]
    helper: Option<super::nss::helper::Helper>,
}

impl Link {
    /// A connection to a service.
    pub fn to_service(stream: UnixStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            #[cfg(target_env = "gnu")]
            helper: None,
        }
    }

    /// A connection to a process of ours, which ends with it.
    #[cfg(target_env = "gnu")]
    pub fn to_helper(stream: UnixStream, helper: super::nss::helper::Helper) -> Self {
        Self { stream, buffer: Vec::new(), helper: Some(helper) }
    }

    /// Whether everything that came was taken, so that another question can be asked.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the other end is gone.
    pub async fn send(&mut self, request: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(request).await
    }

    /// The next message, without its NUL.
    pub async fn next_message(&mut self) -> Result<Vec<u8>, Failure> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(length) = rest.iter().position(|byte| *byte == 0) {
                let tail = self.buffer.split_off(searched + length + 1);
                let mut message = std::mem::replace(&mut self.buffer, tail);
                message.pop();
                return Ok(message);
            }
            searched = self.buffer.len();
            if searched > MAX_LENGTH {
                return Err(Failure::Broken(format!("a reply is longer than {MAX_LENGTH} bytes")));
            }
            self.buffer.reserve(4 << 10);
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return Err(Failure::Broken(self.end())),
                Ok(_) => {}
                Err(error) => return Err(Failure::Broken(error.to_string())),
            }
        }
    }

    /// What the end of the connection means.
    fn end(&mut self) -> String {
        #[cfg(target_env = "gnu")]
        if self.helper.is_some() {
            return "an NSS module ended the helper process without an answer".into();
        }
        "closed the connection without an answer".into()
    }
}
