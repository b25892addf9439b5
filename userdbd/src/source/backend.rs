//! One other userdb service, such as GDM's: asking it, within a deadline, and leaving it alone while it hangs.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

/// The longest reply taken from a backend, in bytes.
const MAX_REPLY: usize = 16 << 20;
/// Replies that are read ahead of the one who asked.
const READ_AHEAD: usize = 16;
/// How many connections are kept open between questions, and for how long.
const KEPT: usize = 2;
const KEPT_FOR: Duration = Duration::from_secs(3);
/// How often a backend that hangs is tried again: at first, and at the slowest.
const FIRST_PROBE: Duration = Duration::from_millis(500);
const SLOWEST_PROBE: Duration = Duration::from_secs(30);

/// What a backend says.
#[derive(Debug)]
pub enum Answer {
    /// The parameters of one reply.
    Reply(Map<String, Value>),
    /// It answered with an error: its name, and the parameter that the error names, if any.
    Error {
        /// Full name of the error.
        name: String,
        /// `parameter` of an InvalidParameter error.
        parameter: Option<String>,
    },
    /// It cannot be reached, breaks the protocol, or does not answer in time.
    Unavailable,
}

/// A service's socket, and what is known of its health.
#[derive(Debug)]
pub struct Backend {
    name: String,
    path: PathBuf,
    deadline: Duration,
    patience: Duration,
    /// Did not answer within the deadline; not asked until a probe is answered.
    hangs: Cell<bool>,
    /// Made another backend's answer wait for longer than is right; nothing waits for it until it is quick again.
    late: Cell<bool>,
    /// Tells those who wait that the backend hangs.
    given_up: Notify,
    /// Answers InvalidParameter to the filters of newer versions of the interface.
    refuses_filters: Cell<bool>,
    kept: RefCell<Vec<(Instant, Link)>>,
}

impl Backend {
    /// A backend that is taken to be well until it shows otherwise.
    pub fn new(name: String, path: PathBuf, deadline: Duration, patience: Duration) -> Self {
        Self {
            name,
            path,
            deadline,
            patience,
            hangs: Cell::new(false),
            late: Cell::new(false),
            given_up: Notify::new(),
            refuses_filters: Cell::new(false),
            kept: RefCell::default(),
        }
    }

    /// The name of the service, which is the name of its socket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is left alone for now.
    pub fn hangs(&self) -> bool {
        self.hangs.get()
    }

    /// Whether somebody listens at its socket, which a service that has died leaves behind.
    pub async fn runs(&self) -> bool {
        let connecting = timeout(self.patience, UnixStream::connect(&self.path)).await;
        // Whatever else it is than nobody there, such as a queue that is full, somebody is.
        !matches!(connecting, Ok(Err(error)) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound))
    }

    /// Whether other backends' answers wait for this one.
    pub fn is_waited_for(&self) -> bool {
        !self.hangs.get() && !self.late.get()
    }

    /// Says that an answer has been waiting for this backend for longer than the configuration allows.
    pub fn was_late(&self) {
        if !self.late.replace(true) {
            tracing::warn!("{}: slow; no other answer waits for it until it is quick again", self.name);
        }
    }

    /// Whether it has refused the filters of newer versions of the interface.
    pub fn refuses_filters(&self) -> bool {
        self.refuses_filters.get()
    }

    /// Remembers that it does.
    pub fn set_refuses_filters(&self) {
        self.refuses_filters.set(true);
    }

    /// Asks for a single reply.
    pub async fn ask(self: Rc<Self>, method: &str, parameters: &Value) -> Answer {
        let (send, mut receive) = mpsc::channel(1);
        Rc::clone(&self).converse(request(method, parameters, false), send).await;
        receive.recv().await.unwrap_or(Answer::Unavailable)
    }

    /// Asks for all replies. They come through the channel as fast as they are taken; the channel ends after the last,
    /// after an error, or when the backend stops answering.
    pub fn ask_for_all(self: Rc<Self>, method: &str, parameters: &Value) -> mpsc::Receiver<Answer> {
        let (send, receive) = mpsc::channel(READ_AHEAD);
        tokio::task::spawn_local(self.converse(request(method, parameters, true), send));
        receive
    }

    async fn converse(self: Rc<Self>, request: Vec<u8>, answers: mpsc::Sender<Answer>) {
        if self.hangs.get() {
            let _ = answers.send(Answer::Unavailable).await;
            return;
        }
        // Somebody else may find out first that the backend hangs.
        let given_up = self.given_up.notified();
        let outcome = tokio::select! {
            outcome = self.exchange(&request, &answers) => outcome,
            () = given_up => Ok(()),
        };
        if let Err(failure) = outcome {
            let _ = answers.send(Answer::Unavailable).await;
            match failure {
                Failure::Silent => self.give_up(request),
                Failure::Broken(reason) => tracing::warn!("{}: {reason}", self.name),
                Failure::Absent => {}
            }
        }
    }

    async fn exchange(&self, request: &[u8], answers: &mpsc::Sender<Answer>) -> Result<(), Failure> {
        let asked = Instant::now();
        let (mut link, mut message) = self.open(request).await?;
        if asked.elapsed() < self.patience && self.late.replace(false) {
            tracing::info!("{}: quick again", self.name);
        }
        loop {
            let (answer, continues) = understand(&message).map_err(Failure::Broken)?;
            if answers.send(answer).await.is_err() {
                // Nobody wants the rest. The connection holds it, so it cannot be kept.
                return Ok(());
            }
            if !continues {
                self.keep(link);
                return Ok(());
            }
            message = self.receive(&mut link).await?;
        }
    }

    /// Sends the request and waits for the first message. A kept connection may have been closed by the backend meanwhile.
    async fn open(&self, request: &[u8]) -> Result<(Link, Vec<u8>), Failure> {
        if let Some(mut link) = self.take_kept()
            && link.stream.write_all(request).await.is_ok()
        {
            match self.receive(&mut link).await {
                Ok(message) => return Ok((link, message)),
                Err(Failure::Silent) => return Err(Failure::Silent),
                Err(_) => {}
            }
        }
        let connect = async {
            let mut stream = UnixStream::connect(&self.path).await?;
            stream.write_all(request).await?;
            std::io::Result::Ok(Link { stream, buffer: Vec::new() })
        };
        let mut link = match timeout(self.deadline, connect).await {
            Ok(Ok(link)) => link,
            Ok(Err(error)) => {
                tracing::debug!("{}: {error}", self.name);
                return Err(Failure::Absent);
            }
            Err(_) => return Err(Failure::Silent),
        };
        let message = self.receive(&mut link).await?;
        Ok((link, message))
    }

    async fn receive(&self, link: &mut Link) -> Result<Vec<u8>, Failure> {
        match timeout(self.deadline, link.next_message()).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Silent),
        }
    }

    fn take_kept(&self) -> Option<Link> {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|(since, _)| since.elapsed() < KEPT_FOR);
        kept.pop().map(|(_, link)| link)
    }

    fn keep(&self, link: Link) {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|(since, _)| since.elapsed() < KEPT_FOR);
        if kept.len() < KEPT && link.buffer.is_empty() {
            kept.push((Instant::now(), link));
        }
    }

    /// Leaves the backend alone, and tries it with the question that it did not answer until it answers.
    fn give_up(self: Rc<Self>, request: Vec<u8>) {
        if self.hangs.replace(true) {
            return;
        }
        tracing::warn!(
            "{}: no answer within {:?}; not asked again until it answers",
            self.name,
            self.deadline
        );
        self.given_up.notify_waiters();
        self.kept.borrow_mut().clear();
        let backend = Rc::downgrade(&self);
        tokio::task::spawn_local(async move {
            let mut pause = FIRST_PROBE;
            loop {
                tokio::time::sleep(pause).await;
                // Gone when the socket is gone from the directory.
                let Some(backend) = backend.upgrade() else { return };
                if backend.open(&request).await.is_ok() {
                    tracing::info!("{}: answers again", backend.name);
                    backend.hangs.set(false);
                    return;
                }
                pause = (pause * 2).min(SLOWEST_PROBE);
            }
        });
    }
}

/// Why a conversation ended early.
#[derive(Debug)]
enum Failure {
    /// Nobody listens.
    Absent,
    /// The deadline ran out.
    Silent,
    /// What came is no Varlink.
    Broken(String),
}

/// A connection to a backend.
#[derive(Debug)]
struct Link {
    stream: UnixStream,
    /// What was read and not yet taken.
    buffer: Vec<u8>,
}

impl Link {
    async fn next_message(&mut self) -> Result<Vec<u8>, Failure> {
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
            if searched > MAX_REPLY {
                return Err(Failure::Broken(format!("a reply is longer than {MAX_REPLY} bytes")));
            }
            self.buffer.reserve(4 << 10);
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return Err(Failure::Broken("closed the connection without an answer".into())),
                Ok(_) => {}
                Err(error) => return Err(Failure::Broken(error.to_string())),
            }
        }
    }
}

fn request(method: &str, parameters: &Value, more: bool) -> Vec<u8> {
    let call = if more {
        json!({ "method": method, "parameters": parameters, "more": true })
    } else {
        json!({ "method": method, "parameters": parameters })
    };
    let mut request = call.to_string().into_bytes();
    request.push(0);
    request
}

/// Takes a message apart: what it says, and whether more follow.
fn understand(message: &[u8]) -> Result<(Answer, bool), String> {
    #[derive(serde::Deserialize)]
    struct Reply {
        #[serde(default)]
        parameters: Option<Map<String, Value>>,
        #[serde(default)]
        error: Option<String>,
        #[serde(default)]
        continues: bool,
    }
    let reply: Reply =
        serde_json::from_slice(message).map_err(|error| format!("not a Varlink reply: {error}"))?;
    let parameters = reply.parameters.unwrap_or_default();
    Ok(match reply.error {
        None => (Answer::Reply(parameters), reply.continues),
        Some(name) => {
            let parameter = parameters.get("parameter").and_then(Value::as_str).map(str::to_owned);
            (Answer::Error { name, parameter }, false)
        }
    })
}
