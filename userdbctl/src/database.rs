//! Asks the userdb services.

mod error;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use userdb::client::{ClientError, Connection, Replies};
use userdb::interface::reply::RecordReply;
use userdb::interface::request::{add_filter, is_filter};
use userdb::interface::{self, GET_MEMBERSHIPS};
use userdb::record::{Key, Object, Record, RecordKind};
use userdb::varlink::service_error::INVALID_PARAMETER;
use userdb::{Filter, Host, Kind, Sections, id};

pub use error::LookupError;

/// The service that asks all others.
const MULTIPLEXER: &str = "io.systemd.Multiplexer";

/// How long one reply may take. The multiplexer has deadlines of its own, which are shorter.
const TIMEOUT: Duration = Duration::from_secs(45);

/// A record with what came over the wire.
#[derive(Debug)]
pub struct Found<K> {
    /// The view of it that holds on this host.
    pub record: Record<K>,
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

/// What somebody means who names a user or a group: a number is an id.
pub fn key_of_operand(text: &str) -> Result<Key<'_>, LookupError> {
    id::parse(text).map_or_else(|| key_of_name(text), |id| Ok(Key::Id(id)))
}

/// A name, where a number is none.
pub fn key_of_name(text: &str) -> Result<Key<'_>, LookupError> {
    Some(Key::Name(text)).filter(|key| key.is_possible()).ok_or(LookupError::InvalidName)
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

    /// The record with this key, from the first service that has it.
    ///
    /// # Errors
    /// None has it, it does not match, or no service answers.
    pub fn find<K: RecordKind>(&mut self, key: Key<'_>, filter: &Filter) -> Result<Found<K>, LookupError> {
        self.first(|database, service| {
            let found: Found<K> = load(database.lookup(service, K::KIND, key, filter)?, &database.host)?;
            if !found.record.has(key) {
                // A service can answer with what was not asked for.
                return Err(LookupError::OtherRecord { service: service.to_owned() });
            }
            if filter.matches_record(&found.record) { Ok(found) } else { Err(LookupError::NotMatching) }
        })
    }

    /// All records that match, one service after the other.
    ///
    /// # Errors
    /// A service does not answer.
    pub fn list<K: RecordKind>(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Found<K>) -> std::io::Result<()>,
    ) -> Result<(), LookupError> {
        let mut each = |reply| {
            let found = load(reply, &self.host)?;
            if filter.matches_record(&found.record) {
                each(found)?;
            }
            Ok(())
        };
        let method = K::KIND.method();
        for service in &self.services {
            let plain = Object::new();
            let mut filtered = Object::new();
            add_filter(&mut filtered, K::KIND, filter);
            match self.stream(service, method, &filtered, &mut each) {
                Err(LookupError::Refused(error)) if refuses_filter(K::KIND, &error) => {
                    self.stream(service, method, &plain, &mut each)?;
                }
                ended => ended?,
            }
        }
        Ok(())
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
        let mut parameters = Object::new();
        for (key, name) in [("userName", user), ("groupName", group)] {
            if let Some(name) = name {
                key_of_name(name)?;
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
    ) -> Result<Object, LookupError> {
        let plain = Object::from_iter([key.field(kind), ("service".to_owned(), service.into())]);
        let mut filtered = plain.clone();
        add_filter(&mut filtered, kind, filter);
        match self.call(service, kind.method(), filtered) {
            Err(error) if refuses_filter(kind, &error) => self.call(service, kind.method(), plain),
            answer => answer,
        }
        .map_err(LookupError::from)
    }

    fn call(&mut self, service: &str, method: &str, parameters: Object) -> Result<Object, ClientError> {
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

    /// Calls a method with `more`. That there is nothing is no error.
    fn stream(
        &self,
        service: &str,
        method: &str,
        parameters: &Object,
        each: &mut dyn FnMut(Object) -> Result<(), LookupError>,
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

/// True if the service refuses a condition, and not the key. Those from before systemd 258 know no conditions.
fn refuses_filter(kind: Kind, error: &ClientError) -> bool {
    let ClientError::Service { name, parameters } = error else { return false };
    let parameter = parameters.get("parameter").and_then(Value::as_str).unwrap_or_default();
    name == INVALID_PARAMETER && is_filter(kind, parameter)
}

fn load<K: RecordKind>(parameters: Object, host: &Host) -> Result<Found<K>, LookupError> {
    let RecordReply { record: json, incomplete } =
        RecordReply::from_parameters(parameters).ok_or(LookupError::NoRecordInReply)?;
    let record = Record::load(json.clone(), host, Sections::SERVICE)?.record;
    Ok(Found { record, json, incomplete })
}
