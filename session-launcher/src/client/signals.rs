//! Signals of the manager and of the bus.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::Pin;

use futures_core::Stream;
use zbus::message::Message;
use zbus::{Connection, MatchRule, MessageStream};

use super::manager::{INTERFACE, NAME, PATH};
use super::{ClientError, Manager, Result};

/// How many signals wait for a program that is busy. A session's start sends some hundred.
const QUEUE: Option<NonZeroUsize> = NonZeroUsize::new(4096);

/// Signals of one kind.
#[derive(Debug)]
pub struct Signals(MessageStream);

impl Signals {
    async fn of(connection: &Connection, rule: &str) -> Result<Self> {
        let rule = MatchRule::try_from(rule)?;
        Ok(Self(MessageStream::for_match_rule(rule, connection, QUEUE).await?))
    }

    async fn of_manager(manager: &Manager, path: &str, interface: &str, member: &str) -> Result<Self> {
        let rule =
            format!("type='signal',sender='{NAME}',path='{path}',interface='{interface}',member='{member}'");
        Self::of(manager.bus(), &rule).await
    }

    /// The next one; `None` when the bus is gone.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            match poll_fn(|context| Pin::new(&mut self.0).poll_next(context)).await? {
                Ok(message) => return Some(message),
                Err(_) if self.0.match_rule().is_some() => return None,
                Err(_) => {}
            }
        }
    }
}

/// The end of a job.
#[derive(Debug, Clone, serde::Deserialize, zbus::Type)]
pub struct JobRemoved {
    /// Its number.
    pub id: u32,
    /// Its object.
    pub job: zbus::OwnedObjectPath,
    /// The unit.
    pub unit: String,
    /// `done`, `failed`, `dependency`, `canceled`, `timeout`, `skipped`, …
    pub result: String,
}

impl JobRemoved {
    /// What a signal says; `None` if it is another one.
    pub fn of(message: &Message) -> Option<Self> {
        message.body().deserialize().ok()
    }

    /// Whether the job did what it was for.
    pub fn is_success(&self) -> bool {
        matches!(self.result.as_str(), "done" | "skipped")
    }
}

/// Ends of jobs, which the manager sends after [`Manager::subscribe`].
///
/// # Errors
/// The bus is gone.
pub async fn job_removed(manager: &Manager) -> Result<Signals> {
    Signals::of_manager(manager, PATH, INTERFACE, "JobRemoved").await
}

/// Changes of the properties of one object.
///
/// # Errors
/// The bus is gone.
pub async fn property_changes(manager: &Manager, path: &str) -> Result<Signals> {
    Signals::of_manager(manager, path, "org.freedesktop.DBus.Properties", "PropertiesChanged").await
}

/// Units that are forgotten.
///
/// # Errors
/// The bus is gone.
pub async fn unit_removed(manager: &Manager) -> Result<Signals> {
    Signals::of_manager(manager, PATH, INTERFACE, "UnitRemoved").await
}

/// Changes of the owner of a name.
///
/// # Errors
/// The bus is gone.
pub async fn owner_changes(connection: &Connection, name: &str) -> Result<Signals> {
    const BUS: &str = "org.freedesktop.DBus";
    let rule =
        format!("type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{name}'");
    Signals::of(connection, &rule).await
}

/// Whether the name has an owner after this change.
pub fn has_owner_now(message: &Message) -> bool {
    let body = message.body();
    body.deserialize::<(&str, &str, &str)>().is_ok_and(|(_, _, new)| !new.is_empty())
}

/// Waits until a unit is inactive or failed. Gives its state.
///
/// # Errors
/// The manager does not answer, or the session bus is gone.
pub async fn until_down(manager: &Manager, name: &str) -> Result<String> {
    let path = manager.load_unit(name).await?;
    let mut changes = property_changes(manager, &path).await?;
    let mut forgotten = unit_removed(manager).await?;
    loop {
        let state = manager.active_state(name).await?;
        if matches!(state.as_str(), "inactive" | "failed") {
            return Ok(state);
        }
        let next = tokio::select! {
            change = changes.next() => change,
            unit = forgotten.next() => unit,
        };
        if next.is_none() {
            return Err(ClientError::Connection("the session bus is gone".to_owned()));
        }
    }
}
