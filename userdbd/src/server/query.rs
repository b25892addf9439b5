//! Asking backends for records: what they are sent, and what of their answers can be believed.

use std::rc::Rc;

use serde_json::{Map, Value, json};
use userdb::interface::request::RecordRequest;
use userdb::interface::{GET_GROUP_RECORD, GET_USER_RECORD};
use userdb::varlink::service_error::INVALID_PARAMETER;
use userdb::{Filter, GroupRecord, Host, Sections, UserRecord};

use crate::index::entry::reply_parameters;
use crate::index::{Index, Kind};
use crate::source::backend::{Answer, Backend};

/// The filters that services written for older versions of the interface do not know.
const FILTERS: [&str; 7] = ["fuzzyNames", "dispositionMask", "uidMin", "uidMax", "gidMin", "gidMax", "uuid"];

/// A record from a backend, judged.
#[derive(Debug)]
pub struct ForeignRecord {
    /// The name.
    pub name: String,
    /// The uid or gid.
    pub id: Option<u32>,
    json: Map<String, Value>,
    incomplete: bool,
    matches: bool,
}

impl ForeignRecord {
    /// Whether it meets the other conditions of the request.
    pub fn matches(&self) -> bool {
        self.matches
    }

    /// The parameters of a reply, as JSON.
    pub fn reply(&self, kind: Kind, peer: u32) -> Box<[u8]> {
        reply_parameters(&self.json, is_trusted(kind, peer, self.id), self.incomplete)
    }
}

/// Whether a peer may see `privileged`: root, and a user its own.
pub fn is_trusted(kind: Kind, peer: u32, id: Option<u32>) -> bool {
    peer == 0 || (kind == Kind::User && id == Some(peer))
}

/// The method that asks for records of a kind.
pub fn method(kind: Kind) -> &'static str {
    match kind {
        Kind::User => GET_USER_RECORD,
        Kind::Group => GET_GROUP_RECORD,
    }
}

/// What a backend is sent. With both a name and an id it is asked for the name, and the id is compared here.
pub fn parameters(kind: Kind, request: &RecordRequest, backend: &Backend) -> Value {
    let (name_field, id_field, min_field, max_field) = match kind {
        Kind::User => ("userName", "uid", "uidMin", "uidMax"),
        Kind::Group => ("groupName", "gid", "gidMin", "gidMax"),
    };
    let mut parameters = Map::new();
    let mut set = |field: &str, value: Value| parameters.insert(field.into(), value);
    match (&request.name, request.id) {
        (Some(name), _) => drop(set(name_field, json!(name))),
        (None, Some(id)) => drop(set(id_field, json!(id))),
        (None, None) => {}
    }
    let filter = &request.filter;
    // A keyed answer is filtered here, so that "there is one, but it does not match" is known.
    if request.is_enumeration() && !backend.refuses_filters() {
        let unset = Filter::default();
        if !filter.fuzzy_names.is_empty() {
            set("fuzzyNames", json!(filter.fuzzy_names));
        }
        if let Some(mask) = filter.disposition_mask {
            set("dispositionMask", mask.iter().map(userdb::Disposition::as_str).collect());
        }
        if filter.id_min != unset.id_min {
            set(min_field, json!(filter.id_min));
        }
        if filter.id_max != unset.id_max {
            set(max_field, json!(filter.id_max));
        }
        if let Some(uuid) = filter.uuid {
            set("uuid", json!(format!("{uuid:032x}")));
        }
    }
    set("service", json!(backend.name()));
    Value::Object(parameters)
}

/// Whether an answer says that the backend does not know the filters. It is remembered, and worth asking again without.
pub fn is_refusal_of_filters(answer: &Answer, backend: &Rc<Backend>) -> bool {
    let Answer::Error { name, parameter: Some(parameter) } = answer else { return false };
    let refused =
        name == INVALID_PARAMETER && FILTERS.contains(&parameter.as_str()) && !backend.refuses_filters();
    if refused {
        backend.set_refuses_filters();
    }
    refused
}

/// Judges the parameters of a backend's reply. None when they hold no record that can be believed: it must be valid, be the
/// one that was asked for, and take neither the name nor the id of anybody who is known on this host.
pub fn judge(
    kind: Kind,
    mut parameters: Map<String, Value>,
    request: &RecordRequest,
    index: &Index,
    backend: &Backend,
) -> Option<ForeignRecord> {
    let incomplete = parameters.get("incomplete").and_then(Value::as_bool).unwrap_or(false);
    let Some(Value::Object(json)) = parameters.remove("record") else {
        tracing::warn!("{}: a reply without a record", backend.name());
        return None;
    };
    let judged = match kind {
        Kind::User => judge_user(json, incomplete, request, &index.host, backend),
        Kind::Group => judge_group(json, incomplete, request, &index.host, backend),
    };
    let record = match judged {
        Ok(record) => record?,
        Err(error) => {
            tracing::warn!("{}: {error}", backend.name());
            return None;
        }
    };
    if let Some(what) = index.refuses(kind, &record.name, record.id, backend.name()) {
        if !request.is_enumeration() {
            tracing::warn!(
                "{}: {:?} has the {what} of a local account; ignored",
                backend.name(),
                record.name
            );
        }
        return None;
    }
    Some(record)
}

fn judge_user(
    json: Map<String, Value>,
    incomplete: bool,
    request: &RecordRequest,
    host: &Host,
    backend: &Backend,
) -> Result<Option<ForeignRecord>, userdb::RecordError> {
    let mut record = if backend.asks_modules() {
        // Made by a process of ours, by the rules for account files.
        UserRecord::from_own(json)
    } else {
        UserRecord::load(json, host, Sections::SERVICE)?.record
    };
    if !is_asked_for(request, |name| record.matches_name(name), record.uid()) {
        return Ok(None);
    }
    record.set_service_label(backend.name(), host);
    let matches = request.filter.is_unset() || request.filter.matches_record(&record);
    Ok(Some(ForeignRecord {
        name: record.name().to_owned(),
        id: record.uid(),
        json: record.into_json(),
        incomplete,
        matches,
    }))
}

fn judge_group(
    json: Map<String, Value>,
    incomplete: bool,
    request: &RecordRequest,
    host: &Host,
    backend: &Backend,
) -> Result<Option<ForeignRecord>, userdb::RecordError> {
    let mut record = if backend.asks_modules() {
        // Made by a process of ours, by the rules for account files.
        GroupRecord::from_own(json)
    } else {
        GroupRecord::load(json, host, Sections::SERVICE)?.record
    };
    if !is_asked_for(request, |name| record.matches_name(name), record.gid()) {
        return Ok(None);
    }
    record.set_service_label(backend.name(), host);
    let matches = request.filter.is_unset() || request.filter.matches_record(&record);
    Ok(Some(ForeignRecord {
        name: record.name().to_owned(),
        id: record.gid(),
        json: record.into_json(),
        incomplete,
        matches,
    }))
}

/// With both a name and an id the name decides; the id is compared later, since a difference is an answer of its own.
fn is_asked_for(request: &RecordRequest, has_name: impl Fn(&str) -> bool, id: Option<u32>) -> bool {
    match (&request.name, request.id) {
        (Some(name), _) => has_name(name),
        (None, Some(wanted)) => id == Some(wanted),
        (None, None) => true,
    }
}
