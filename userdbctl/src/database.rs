//! Asks the userdb services.

mod error;
mod parameters;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use userdb::client::{ClientError, Connection, Replies};
use userdb::interface::{self, GET_GROUP_RECORD, GET_MEMBERSHIPS, GET_USER_RECORD};
use userdb::record::Object;
use userdb::{Filter, GroupRecord, Host, Sections, UserRecord, id, name};

pub use error::LookupError;
use parameters::{Kind, with_filter};

/// The service that asks all others.
const MULTIPLEXER: &str = "io.systemd.Multiplexer";

/// How long one reply may take. The multiplexer has deadlines of its own, which are shorter.
const TIMEOUT: Duration = Duration::from_secs(45);

/// A record with what came over the wire.
#[derive(Debug)]
pub struct Found<R> {
    /// The view of it that holds on this host.
    pub record: R,
    /// As it was sent.
    pub json: Object,
    /// True if the service left out what the caller may not see.
    pub incomplete: bool,
}

/// Who is in which group.
#[derive(Debug, PartialEq, Eq)]
pub struct Membership {
    pub user: String,
    pub group: String,
}

/// What a record is looked up by.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    Id(u32),
    Name(&'a str),
}

impl<'a> Key<'a> {
    /// What somebody means who names a user or a group: a number is an id.
    pub fn of_operand(text: &'a str) -> Result<Self, LookupError> {
        match id::parse(text) {
            Some(id) => Ok(Self::Id(id)),
            None => Self::of_name(text),
        }
    }

    /// A name, where a number is none.
    pub fn of_name(text: &'a str) -> Result<Self, LookupError> {
        if name::is_valid_relaxed(text) { Ok(Self::Name(text)) } else { Err(LookupError::InvalidName) }
    }
}

/// The services that are asked.
#[derive(Debug)]
pub struct Database {
    directory: PathBuf,
    services: Vec<String>,
    host: Host,
    /// Open connections to services, for one lookup after the other.
    connections: HashMap<String, Connection>,
}

impl Database {
    /// The given services of a directory of sockets, or its multiplexer if none is given.
    pub fn new(directory: PathBuf, services: &[String]) -> Self {
        let services = if services.is_empty() { vec![MULTIPLEXER.to_owned()] } else { services.to_vec() };
        Self { directory, services, host: Host::read("/".as_ref()), connections: HashMap::new() }
    }

    /// The host that records are read on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The user of this name or uid, from the first service that has it.
    ///
    /// # Errors
    /// None has it, it does not match, or no service answers.
    pub fn user(&mut self, key: Key<'_>, filter: &Filter) -> Result<Found<UserRecord>, LookupError> {
        self.first(|database, service| {
            let found = load_user(database.lookup(service, Kind::User, key, filter)?, &database.host)?;
            let is_right = match key {
                Key::Id(uid) => found.record.uid() == Some(uid),
                Key::Name(name) => found.record.matches_name(name),
            };
            check(is_right, filter.matches_record(&found.record), service)?;
            Ok(found)
        })
    }

    /// The group of this name or gid, from the first service that has it.
    ///
    /// # Errors
    /// As [`Database::user`].
    pub fn group(&mut self, key: Key<'_>, filter: &Filter) -> Result<Found<GroupRecord>, LookupError> {
        self.first(|database, service| {
            let found = load_group(database.lookup(service, Kind::Group, key, filter)?, &database.host)?;
            let is_right = match key {
                Key::Id(gid) => found.record.gid() == Some(gid),
                Key::Name(name) => found.record.matches_name(name),
            };
            check(is_right, filter.matches_record(&found.record), service)?;
            Ok(found)
        })
    }

    /// All users that match, one service after the other.
    ///
    /// # Errors
    /// A service does not answer.
    pub fn users(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Found<UserRecord>) -> std::io::Result<()>,
    ) -> Result<(), LookupError> {
        self.list(Kind::User, filter, |reply| {
            let found = load_user(reply, &self.host)?;
            if filter.matches_record(&found.record) {
                each(found)?;
            }
            Ok(())
        })
    }

    /// All groups that match, one service after the other.
    ///
    /// # Errors
    /// A service does not answer.
    pub fn groups(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Found<GroupRecord>) -> std::io::Result<()>,
    ) -> Result<(), LookupError> {
        self.list(Kind::Group, filter, |reply| {
            let found = load_group(reply, &self.host)?;
            if filter.matches_record(&found.record) {
                each(found)?;
            }
            Ok(())
        })
    }

    /// All memberships of a user, of a group, or all there are, one service after the other.
    ///
    /// # Errors
    /// A name is not valid, or a service does not answer.
    pub fn memberships(
        &self,
        user: Option<&str>,
        group: Option<&str>,
        mut each: impl FnMut(Membership) -> std::io::Result<()>,
    ) -> Result<(), LookupError> {
        let mut parameters = Map::new();
        for (key, name) in [("userName", user), ("groupName", group)] {
            if let Some(name) = name {
                Key::of_name(name)?;
                parameters.insert(key.to_owned(), name.into());
            }
        }
        for service in &self.services {
            self.stream(service, GET_MEMBERSHIPS, &parameters, &mut |reply| {
                let text = |key: &str| reply.get(key).and_then(Value::as_str).map(str::to_owned);
                let (Some(user), Some(group)) = (text("userName"), text("groupName")) else {
                    return Err(LookupError::NotUnderstood { service: service.clone() });
                };
                Ok(each(Membership { user, group })?)
            })?;
        }
        Ok(())
    }

    /// Asks each service until one succeeds. If none does, the gravest error wins: a record that does not match is an
    /// answer, a service that cannot answer hides that others have none.
    fn first<T>(
        &mut self,
        mut ask: impl FnMut(&mut Self, &str) -> Result<T, LookupError>,
    ) -> Result<T, LookupError> {
        let mut worst = LookupError::NotFound;
        for service in self.services.clone() {
            match ask(self, &service) {
                Err(error @ LookupError::NotMatching) => return Err(error),
                Err(LookupError::NotFound) => {}
                Err(error) => worst = error,
                found => return found,
            }
        }
        Err(worst)
    }

    fn lookup(
        &mut self,
        service: &str,
        kind: Kind,
        key: Key<'_>,
        filter: &Filter,
    ) -> Result<Map<String, Value>, LookupError> {
        let mut parameters = kind.key(key);
        parameters.insert("service".to_owned(), service.into());
        let filtered = with_filter(&parameters, kind, filter);
        match self.call(service, kind.method(), filtered) {
            // A service from before systemd 258 does not know filters.
            Err(error) if kind.is_about_filter(&error) => self.call(service, kind.method(), parameters),
            answer => answer,
        }
        .map_err(LookupError::from)
    }

    fn call(
        &mut self,
        service: &str,
        method: &str,
        parameters: Map<String, Value>,
    ) -> Result<Map<String, Value>, ClientError> {
        let mut connection = match self.connections.remove(service) {
            Some(connection) => connection,
            None => self.connect(service)?,
        };
        let answer = connection.call(method, &Value::Object(parameters));
        // After anything but an answer the connection is of no more use.
        if answer.as_ref().err().is_none_or(|error| error.service_error().is_some()) {
            self.connections.insert(service.to_owned(), connection);
        }
        answer
    }

    fn connect(&self, service: &str) -> Result<Connection, ClientError> {
        Connection::open(&self.directory.join(service), TIMEOUT)
    }

    fn list(
        &self,
        kind: Kind,
        filter: &Filter,
        mut each: impl FnMut(Map<String, Value>) -> Result<(), LookupError>,
    ) -> Result<(), LookupError> {
        for service in &self.services {
            let plain = Map::new();
            let filtered = with_filter(&plain, kind, filter);
            match self.stream(service, kind.method(), &filtered, &mut each) {
                Err(LookupError::Refused(error)) if kind.is_about_filter(&error) => {
                    self.stream(service, kind.method(), &plain, &mut each)?;
                }
                ended => ended?,
            }
        }
        Ok(())
    }

    /// Calls a method with `more`. That there is nothing is no error.
    fn stream(
        &self,
        service: &str,
        method: &str,
        parameters: &Map<String, Value>,
        each: &mut dyn FnMut(Map<String, Value>) -> Result<(), LookupError>,
    ) -> Result<(), LookupError> {
        let mut parameters = parameters.clone();
        parameters.insert("service".to_owned(), service.into());
        let replies: Replies = self.connect(service)?.call_more(method, &Value::Object(parameters))?;
        for reply in replies {
            match reply {
                Err(error) if error.service_error() == Some(interface::error::NO_RECORD_FOUND) => break,
                reply => each(reply?)?,
            }
        }
        Ok(())
    }
}

/// A service can answer with what was not asked for.
fn check(is_right: bool, matches: bool, service: &str) -> Result<(), LookupError> {
    match (is_right, matches) {
        (false, _) => Err(LookupError::OtherRecord { service: service.to_owned() }),
        (true, false) => Err(LookupError::NotMatching),
        (true, true) => Ok(()),
    }
}

fn load_user(reply: Map<String, Value>, host: &Host) -> Result<Found<UserRecord>, LookupError> {
    let (json, incomplete) = take_record(reply)?;
    let record = UserRecord::load(json.clone(), host, Sections::SERVICE)?.record;
    Ok(Found { record, json, incomplete })
}

fn load_group(reply: Map<String, Value>, host: &Host) -> Result<Found<GroupRecord>, LookupError> {
    let (json, incomplete) = take_record(reply)?;
    let record = GroupRecord::load(json.clone(), host, Sections::SERVICE)?.record;
    Ok(Found { record, json, incomplete })
}

fn take_record(mut reply: Map<String, Value>) -> Result<(Object, bool), LookupError> {
    let incomplete = reply.get("incomplete").and_then(Value::as_bool).unwrap_or(false);
    match reply.shift_remove("record") {
        Some(Value::Object(json)) => Ok((json, incomplete)),
        _ => Err(LookupError::NoRecordInReply),
    }
}
