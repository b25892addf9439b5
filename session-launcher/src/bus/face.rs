//! Takes messages and reports, and sends what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use zbus::message::Type;
use zbus::{Connection, Message};

use super::activation::{self, Activation};
use super::client::Clients;
use super::saved::SavedFace;
use super::{dispatch, signal};
use crate::daemon::DaemonError;
use crate::daemon::clock::Stamp;
use crate::daemon::driver::Driver;
use crate::job::{Action, ActiveState, JobId, UnitResult};
use crate::unit::spec::UnitName;

const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// RequestName: fail if the name is taken, do not wait for it.
const DO_NOT_QUEUE: u32 = 4;
/// RequestName's answers that mean that the name is ours.
const PRIMARY_OWNER: u32 = 1;
const ALREADY_OWNER: u32 = 4;

/// What has to reach us beside calls.
const MATCHES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.systemd1.Activator',member='ActivationRequest'",
];

/// `org.freedesktop.systemd1` on one connection.
#[derive(Debug)]
pub struct Face {
    connection: Connection,
    is_closed: bool,
    state: State,
}

/// What the face keeps between two calls.
#[derive(Debug)]
pub struct State {
    /// Who calls.
    pub clients: Clients,
    /// Who has asked for a job that is still queued.
    pub job_clients: BTreeMap<JobId, BTreeSet<String>>,
    /// Jobs by which the bus wants a service started, with the name that it gave.
    pub activations: BTreeMap<JobId, Activation>,
    /// Jobs whose `JobNew` has gone out.
    pub announced: BTreeSet<JobId>,
    /// Messages to be sent, in order.
    pub outbox: Vec<Message>,
    /// What has been reported and not been told yet.
    pub backlog: Vec<Action>,
    /// Units whose properties have changed since they were told, and the state that was reported last.
    pub dirty: BTreeMap<UnitName, Option<ReportedState>>,
    /// When the manager began.
    pub started: Stamp,
    /// When its first jobs were done.
    pub finished: Option<Stamp>,
    /// `NFailedUnits` as it was told.
    pub failed_units: u32,
    /// How many jobs have been queued, and how many of them have failed.
    pub installed_jobs: u32,
    /// Jobs that have ended other than well.
    pub failed_jobs: u32,
    /// `ReloadCount`.
    pub reloads: u64,
    /// `ExitCode`, which `SetExitCode` sets.
    pub exit_code: u8,
}

/// A unit's state as the engine has reported it: the unit may have gone on since, or be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedState {
    /// `ActiveState`.
    pub active: ActiveState,
    /// `SubState`.
    pub sub: &'static str,
    /// `Result`.
    pub result: UnitResult,
}

impl Default for State {
    fn default() -> Self {
        Self {
            clients: Clients::default(),
            job_clients: BTreeMap::new(),
            activations: BTreeMap::new(),
            announced: BTreeSet::new(),
            outbox: Vec::new(),
            backlog: Vec::new(),
            dirty: BTreeMap::new(),
            started: Stamp::now(),
            finished: None,
            failed_units: 0,
            installed_jobs: 0,
            failed_jobs: 0,
            reloads: 0,
            exit_code: 0,
        }
    }
}

impl Face {
    /// Takes the name. Calls may arrive from then on: whoever feeds [`Face::handle`] listens already.
    ///
    /// # Errors
    /// The bus does not answer, or the name has an owner.
    pub async fn new(connection: Connection) -> Result<Self, DaemonError> {
        for rule in MATCHES {
            connection.call_method(Some(BUS), BUS_PATH, Some(BUS), "AddMatch", &rule).await?;
        }
        let arguments = (super::NAME, DO_NOT_QUEUE);
        let reply = connection.call_method(Some(BUS), BUS_PATH, Some(BUS), "RequestName", &arguments).await?;
        match reply.body().deserialize::<u32>()? {
            PRIMARY_OWNER | ALREADY_OWNER => {
                Ok(Self { connection, is_closed: false, state: State::default() })
            }
            _ => Err(DaemonError::NameTaken),
        }
    }

    /// Takes one message, of whatever kind: calls, signals of the bus, and its answers to questions asked here. It never
    /// waits for another message, so that the connection's queue cannot fill up meanwhile.
    pub async fn handle(&mut self, driver: &mut Driver, message: &Message) {
        self.state.take(driver, message);
        self.flush().await;
    }

    /// Goes on where an earlier engine was killed, with those of its clients that are among `present`, the names on the bus.
    pub fn resume(&mut self, driver: &mut Driver, saved: SavedFace, present: &BTreeSet<String>) {
        self.state = saved.restore();
        let known = self.state.clients.names().chain(self.state.job_clients.values().flatten());
        let gone: BTreeSet<String> = known.filter(|name| !present.contains(*name)).cloned().collect();
        for name in gone {
            self.state.client_left(driver, &name);
        }
    }

    /// What has to outlive this engine.
    pub fn saved(&self) -> SavedFace {
        SavedFace::of(&self.state)
    }

    /// Whether anything has come about, since the last call, that the next engine has to know.
    pub fn take_changed(&mut self) -> bool {
        self.state.clients.take_changed()
    }

    /// Tells what has changed since the last call.
    pub async fn publish(&mut self, driver: &mut Driver) {
        signal::publish(&mut self.state, driver);
        self.flush().await;
    }

    /// The bus is gone: nothing is told any more.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    async fn flush(&mut self) {
        let outbox = std::mem::take(&mut self.state.outbox);
        if self.is_closed {
            return;
        }
        if let Err(error) = self.connection.send_all(&outbox).await {
            tracing::warn!("session bus: {error}");
        }
    }
}

impl State {
    /// Takes one message; what it comes to is in the outbox.
    pub fn take(&mut self, driver: &mut Driver, message: &Message) {
        match message.message_type() {
            Type::MethodCall => dispatch::take_call(self, driver, message),
            Type::MethodReturn | Type::Error => dispatch::take_answer(self, driver, message),
            Type::Signal => self.take_signal(driver, message),
        }
    }

    fn take_signal(&mut self, driver: &mut Driver, message: &Message) {
        let header = message.header();
        if header.sender().is_none_or(|sender| sender.as_str() != BUS) {
            return;
        }
        match header.member().map(|member| member.as_str().to_owned()).as_deref() {
            Some("NameOwnerChanged") => {
                let Ok((name, _, new)) = message.body().deserialize::<(String, String, String)>() else {
                    return;
                };
                if new.is_empty() {
                    self.client_left(driver, &name);
                }
            }
            Some("ActivationRequest") => {
                let Ok(unit) = message.body().deserialize::<String>() else { return };
                activation::take(self, driver, &unit);
            }
            _ => {}
        }
    }

    /// Lets go of all that a client held.
    fn client_left(&mut self, driver: &mut Driver, name: &str) {
        for clients in self.job_clients.values_mut() {
            clients.remove(name);
        }
        let Some(client) = self.clients.remove(name) else { return };
        for unit in client.references.keys() {
            if !self.clients.any_reference(unit) {
                driver.pin(unit, false);
            }
        }
    }
}
