//! Calls to `org.freedesktop.systemd1.Manager` (org.freedesktop.systemd1(5)) and to its units.

use serde::de::DeserializeOwned;
use zbus::Connection;
use zbus::message::Message;
use zbus::{DynamicType, OwnedObjectPath, OwnedVariant, Type};

use super::properties::Properties;
use super::{Result, bus};

/// The manager's name on the bus.
pub const NAME: &str = "org.freedesktop.systemd1";
/// Its object.
pub const PATH: &str = "/org/freedesktop/systemd1";
/// Its interface.
pub const INTERFACE: &str = "org.freedesktop.systemd1.Manager";
/// The interface that all units have.
pub const UNIT_INTERFACE: &str = "org.freedesktop.systemd1.Unit";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The manager, seen through a connection.
#[derive(Debug, Clone)]
pub struct Manager {
    connection: Connection,
}

/// One line of `ListUnits`.
#[derive(Debug, Clone, serde::Deserialize, Type)]
pub struct ListedUnit {
    /// Its primary name.
    pub name: String,
    /// `Description=`.
    pub description: String,
    /// `loaded`, `not-found`, `masked`, …
    pub load: String,
    /// `active`, `inactive`, `failed`, …
    pub active: String,
    /// The state in the words of its kind: `running`, `listening`, …
    pub sub: String,
    /// The unit that it follows, or an empty text.
    pub following: String,
    /// Its object.
    pub path: OwnedObjectPath,
    /// Its job, or 0.
    pub job_id: u32,
    /// The kind of its job: `start`, `stop`, …
    pub job_type: String,
    /// The object of its job.
    pub job_path: OwnedObjectPath,
}

/// One line of `ListJobs`.
#[derive(Debug, Clone, serde::Deserialize, Type)]
pub struct ListedJob {
    /// Its number.
    pub id: u32,
    /// The unit.
    pub unit: String,
    /// `start`, `stop`, …
    pub kind: String,
    /// `waiting` or `running`.
    pub state: String,
    /// Its object.
    pub path: OwnedObjectPath,
    /// The object of its unit.
    pub unit_path: OwnedObjectPath,
}

/// One process of `GetUnitProcesses`.
#[derive(Debug, Clone, serde::Deserialize, Type)]
pub struct UnitProcess {
    /// Its control group, below the unit's own.
    pub cgroup: String,
    /// Its number.
    pub pid: u32,
    /// Its command line.
    pub command: String,
}

impl Manager {
    /// Connects to the session bus. The manager itself is started by the bus with the first call, if it can.
    ///
    /// # Errors
    /// There is no session bus.
    pub async fn connect() -> Result<Self> {
        Ok(Self::on(bus::connect().await?))
    }

    /// The manager on a bus.
    pub fn on(connection: Connection) -> Self {
        Self { connection }
    }

    /// The bus.
    pub fn bus(&self) -> &Connection {
        &self.connection
    }

    /// Calls any method of the manager.
    ///
    /// # Errors
    /// The manager refuses.
    pub async fn call<B>(&self, member: &str, body: &B) -> Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        Ok(self.connection.call_method(Some(NAME), PATH, Some(INTERFACE), member, body).await?)
    }

    async fn ask<B, R>(&self, member: &str, body: &B) -> Result<R>
    where
        B: serde::Serialize + DynamicType,
        R: DeserializeOwned + Type,
    {
        Ok(self.call(member, body).await?.body().deserialize()?)
    }

    /// Queues a job: `method` is `StartUnit`, `StopUnit`, `ReloadUnit`, `RestartUnit`, `TryRestartUnit`,
    /// `ReloadOrRestartUnit` or `ReloadOrTryRestartUnit`. Gives the job, which may be over by now.
    ///
    /// # Errors
    /// The manager refuses.
    pub async fn queue_job(&self, method: &str, unit: &str, mode: &str) -> Result<OwnedObjectPath> {
        self.ask(method, &(unit, mode)).await
    }

    /// The object of a unit that is loaded.
    ///
    /// # Errors
    /// `NoSuchUnit`: it is not loaded.
    pub async fn get_unit(&self, unit: &str) -> Result<OwnedObjectPath> {
        self.ask("GetUnit", &unit).await
    }

    /// The object of a unit, which is loaded if need be. That a file is missing is told by `LoadState`.
    ///
    /// # Errors
    /// It is no name.
    pub async fn load_unit(&self, unit: &str) -> Result<OwnedObjectPath> {
        self.ask("LoadUnit", &unit).await
    }

    /// The object of the unit that a process belongs to.
    ///
    /// # Errors
    /// It belongs to none.
    pub async fn unit_of_process(&self, pid: u32) -> Result<OwnedObjectPath> {
        self.ask("GetUnitByPID", &pid).await
    }

    /// Units in memory, of these states and with names that match these patterns; empty lists match all.
    ///
    /// # Errors
    /// The manager refuses.
    pub async fn list_units(&self, states: &[&str], patterns: &[&str]) -> Result<Vec<ListedUnit>> {
        if states.is_empty() && patterns.is_empty() {
            return self.ask("ListUnits", &()).await;
        }
        match self.ask("ListUnitsByPatterns", &(states, patterns)).await {
            Err(error) if error.is("UnknownMethod") => self.ask("ListUnits", &()).await,
            result => result,
        }
    }

    /// All jobs.
    ///
    /// # Errors
    /// The manager refuses.
    pub async fn list_jobs(&self) -> Result<Vec<ListedJob>> {
        self.ask("ListJobs", &()).await
    }

    /// The processes of a unit.
    ///
    /// # Errors
    /// The manager refuses, or has no such method.
    pub async fn processes(&self, unit: &str) -> Result<Vec<UnitProcess>> {
        self.ask("GetUnitProcesses", &unit).await
    }

    /// One property of an object.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn property(&self, path: &str, interface: &str, name: &str) -> Result<OwnedVariant> {
        let body = &(interface, name);
        let reply = self.connection.call_method(Some(NAME), path, Some(PROPERTIES), "Get", body).await?;
        Ok(reply.body().deserialize()?)
    }

    /// A property of the manager.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn own_property(&self, name: &str) -> Result<OwnedVariant> {
        self.property(PATH, INTERFACE, name).await
    }

    /// A property of a unit that is text.
    ///
    /// # Errors
    /// There is none of that name, or it is no text.
    pub async fn unit_text(&self, path: &str, name: &str) -> Result<String> {
        Ok(String::try_from(self.property(path, UNIT_INTERFACE, name).await?)?)
    }

    /// `ActiveState` of a unit by name; `inactive` when it is not loaded.
    ///
    /// # Errors
    /// The manager does not answer.
    pub async fn active_state(&self, unit: &str) -> Result<String> {
        match self.get_unit(unit).await {
            Ok(path) => self.unit_text(&path, "ActiveState").await,
            Err(error) if error.is("NoSuchUnit") => Ok("inactive".to_owned()),
            Err(error) => Err(error),
        }
    }

    /// All properties of an object, in the order of the answer. `interface` may be empty: those of all interfaces.
    ///
    /// # Errors
    /// There is no such object or interface.
    pub async fn properties(&self, path: &str, interface: &str) -> Result<Properties> {
        let reply =
            self.connection.call_method(Some(NAME), path, Some(PROPERTIES), "GetAll", &interface).await?;
        Ok(reply.body().deserialize()?)
    }

    /// The manager's environment for services, as `NAME=value`.
    ///
    /// # Errors
    /// The manager does not answer.
    pub async fn environment(&self) -> Result<Vec<String>> {
        Ok(Vec::try_from(self.own_property("Environment").await?)?)
    }

    /// Lets the manager send signals.
    ///
    /// # Errors
    /// The manager refuses.
    pub async fn subscribe(&self) -> Result<()> {
        match self.call("Subscribe", &()).await {
            // Of this connection: it has been done before.
            Err(error) if error.is("AlreadySubscribed") => Ok(()),
            result => result.map(drop),
        }
    }
}
