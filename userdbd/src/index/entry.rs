//! One record as it is served: its replies written out beforehand, and what it is found by.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use userdb::Disposition;
use userdb::filter::Candidate;
use userdb::record::strip::Public;
use userdb::record::{Record, RecordKind};

/// A user or group record, ready to be sent.
#[derive(Debug)]
pub struct Entry {
    /// The name. Shared with the memberships.
    pub name: Arc<str>,
    /// Other names that it is found by: aliases, and all of them with the realm.
    pub other_names: Box<[Box<str>]>,
    /// The uid or gid.
    pub id: Option<u32>,
    /// Parameters of the reply with all that there is.
    full: Box<[u8]>,
    /// Parameters of the reply for those who may not see `privileged`; none when there is no difference.
    public: Option<Box<[u8]>>,
    /// What fuzzy names are compared with, one on each line.
    search: Box<str>,
    disposition: Option<Disposition>,
    uuid: Option<Box<u128>>,
}

impl Entry {
    /// `incomplete` says that the source could not read all of the record.
    pub fn of<K: RecordKind>(record: &Record<K>, incomplete: bool) -> Self {
        Self {
            name: record.name().into(),
            other_names: other_names(record.all_names()),
            id: record.id(),
            full: reply(record.json(), incomplete),
            public: record.has_privileged().then(|| reply(&Public(record.json()), true)),
            search: userdb::filter::texts(record).into(),
            disposition: record.disposition(),
            uuid: record.uuid().map(Box::new),
        }
    }

    /// The parameters of a reply, as JSON.
    pub fn reply(&self, trusted: bool) -> &[u8] {
        match &self.public {
            Some(public) if !trusted => public,
            _ => &self.full,
        }
    }

    /// What a filter judges.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            id: self.id,
            texts: &self.search,
            disposition: self.disposition,
            uuid: self.uuid.as_deref().copied(),
        }
    }
}

fn other_names(all: Vec<std::borrow::Cow<'_, str>>) -> Box<[Box<str>]> {
    // The first is the name itself.
    all.into_iter().skip(1).map(Box::from).collect()
}

fn reply(record: &impl Serialize, incomplete: bool) -> Box<[u8]> {
    #[derive(Serialize)]
    struct Parameters<'a, R> {
        record: &'a R,
        incomplete: bool,
    }
    let mut json = Vec::new();
    userdb::varlink::reply::value(&mut json, &Parameters { record, incomplete });
    json.into()
}

/// The parameters of a reply for a record that was not loaded beforehand.
pub fn reply_parameters(record: &Map<String, Value>, trusted: bool, incomplete: bool) -> Box<[u8]> {
    if trusted {
        reply(record, incomplete)
    } else {
        reply(&Public(record), incomplete || record.contains_key("privileged"))
    }
}
