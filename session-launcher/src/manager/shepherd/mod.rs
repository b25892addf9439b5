//! The Shepherd: each service of the session is a service of the user's Shepherd.
//!
//! Definitions are made at run time, by expressions that it evaluates. A service runs `session-launcher exec --unit UNIT`,
//! which gets the process from the engine; the Shepherd's own environment, which is fixed when it starts, does not matter. The
//! Shepherd tells nobody of events, so the expressions do, by a FIFO.
//!
//! - [`instance`]: the Shepherd that runs, or one of our own; [`connection`]: its protocol
//! - [`definition`], `session.scm`: a service as the Shepherd knows it
//!
//! Processes that are no services of their own (`ExecStartPre=`, `ExecStop=`..., `Type=oneshot` and `Type=forking`) are the
//! engine's own.

pub mod connection;
pub mod definition;
pub mod instance;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{FileType, Mode, OFlags};

use self::connection::{Sent, string};
use self::instance::Instance;
use super::{Manager, ManagerError, NativeEvent, Order, Started, direct, is_supervised, path_of};
use crate::job::{ActiveState, ProcessId};
use crate::unit::spec::UnitName;

/// What every user's Shepherd is taught.
const SESSION: &str = include_str!("session.scm");

/// Starts of longer ago have come about.
const MAX_ORDERS: usize = 1024;

/// The Guile module of ours.
const MODULE: &str = "'(session-launcher session)";

/// The services that it has been given.
const NAMES: &str = "(map symbol->string session-launcher-names)";

/// Expressions that use what it defines.
fn in_session(expressions: &str) -> String {
    format!("(eval '(begin {expressions}) (resolve-module {MODULE}))")
}

/// The user's Shepherd.
#[derive(Debug)]
pub struct Shepherd {
    instance: Instance,
    program: PathBuf,
    environment: Vec<(String, String)>,
    fifo_path: PathBuf,
    fifo: OwnedFd,
    /// Our services, with their definitions as the Shepherd has them.
    services: BTreeMap<UnitName, String>,
    up: BTreeSet<UnitName>,
    /// Expressions that go out with the next round.
    expressions: Vec<String>,
    sent: Vec<Sent>,
    /// Starts that have not come about, by the number in their report.
    orders: BTreeMap<u64, ProcessId>,
    next_order: u64,
    failed: Vec<NativeEvent>,
}

impl Shepherd {
    /// Teaches a user's Shepherd what is needed. `fifo` is where it reports. With `resume` the services of an engine that was
    /// killed go on, and those that start later can require them.
    ///
    /// # Errors
    /// The FIFO cannot be made, or the Shepherd does not understand.
    pub fn new(
        instance: Instance,
        fifo: PathBuf,
        runtime: Option<&std::path::Path>,
        resume: bool,
    ) -> io::Result<Self> {
        let _ = fs::remove_file(&fifo);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        // Its own writing end keeps it from being at its end when nobody else writes.
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(&fifo, flags, Mode::empty())?;
        // Each expression is evaluated in a module of its own, so that ours stay in one that has a name.
        instance.socket.ask(&format!(
            "(let ((session (resolve-module {MODULE} #f #:ensure #t))) \
               (beautify-user-module! session) (eval '(begin {SESSION}) session))"
        ))?;
        let mut services = BTreeMap::new();
        if resume {
            let answer = instance.socket.ask(&in_session(NAMES))?;
            let names = connection::strings(&answer).into_iter().filter_map(|name| UnitName::new(name).ok());
            // Their definitions are made anew when they start again.
            services.extend(names.map(|name| (name, String::new())));
        }
        let mut environment = vec![("PATH".to_owned(), crate::daemon::environment::DEFAULT_PATH.to_owned())];
        if let Some(runtime) = runtime {
            environment.push(("XDG_RUNTIME_DIR".to_owned(), runtime.to_string_lossy().into_owned()));
        }
        Ok(Self {
            instance,
            program: std::env::current_exe()?,
            environment,
            fifo_path: fifo,
            fifo: descriptor,
            services,
            up: BTreeSet::new(),
            expressions: Vec::new(),
            sent: Vec::new(),
            orders: BTreeMap::new(),
            next_order: 0,
            failed: Vec::new(),
        })
    }

    fn order(&mut self, order: &Order<'_>) {
        let log = order.log.and_then(path_of);
        let parts =
            definition::Parts { program: &self.program, environment: &self.environment, log: log.as_deref() };
        let unit = &order.unit.name;
        let text = definition::text(order.unit, &parts, &|other| self.up.contains(other));
        let definition = if self.services.get(unit) == Some(&text) { "#f" } else { &text };
        let number = self.next_order;
        self.next_order += 1;
        self.orders.insert(number, order.process);
        if self.orders.len() > MAX_ORDERS {
            self.orders.pop_first();
        }
        self.expressions.push(format!(
            "(session-launcher-start {} {} {} {definition})",
            string(&self.fifo_path.to_string_lossy()),
            string(&number.to_string()),
            definition::symbol(unit),
        ));
        self.services.insert(unit.clone(), text);
    }

    /// Sends what has gathered, in one go: the Shepherd takes its time over each connection.
    fn flush(&mut self) {
        if !self.expressions.is_empty() {
            let expressions = std::mem::take(&mut self.expressions);
            match self.instance.socket.send(&in_session(&expressions.join(" "))) {
                Ok(sent) => self.sent.push(sent),
                Err(error) => {
                    tracing::error!("the Shepherd: {error}");
                    let orders = std::mem::take(&mut self.orders);
                    self.failed.extend(orders.into_values().map(NativeEvent::StartFailed));
                }
            }
        }
        self.sent.retain_mut(|sent| !sent.is_over());
    }

    fn read_reports(&mut self) {
        let mut text = Vec::new();
        let mut buffer = [0u8; 1024];
        while let Ok(count @ 1..) = rustix::io::read(&self.fifo, &mut buffer) {
            text.extend(buffer.get(..count).unwrap_or_default());
        }
        // Lines are whole: the writers' are shorter than what a pipe takes at once.
        let text = String::from_utf8_lossy(&text);
        let numbers = text.lines().filter_map(|line| line.parse::<u64>().ok());
        for process in numbers.filter_map(|number| self.orders.remove(&number)) {
            self.failed.push(NativeEvent::StartFailed(process));
        }
    }
}

impl Manager for Shepherd {
    fn name(&self) -> &'static str {
        "shepherd"
    }

    fn start(&mut self, order: &Order<'_>) -> Result<Started, ManagerError> {
        if !order.is_main || !is_supervised(order.unit) {
            return direct::Direct.start(order);
        }
        // Somebody starts it by herd: then its wrapper asks already.
        if !order.is_asked {
            self.order(order);
        }
        Ok(Started::Ordered)
    }

    fn ended(&mut self, _: &UnitName) {}

    /// The Shepherd needs no telling: its service ends with the wrapper. Stopping it there would take along what requires it,
    /// which is for the engine to decide.
    fn state_changed(&mut self, unit: &UnitName, state: ActiveState) {
        if !self.services.contains_key(unit) {
            return;
        }
        if state.is_active_or_reloading() {
            self.up.insert(unit.clone());
        } else {
            self.up.remove(unit);
        }
    }

    fn native_events(&mut self) -> Vec<NativeEvent> {
        self.flush();
        self.read_reports();
        std::mem::take(&mut self.failed)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fifo.as_fd())
    }

    fn supervisor(&self) -> Option<i32> {
        self.instance.socket.peer()
    }

    fn finish(&mut self) {
        let expression = if self.instance.is_ours {
            in_session("(session-launcher-halt)")
        } else {
            in_session("(session-launcher-end)")
        };
        if let Err(error) = self.instance.socket.ask(&expression)
            && !self.instance.is_ours
        {
            tracing::warn!("the Shepherd: {error}");
        }
        let _ = fs::remove_file(&self.fifo_path);
    }
}
