//! Asking backends for records: what they are sent, and what of their answers can be believed.

use std::rc::Rc;

use serde_json::Value;
use userdb::interface::reply::RecordReply;
use userdb::interface::request::{RecordRequest, add_filter, is_filter};
use userdb::record::{Group, Object, Record, RecordKind, User};
use userdb::varlink::service_error::INVALID_PARAMETER;
use userdb::{Host, RecordError, Sections};

use crate::index::entry::reply_parameters;
use crate::index::{Index, Kind};
use crate::source::backend::{Answer, Backend};

/// A record from a backend, judged.
#[derive(Debug)]
pub struct ForeignRecord {
    /// The name.
    pub name: String,
    /// The uid or gid.
    pub id: Option<u32>,
    json: Object,
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

/// What a backend is sent. With both a name and an id it is asked for the name, and the id is compared here.
pub fn parameters(kind: Kind, request: &RecordRequest, backend: &Backend) -> Value {
    let mut parameters: Object = request.key().map(|key| key.field(kind)).into_iter().collect();
    // A keyed answer is filtered here, so that "there is one, but it does not match" is known.
    if request.is_enumeration() && !backend.refuses_filters() {
        add_filter(&mut parameters, kind, &request.filter);
    }
    parameters.insert("service".to_owned(), backend.name().into());
    Value::Object(parameters)
}

/// Whether an answer says that the backend does not know the filters. It is remembered, and worth asking again without.
pub fn is_refusal_of_filters(kind: Kind, answer: &Answer, backend: &Rc<Backend>) -> bool {
    let Answer::Error { name, parameter: Some(parameter) } = answer else { return false };
    let refused = name == INVALID_PARAMETER && is_filter(kind, parameter) && !backend.refuses_filters();
    if refused {
        backend.set_refuses_filters();
    }
    refused
}

/// Judges the parameters of a backend's reply. None when they hold no record that can be believed: it must be valid, be the
/// one that was asked for, and take neither the name nor the id of anybody who is known on this host.
pub fn judge(
    kind: Kind,
    parameters: Object,
    request: &RecordRequest,
    index: &Index,
    backend: &Backend,
) -> Option<ForeignRecord> {
    let Some(reply) = RecordReply::from_parameters(parameters) else {
        tracing::warn!("{}: a reply without a record", backend.name());
        return None;
    };
    let judged = match kind {
        Kind::User => judge_record::<User>(reply, request, &index.host, backend),
        Kind::Group => judge_record::<Group>(reply, request, &index.host, backend),
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

fn judge_record<K: RecordKind>(
    RecordReply { record, incomplete }: RecordReply,
    request: &RecordRequest,
    host: &Host,
    backend: &Backend,
) -> Result<Option<ForeignRecord>, RecordError> {
    let mut record: Record<K> = if backend.asks_modules() {
        // Made by a process of ours, by the rules for account files.
        Record::from_own(record)
    } else {
        Record::load(record, host, Sections::SERVICE)?.record
    };
    if request.key().is_some_and(|key| !record.has(key)) {
        return Ok(None);
    }
    record.set_service_label(backend.name(), host);
    let matches = request.filter.is_unset() || request.filter.matches_record(&record);
    Ok(Some(ForeignRecord {
        name: record.name().to_owned(),
        id: record.id(),
        json: record.into_json(),
        incomplete,
        matches,
    }))
}
