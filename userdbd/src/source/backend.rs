//! Somebody who is asked for what is not known here: another userdb service such as GDM's, or the NSS modules behind their
//! helper processes. Asking within a deadline, and leaving alone what hangs.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::net::UnixStream;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{Instant, timeout};
use userdb::varlink::call;
use userdb::varlink::reply::Message;

use super::link::{Failure, Link};
use super::slots::Slots;

/// Replies that are read ahead of the one who asked.
const READ_AHEAD: usize = 16;
/// How often what hangs is tried again: at first, and at the slowest.
const FIRST_PROBE: Duration = Duration::from_millis(500);
const SLOWEST_PROBE: Duration = Duration::from_secs(30);
/// How many questions that NSS modules hang at are remembered.
const SHUNNED: usize = 16;

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

/// Where a backend is found.
#[derive(Debug)]
pub enum Endpoint {
    /// A socket that a service listens on.
    Socket(PathBuf),
    /// Processes of ours that ask NSS modules.
    #[cfg(target_env = "gnu")]
    Helpers(super::nss::helper::Helpers),
}

/// Whose turn it is to ask. NSS modules are asked by few processes, of which each peer shall leave some to others.
#[derive(Debug, Clone)]
pub struct Turn {
    /// How much one peer may ask at the same time.
    pub queries: Arc<Semaphore>,
    /// Root does not wait for anybody else.
    pub is_root: bool,
}

impl Turn {
    /// For what the daemon itself wants to know.
    pub fn own() -> Self {
        Self { queries: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)), is_root: true }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    request: Vec<u8>,
    /// Asks for all that there is, which may take any time.
    lists_all: bool,
    /// A question like this one that has no answer.
    probe: Option<Vec<u8>>,
}

/// Somebody who may know more, and what is known of its health.
#[derive(Debug)]
pub struct Backend {
    name: String,
    endpoint: Endpoint,
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
    /// Questions that NSS modules hang or crash at, while they are well otherwise. Nobody's lookup of such a name may make
    /// the others' fail.
    shunned: RefCell<HashSet<Question>>,
    kept: RefCell<Vec<(Instant, Link)>>,
    /// A task closes kept connections in time.
    expires: Cell<bool>,
}

impl Backend {
    /// A backend that is taken to be well until it shows otherwise.
    pub fn new(name: String, endpoint: Endpoint, deadline: Duration, patience: Duration) -> Self {
        Self {
            name,
            endpoint,
            deadline,
            patience,
            hangs: Cell::new(false),
            late: Cell::new(false),
            given_up: Notify::new(),
            refuses_filters: Cell::new(false),
            shunned: RefCell::default(),
            kept: RefCell::default(),
            expires: Cell::new(false),
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
        let path = match &self.endpoint {
            Endpoint::Socket(path) => path,
            #[cfg(target_env = "gnu")]
            Endpoint::Helpers(_) => return true,
        };
        let connecting = timeout(self.patience, UnixStream::connect(path)).await;
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

    /// Whether NSS modules answer, so that all records that there are come through this one.
    pub fn asks_modules(&self) -> bool {
        match self.endpoint {
            Endpoint::Socket(_) => false,
            #[cfg(target_env = "gnu")]
            Endpoint::Helpers(_) => true,
        }
    }

    /// Asks for a single reply. `turn` is what bounds how much of the modules' time one peer takes.
    pub async fn ask(self: Rc<Self>, method: &str, parameters: &Value, turn: Turn) -> Answer {
        let (send, mut receive) = mpsc::channel(1);
        let question = self.question(method, parameters, false);
        Rc::clone(&self).converse(question, send, turn).await;
        receive.recv().await.unwrap_or(Answer::Unavailable)
    }

    /// Asks for all replies. They come through the channel as fast as they are taken; the channel ends after the last,
    /// after an error, or when the backend stops answering.
    pub fn ask_for_all(
        self: Rc<Self>,
        method: &str,
        parameters: &Value,
        turn: Turn,
    ) -> mpsc::Receiver<Answer> {
        let (send, receive) = mpsc::channel(READ_AHEAD);
        let question = self.question(method, parameters, true);
        tokio::task::spawn_local(self.converse(question, send, turn));
        receive
    }

    fn question(&self, method: &str, parameters: &Value, more: bool) -> Question {
        let is_key = |(field, _): (&String, &Value)| KEYS.contains(&field.as_str());
        let lists_all = !parameters.as_object().is_some_and(|parameters| parameters.iter().any(is_key));
        let probe = match &self.endpoint {
            Endpoint::Socket(_) => None,
            #[cfg(target_env = "gnu")]
            Endpoint::Helpers(_) => Some(request(method, &super::nss::helper::probe(method), more)),
        };
        Question { request: request(method, parameters, more), lists_all, probe }
    }

    async fn converse(self: Rc<Self>, question: Question, answers: mpsc::Sender<Answer>, turn: Turn) {
        let is_root = turn.is_root;
        // A service looks after itself.
        let _turn = if self.asks_modules() { turn.queries.acquire_owned().await.ok() } else { None };
        if self.hangs.get() || self.shunned.borrow().contains(&question) {
            let _ = answers.send(Answer::Unavailable).await;
            return;
        }
        // Somebody else may find out first that the backend hangs.
        let given_up = self.given_up.notified();
        let outcome = tokio::select! {
            outcome = self.exchange(&question, &answers, is_root) => outcome,
            () = given_up => Ok(()),
        };
        if let Err(failure) = outcome {
            match failure {
                Failure::Silent => Rc::clone(&self).give_up(question),
                Failure::Broken(reason) => {
                    tracing::warn!("{}: {reason}", self.name);
                    if self.asks_modules() {
                        self.shun(question);
                    }
                }
                Failure::Absent => {}
            }
            let _ = answers.send(Answer::Unavailable).await;
        }
    }

    async fn exchange(
        self: &Rc<Self>,
        question: &Question,
        answers: &mpsc::Sender<Answer>,
        is_root: bool,
    ) -> Result<(), Failure> {
        let slots = self.endpoint.slots(question.lists_all, is_root);
        let _slot = match slots {
            None => None,
            Some(slots) => {
                // A list that nobody reads is ended within the deadline when somebody waits.
                let patience = if question.lists_all { self.deadline * 2 } else { self.deadline };
                // When all are busy, it says nothing about this question.
                Some(timeout(patience, slots.take()).await.map_err(|_| Failure::Absent)?)
            }
        };
        let asked = Instant::now();
        let (mut link, mut message) = self.open(&question.request).await?;
        if asked.elapsed() < self.patience && self.late.replace(false) {
            tracing::info!("{}: quick again", self.name);
        }
        loop {
            let (answer, continues) = understand(&message).map_err(Failure::Broken)?;
            if !self.pass_on(answer, answers, slots).await {
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

    /// Hands an answer to the one who asked. False when it is not taken: nobody is there any more, or somebody reads so slowly
    /// that others, who wait for their turn with the modules, would have to wait too.
    async fn pass_on(&self, answer: Answer, answers: &mpsc::Sender<Answer>, slots: Option<&Slots>) -> bool {
        let mut sending = std::pin::pin!(answers.send(answer));
        loop {
            match timeout(self.deadline, &mut sending).await {
                Ok(result) => return result.is_ok(),
                Err(_) if slots.is_some_and(Slots::somebody_waits) => {
                    tracing::debug!("{}: a list is not read and was ended for others", self.name);
                    return false;
                }
                Err(_) => {}
            }
        }
    }

    /// Sends the request and waits for the first message. A kept connection may have been closed by the backend meanwhile.
    async fn open(&self, request: &[u8]) -> Result<(Link, Vec<u8>), Failure> {
        if let Some(mut link) = self.take_kept()
            && link.send(request).await.is_ok()
        {
            match self.receive(&mut link).await {
                Ok(message) => return Ok((link, message)),
                Err(Failure::Silent) => return Err(Failure::Silent),
                Err(_) => {}
            }
        }
        let connect = async {
            let mut link = match &self.endpoint {
                Endpoint::Socket(path) => Link::to_service(UnixStream::connect(path).await?),
                #[cfg(target_env = "gnu")]
                Endpoint::Helpers(helpers) => helpers.start()?,
            };
            link.send(request).await?;
            std::io::Result::Ok(link)
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
        self.close_old();
        self.kept.borrow_mut().pop().map(|(_, link)| link)
    }

    fn keep(self: &Rc<Self>, link: Link) {
        self.close_old();
        let (count, lifetime) = self.endpoint.kept();
        let mut kept = self.kept.borrow_mut();
        if kept.len() < count && link.is_idle() {
            kept.push((Instant::now(), link));
            if !self.expires.replace(true) {
                tokio::task::spawn_local(close_in_time(Rc::downgrade(self), lifetime));
            }
        }
    }

    /// Closes what was kept for long enough. False when nothing is left.
    fn close_old(&self) -> bool {
        let (_, lifetime) = self.endpoint.kept();
        let mut kept = self.kept.borrow_mut();
        kept.retain(|(since, _)| since.elapsed() < lifetime);
        !kept.is_empty()
    }

    /// Leaves the backend alone until it answers again.
    fn give_up(self: Rc<Self>, question: Question) {
        if self.hangs.replace(true) {
            return;
        }
        tracing::warn!(
            "{}: no answer within {:?}; not asked again until it answers",
            self.name,
            self.deadline
        );
        self.kept.borrow_mut().clear();
        let backend = Rc::downgrade(&self);
        // A service that hangs once is taken to hang for everybody. Of modules, which have many processes, only the one that
        // hangs is stopped.
        let (probe, first_pause, shunned) = match question.probe.clone() {
            None => {
                self.given_up.notify_waiters();
                (question.request, FIRST_PROBE, None)
            }
            Some(probe) => (probe, Duration::ZERO, Some(question)),
        };
        tokio::task::spawn_local(async move {
            if let Some(backend) = answers_again(&backend, &probe, first_pause).await {
                tracing::info!("{}: answers again", backend.name);
                if let Some(question) = shunned {
                    Rc::clone(&backend).shun(question);
                }
                backend.hangs.set(false);
            }
        });
    }

    /// Does not ask this question again until a trial shows that it has an answer.
    fn shun(self: Rc<Self>, question: Question) {
        let is_new = {
            let mut shunned = self.shunned.borrow_mut();
            shunned.len() < SHUNNED && shunned.insert(question.clone())
        };
        if is_new {
            let backend = Rc::downgrade(&self);
            tokio::task::spawn_local(async move {
                if let Some(backend) = answers_again(&backend, &question.request, FIRST_PROBE).await {
                    backend.shunned.borrow_mut().remove(&question);
                }
            });
        }
    }
}

/// Asks now and then until there is an answer. None when the backend is gone: its socket from the directory, or the modules
/// from nsswitch.conf.
async fn answers_again(
    backend: &Weak<Backend>,
    request: &[u8],
    first_pause: Duration,
) -> Option<Rc<Backend>> {
    let mut pause = first_pause;
    loop {
        tokio::time::sleep(pause).await;
        let backend = backend.upgrade()?;
        if backend.open(request).await.is_ok() {
            return Some(backend);
        }
        pause = (pause * 2).clamp(FIRST_PROBE, SLOWEST_PROBE);
    }
}

/// Closes connections that nobody has used for long, and ends helper processes with them.
async fn close_in_time(backend: Weak<Backend>, lifetime: Duration) {
    loop {
        tokio::time::sleep(lifetime).await;
        let Some(backend) = backend.upgrade() else { return };
        if !backend.close_old() {
            backend.expires.set(false);
            return;
        }
    }
}

impl Endpoint {
    /// What bounds how much is asked at the same time; a service looks after itself.
    fn slots(&self, _lists_all: bool, _is_root: bool) -> Option<&Slots> {
        match self {
            Self::Socket(_) => None,
            #[cfg(target_env = "gnu")]
            Self::Helpers(helpers) => Some(helpers.slots(_lists_all, _is_root)),
        }
    }

    /// How many connections are kept open between questions, and for how long.
    fn kept(&self) -> (usize, Duration) {
        match self {
            Self::Socket(_) => (2, Duration::from_secs(3)),
            #[cfg(target_env = "gnu")]
            Self::Helpers(_) => (super::nss::helper::PROCESSES, super::nss::helper::KEPT_FOR),
        }
    }
}

/// Parameters that ask for something certain.
const KEYS: [&str; 4] = ["userName", "uid", "groupName", "gid"];

fn request(method: &str, parameters: &Value, more: bool) -> Vec<u8> {
    let mut request = Vec::new();
    call::write(&mut request, method, parameters, more);
    request
}

/// Takes a message apart: what it says, and whether more follow.
fn understand(message: &[u8]) -> Result<(Answer, bool), String> {
    let Message { parameters, error, continues } =
        Message::parse(message).map_err(|error| format!("not a Varlink reply: {error}"))?;
    Ok(match error {
        None => (Answer::Reply(parameters), continues),
        Some(name) => {
            let parameter = parameters.get("parameter").and_then(Value::as_str).map(str::to_owned);
            (Answer::Error { name, parameter }, false)
        }
    })
}
