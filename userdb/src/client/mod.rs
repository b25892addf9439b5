//! A small blocking Varlink client, for the command line and for the NSS module: one connection, and a time-out on every
//! wait.
//!
//! It is fit to run inside of any program: it never raises `SIGPIPE`, its descriptors are closed at exec, and it makes its
//! system calls without the C library, so that neither `errno` changes nor a thread is cancelled in the middle.

mod connection;
mod replies;

use std::path::PathBuf;

use serde_json::{Map, Value};

pub use connection::{Call, Connection, Reply, new_socket};
pub use replies::Replies;

/// Why a call brought no parameters.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No service listens at the socket, or it does not accept connections in time (`WouldBlock`).
    #[error("{}: {source}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection broke, or the time-out ran out (`TimedOut`).
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

    /// What the system said, if that is why there is no answer.
    pub fn io_error(&self) -> Option<&std::io::Error> {
        match self {
            ClientError::Connect { source, .. } | ClientError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::time::{Duration, Instant};

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

    #[test]
    fn calls_can_be_sent_ahead_of_their_replies() {
        let (_directory, path) =
            service(b"{\"parameters\":{\"a\":1}}\0{\"error\":\"x.Bad\"}\0{\"parameters\":{\"a\":3}}\0");
        let mut connection = open(&path);
        let call = || Call { method: "x.Y", parameters: json!({}), more: false };
        connection.send(&[call(), call(), call()]).unwrap();
        assert_eq!(connection.receive().unwrap().parameters["a"], 1);
        assert_eq!(connection.receive().unwrap_err().service_error(), Some("x.Bad"));
        assert!(!connection.is_idle());
        assert_eq!(connection.receive().unwrap().parameters["a"], 3);
        assert!(connection.is_idle());
    }

    #[test]
    fn a_stream_gives_its_connection_back_at_the_end_only() {
        let answer = b"{\"parameters\":{},\"continues\":true}\0{\"parameters\":{}}\0";
        let (_directory, path) = service(answer);
        let mut replies = open(&path).call_more("x.Y", &json!({})).unwrap();
        assert_eq!(replies.by_ref().count(), 2);
        assert!(replies.into_connection().is_some());

        let (_directory, path) = service(answer);
        let mut replies = open(&path).call_more("x.Y", &json!({})).unwrap();
        replies.next().unwrap().unwrap();
        assert!(replies.into_connection().is_none());
    }

    #[test]
    fn a_full_backlog_costs_the_time_out_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let address = rustix::net::SocketAddrUnix::new(&path).unwrap();
        let kind = (rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM);
        let listener = rustix::net::socket(kind.0, kind.1, None).unwrap();
        rustix::net::bind(&listener, &address).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let start = Instant::now();
        let mut waiting = Vec::new();
        let error = loop {
            match Connection::open(&path, Duration::from_millis(50)) {
                Ok(connection) => waiting.push(connection),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ClientError::Connect { .. }));
        assert_eq!(error.io_error().map(std::io::Error::kind), Some(std::io::ErrorKind::WouldBlock));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
