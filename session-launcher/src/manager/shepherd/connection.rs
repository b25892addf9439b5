//! The Shepherd's protocol: one expression in, one expression out, for each connection.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::connect;

/// How long an answer may take that is waited for.
const REPLY_WAIT: Duration = Duration::from_secs(5);

/// How long an answer is kept waiting for that nobody needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than that is no answer.
const MAX_REPLY: u64 = 1024 * 1024;

/// A command whose answer nobody waits for. The connection stays until it has come: the Shepherd would complain otherwise.
#[derive(Debug)]
pub struct Sent {
    stream: UnixStream,
    at: Instant,
}

impl Sent {
    /// Whether it is over. What went wrong is logged.
    pub fn is_over(&mut self) -> bool {
        let mut reply = [0u8; 4096];
        match self.stream.read(&mut reply) {
            Ok(count) => {
                let reply = String::from_utf8_lossy(reply.get(..count).unwrap_or_default()).into_owned();
                if let Some(error) = error_of(&reply) {
                    tracing::error!("the Shepherd: {error}");
                }
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.at.elapsed() > PATIENCE,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
            Err(_) => true,
        }
    }
}

/// Where a Shepherd listens.
#[derive(Debug, Clone)]
pub struct Socket(PathBuf);

impl Socket {
    /// At this path.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Has it evaluate an expression.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn send(&self, expression: &str) -> io::Result<Sent> {
        let mut stream = connect(&self.0)?;
        stream.set_write_timeout(Some(REPLY_WAIT))?;
        stream.write_all(command(expression).as_bytes())?;
        stream.set_nonblocking(true)?;
        Ok(Sent { stream, at: Instant::now() })
    }

    /// Has it evaluate an expression, and waits for the answer.
    ///
    /// # Errors
    /// Nobody listens or answers, or the expression fails.
    pub fn ask(&self, expression: &str) -> io::Result<String> {
        let mut stream = connect(&self.0)?;
        stream.set_write_timeout(Some(REPLY_WAIT))?;
        stream.set_read_timeout(Some(REPLY_WAIT))?;
        stream.write_all(command(expression).as_bytes())?;
        let mut reply = String::new();
        stream.take(MAX_REPLY).read_to_string(&mut reply)?;
        match error_of(&reply) {
            None if reply.trim_start().starts_with("(reply (version 0)") => Ok(reply),
            None => Err(io::Error::other(format!("{reply:?} is no answer of a Shepherd"))),
            Some(error) => Err(io::Error::other(error)),
        }
    }

    /// The process that listens.
    pub fn peer(&self) -> Option<i32> {
        let stream = connect(&self.0).ok()?;
        let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
        Some(peer.pid.as_raw_nonzero().get())
    }
}

fn command(expression: &str) -> String {
    format!(
        "(shepherd-command (version 0) (action eval) (service root) (arguments ({})) (directory \"/\"))\n",
        string(expression)
    )
}

/// A string of Scheme's.
pub fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What an answer says about a failure: the expression after `(error ` is `#f` when there was none.
fn error_of(reply: &str) -> Option<&str> {
    let (_, error) = reply.split_once(" (error ")?;
    let error = error.split_once(" (messages").map_or(error, |(error, _)| error);
    (!error.starts_with("#f")).then_some(error.trim_end_matches(')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood() {
        assert_eq!(error_of("(reply (version 0) (result #t) (error #f) (messages ()))"), None);
        let reply = "(reply (version 0) (result #f) (error (error (version 0) action-exception eval root key ())) (messages (\"x\")))";
        assert_eq!(error_of(reply), Some("(error (version 0) action-exception eval root key ("));
    }

    #[test]
    fn strings_are_quoted() {
        assert_eq!(string(r#"a\x2d"b"#), r#""a\\x2d\"b""#);
    }
}
