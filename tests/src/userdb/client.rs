//! A Varlink client that sends any bytes as any user, and reports just what came back.

use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a server may take for an answer before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back for some bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The replies, in order.
    pub replies: Vec<Value>,
    /// Whether the server closed the connection.
    pub closed: bool,
}

impl Outcome {
    /// The replies as text with their keys in order, one a line, and how the connection ended.
    pub fn text(&self) -> String {
        let mut text: String = self.replies.iter().map(|reply| format!("{reply}\n")).collect();
        text.push_str(if self.closed { "closed" } else { "open" });
        text
    }
}

/// Connects to `socket` as `uid`.
///
/// Only the thread that connects changes its user, and only for that moment: the kernel notes the peer's user when
/// the connection is made.
///
/// # Errors
/// Of connect(2).
///
/// # Panics
/// When this process may not change its user.
pub fn connect_as(socket: &Path, uid: u32) -> std::io::Result<UnixStream> {
    if uid == 0 {
        return UnixStream::connect(socket);
    }
    let socket: PathBuf = socket.to_owned();
    std::thread::spawn(move || {
        let user = rustix::process::Uid::from_raw(uid);
        rustix::thread::set_thread_res_uid(None, user, None).expect("only root can connect as somebody else");
        UnixStream::connect(socket)
    })
    .join()
    .expect("the connecting thread does not panic")
}

/// The bytes of one request.
pub fn message(request: &Value) -> Vec<u8> {
    let mut bytes = request.to_string().into_bytes();
    bytes.push(0);
    bytes
}

/// Connects as `uid`, sends the chunks with a pause between them, and reads all that is answered.
///
/// A last request of its own tells when all answers have come, as servers answer in order; its answer is not part
/// of the outcome. No answer within a minute is a panic.
///
/// # Panics
/// When the server cannot be reached, answers no JSON, or does not answer.
pub fn exchange(socket: &Path, uid: u32, chunks: &[Vec<u8>]) -> Outcome {
    let mut stream = connect_as(socket, uid).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
    let mut writer = stream.try_clone().expect("a socket can be cloned");
    let mut chunks: Vec<Vec<u8>> = chunks.to_vec();
    chunks.push(message(&json!({
        "method": "org.varlink.service.GetInterfaceDescription",
        "parameters": {"interface": SENTINEL}
    })));
    // Writing in another thread: a server that stops reading must not stop this one from reading.
    let sender = std::thread::spawn(move || {
        for (number, chunk) in chunks.iter().enumerate() {
            if number > 0 && chunks.len() > 2 {
                std::thread::sleep(Duration::from_millis(15));
            }
            // A server that closes on malformed bytes lets the rest fail.
            if writer.write_all(chunk).is_err() {
                return;
            }
        }
    });
    let outcome = read_outcome(&mut stream);
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = sender.join();
    outcome
}

/// An interface that nobody has: asking for it gives an answer that no case gets.
const SENTINEL: &str = "org.example.usher.sentinel";

fn read_outcome(stream: &mut UnixStream) -> Outcome {
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    let mut replies = Vec::new();
    let mut frames = Frames::default();
    loop {
        match frames.next(stream) {
            Ok(Some(frame)) => {
                let reply: Value = serde_json::from_slice(&frame)
                    .unwrap_or_else(|error| panic!("reply {:?}: {error}", String::from_utf8_lossy(&frame)));
                if reply["parameters"]["interface"] == SENTINEL {
                    return Outcome { replies, closed: false };
                }
                replies.push(reply);
            }
            Ok(None) => return Outcome { replies, closed: true },
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                return Outcome { replies, closed: true };
            }
            Err(error) => panic!("no answer: {error}; so far {} replies", replies.len()),
        }
    }
}

/// Splits a byte stream at its NULs.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    taken: usize,
}

impl Frames {
    /// The next message without its NUL; nothing at the end of the stream.
    ///
    /// # Errors
    /// Of read(2).
    pub fn next(&mut self, stream: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
        let mut searched = self.taken;
        loop {
            if let Some(length) = self.buffer[searched..].iter().position(|byte| *byte == 0) {
                let end = searched + length;
                let frame = self.buffer[self.taken..end].to_vec();
                self.taken = end + 1;
                return Ok(Some(frame));
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            searched = self.buffer.len();
            let mut piece = [0; 65536];
            let count = stream.read(&mut piece)?;
            if count == 0 {
                return Ok(None);
            }
            self.buffer.extend_from_slice(&piece[..count]);
        }
    }
}

/// A connection for calls that are well formed.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    frames: Frames,
}

impl Connection {
    /// Connects as `uid`.
    ///
    /// # Panics
    /// When that fails.
    pub fn open(socket: &Path, uid: u32) -> Self {
        let stream = connect_as(socket, uid).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        Self { stream, frames: Frames::default() }
    }

    /// Calls a method of io.systemd.UserDatabase and waits for its last reply. With `more` there may be many.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn call(&mut self, method: &str, parameters: &Value, more: bool) -> Vec<Value> {
        self.send(method, parameters, more);
        self.replies()
    }

    /// Sends a call without waiting.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn send(&mut self, method: &str, parameters: &Value, more: bool) {
        let mut request =
            json!({"method": format!("io.systemd.UserDatabase.{method}"), "parameters": parameters});
        if more {
            request["more"] = json!(true);
        }
        self.send_request(&request);
    }

    /// Sends any request.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn send_request(&mut self, request: &Value) {
        self.stream.write_all(&message(request)).expect("the request can be written");
    }

    /// One reply.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn reply(&mut self) -> Value {
        let frame = self.frames.next(&mut self.stream).expect("a reply can be read");
        serde_json::from_slice(&frame.expect("the server does not close")).expect("a reply is JSON")
    }

    /// All replies of one call.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn replies(&mut self) -> Vec<Value> {
        let mut replies = vec![self.reply()];
        while replies.last().is_some_and(|reply| reply["continues"] == true) {
            replies.push(self.reply());
        }
        replies
    }

    /// The socket itself.
    pub fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

/// One call on a connection of its own, with the time that it took.
///
/// # Panics
/// When it fails.
pub fn timed_call(socket: &Path, uid: u32, method: &str, parameters: &Value) -> (Value, Duration) {
    let start = Instant::now();
    let reply = Connection::open(socket, uid).call(method, parameters, false).remove(0);
    (reply, start.elapsed())
}
