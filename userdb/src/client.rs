//! A small blocking Varlink client, for the command line and for the NSS module: one connection, one call at a time,
//! and a time-out on every wait.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// The longest reply that is taken, in bytes; as long as systemd's own clients take.
const MAX_REPLY: usize = 16 << 20;

/// Why a call brought no parameters.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No service listens at the socket.
    #[error("{}: {source}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection broke, or the time-out ran out (`WouldBlock`, `TimedOut`).
    #[error("{}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The service sent something that is no Varlink reply.
    #[error("{}: not a Varlink reply: {reason}", path.display())]
    Malformed {
        /// The socket.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// The service answered with an error of its own.
    #[error("{name}{}", detail(parameters))]
    Service {
        /// Full name, such as `io.systemd.UserDatabase.NoRecordFound`.
        name: String,
        /// What the error tells besides.
        parameters: Map<String, Value>,
    },
}

fn detail(parameters: &Map<String, Value>) -> String {
    if parameters.is_empty() { String::new() } else { format!(" ({})", Value::Object(parameters.clone())) }
}

impl ClientError {
    /// The name of the error that the service answered with, if it did answer.
    pub fn service_error(&self) -> Option<&str> {
        match self {
            ClientError::Service { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// A connection to a service.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    path: PathBuf,
    timeout: Duration,
    /// Bytes read and not yet taken; `taken` of them, from the front, are.
    buffer: Vec<u8>,
    taken: usize,
}

impl Connection {
    /// Connects to the socket of a service. `timeout` bounds the wait for each single reply.
    ///
    /// # Errors
    /// [`ClientError::Connect`] when nobody listens there.
    pub fn open(path: &Path, timeout: Duration) -> Result<Self, ClientError> {
        let connect = |source| ClientError::Connect { path: path.to_owned(), source };
        let stream = UnixStream::connect(path).map_err(connect)?;
        stream.set_write_timeout(Some(timeout)).map_err(connect)?;
        Ok(Self { stream, path: path.to_owned(), timeout, buffer: Vec::new(), taken: 0 })
    }

    /// The socket's descriptor, for callers that must know whether it is still theirs.
    pub fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Calls a method and returns the parameters of its one reply.
    ///
    /// # Errors
    /// [`ClientError::Service`] with what the service answered, or what kept it from answering.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Result<Map<String, Value>, ClientError> {
        self.send(&json!({ "method": method, "parameters": parameters }))?;
        self.receive().map(|(parameters, _)| parameters)
    }

    /// Calls a method with `more`. The replies are read as the iterator is advanced; drop it early and the connection
    /// is out of step, so it takes the connection with it.
    ///
    /// # Errors
    /// When the call cannot be sent. What the service answers comes from the iterator.
    pub fn call_more(mut self, method: &str, parameters: &Value) -> Result<Replies, ClientError> {
        self.send(&json!({ "method": method, "parameters": parameters, "more": true }))?;
        Ok(Replies { connection: Some(self) })
    }

    fn send(&mut self, call: &Value) -> Result<(), ClientError> {
        let mut message = call.to_string().into_bytes();
        message.push(0);
        self.stream.write_all(&message).map_err(|source| self.io(source))
    }

    /// Receives one reply: its parameters, and whether more follow.
    fn receive(&mut self) -> Result<(Map<String, Value>, bool), ClientError> {
        #[derive(serde::Deserialize)]
        struct Reply {
            #[serde(default)]
            parameters: Option<Map<String, Value>>,
            #[serde(default)]
            error: Option<String>,
            #[serde(default)]
            continues: bool,
        }
        let message = self.receive_message()?;
        let reply: Reply =
            serde_json::from_slice(&message).map_err(|error| self.malformed(error.to_string()))?;
        let parameters = reply.parameters.unwrap_or_default();
        match reply.error {
            Some(name) => Err(ClientError::Service { name, parameters }),
            None => Ok((parameters, reply.continues)),
        }
    }

    fn receive_message(&mut self) -> Result<Vec<u8>, ClientError> {
        let deadline = Instant::now() + self.timeout;
        let mut searched = self.taken;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(length) = rest.iter().position(|byte| *byte == 0) {
                let end = searched + length;
                let message = self.buffer.get(self.taken..end).unwrap_or_default().to_vec();
                self.taken = end + 1;
                return Ok(message);
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            searched = self.buffer.len();
            if searched > MAX_REPLY {
                return Err(self.malformed(format!("longer than {MAX_REPLY} bytes")));
            }
            self.read_some(deadline)?;
        }
    }

    fn read_some(&mut self, deadline: Instant) -> Result<(), ClientError> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Err(self.io(std::io::ErrorKind::TimedOut.into()));
        }
        self.stream.set_read_timeout(Some(remaining)).map_err(|source| self.io(source))?;
        let mut chunk = [0; 16 << 10];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(self.io(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(length) => {
                self.buffer.extend_from_slice(chunk.get(..length).unwrap_or_default());
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(()),
            Err(source) => Err(self.io(source)),
        }
    }

    fn io(&self, source: std::io::Error) -> ClientError {
        ClientError::Io { path: self.path.clone(), source }
    }

    fn malformed(&self, reason: String) -> ClientError {
        ClientError::Malformed { path: self.path.clone(), reason }
    }
}

/// The replies to a call with `more`, until the last or an error.
#[derive(Debug)]
pub struct Replies {
    connection: Option<Connection>,
}

impl Iterator for Replies {
    type Item = Result<Map<String, Value>, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut connection = self.connection.take()?;
        Some(connection.receive().map(|(parameters, continues)| {
            if continues {
                self.connection = Some(connection);
            }
            parameters
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// Answers one connection with the given bytes after the first call, then closes it.
    fn service(answer: &'static [u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut byte = [1];
            while byte != [0] {
                stream.read_exact(&mut byte).unwrap();
            }
            for piece in answer.chunks(7) {
                stream.write_all(piece).unwrap();
            }
        });
        (directory, path)
    }

    fn open(path: &Path) -> Connection {
        Connection::open(path, Duration::from_secs(5)).unwrap()
    }

    #[test]
    fn a_call_returns_its_parameters() {
        let (_directory, path) = service(b"{\"parameters\":{\"a\":1}}\0");
        assert_eq!(open(&path).call("x.Y", &json!({})).unwrap().get("a"), Some(&json!(1)));
    }

    #[test]
    fn an_error_keeps_its_name() {
        let (_directory, path) = service(b"{\"error\":\"x.Bad\",\"parameters\":{\"p\":\"q\"}}\0");
        let error = open(&path).call("x.Y", &json!({})).unwrap_err();
        assert_eq!(error.service_error(), Some("x.Bad"));
        assert_eq!(error.to_string(), "x.Bad ({\"p\":\"q\"})");
    }

    #[test]
    fn a_stream_ends_with_the_reply_that_does_not_continue() {
        let (_directory, path) = service(
            b"{\"parameters\":{\"a\":1},\"continues\":true}\0{\"parameters\":{\"a\":2}}\0{\"junk\":1}\0",
        );
        let replies: Vec<_> = open(&path)
            .call_more("x.Y", &json!({}))
            .unwrap()
            .map(|reply| reply.unwrap()["a"].clone())
            .collect();
        assert_eq!(replies, [json!(1), json!(2)]);
    }

    #[test]
    fn a_connection_that_ends_early_is_an_error() {
        let (_directory, path) = service(b"{\"parameters\":{}");
        assert!(matches!(open(&path).call("x.Y", &json!({})), Err(ClientError::Io { .. })));
    }

    #[test]
    fn garbage_is_an_error() {
        let (_directory, path) = service(b"nonsense\0");
        assert!(matches!(open(&path).call("x.Y", &json!({})), Err(ClientError::Malformed { .. })));
    }

    #[test]
    fn a_silent_service_costs_the_time_out_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let mut connection = Connection::open(&path, Duration::from_millis(50)).unwrap();
        assert!(matches!(connection.call("x.Y", &json!({})), Err(ClientError::Io { .. })));
    }
}
