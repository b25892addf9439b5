//! Records out of the daemon's replies.

use std::path::Path;

use serde_json::{Map, Value};
use userdb::{GroupRecord, Host, Sections, UserRecord};

/// The service that speaks for /etc/passwd and its kin.
const ACCOUNT_FILES: &str = "io.systemd.NameServiceSwitch";

/// A record as the daemon gave it.
#[derive(Debug)]
pub struct Answered<R> {
    /// The record.
    pub record: R,
    /// There is more in it that this process may not see.
    pub incomplete: bool,
}

impl Answered<UserRecord> {
    /// The user in a reply's parameters. None if there is none that is valid.
    pub fn user(parameters: Map<String, Value>) -> Option<Self> {
        let (json, incomplete) = take_record(parameters)?;
        let host = host_for(&json);
        let record = UserRecord::load(json, &host, Sections::SERVICE).ok()?.record;
        Some(Self { record, incomplete })
    }
}

impl Answered<GroupRecord> {
    /// The group in a reply's parameters. None if there is none that is valid.
    pub fn group(parameters: Map<String, Value>) -> Option<Self> {
        let (json, incomplete) = take_record(parameters)?;
        let host = host_for(&json);
        let record = GroupRecord::load(json, &host, Sections::SERVICE).ok()?.record;
        Some(Self { record, incomplete })
    }
}

fn take_record(mut parameters: Map<String, Value>) -> Option<(Map<String, Value>, bool)> {
    let incomplete = parameters.get("incomplete").and_then(Value::as_bool).unwrap_or(false);
    match parameters.remove("record")? {
        Value::Object(record) => Some((record, incomplete)),
        _ => None,
    }
}

/// The host, if the record says anything that depends on it. Most do not, and then two files need not be read.
fn host_for(record: &Map<String, Value>) -> Host {
    let is_label_only = |machines: &Value| {
        machines.as_object().is_some_and(|machines| {
            machines.values().all(|machine| {
                machine.as_object().is_some_and(|fields| fields.keys().all(|field| field == "service"))
            })
        })
    };
    let depends = record.contains_key("perMachine")
        || record.contains_key("binding")
        || record.get("status").is_some_and(|status| !is_label_only(status));
    if depends { Host::read(Path::new("/")) } else { Host::default() }
}

/// Whether the record is from /etc/passwd, /etc/group or their kin, which the C library reads by itself.
pub fn is_from_account_files(record: &Map<String, Value>) -> bool {
    let label = record.get("service").or_else(|| {
        let machines = record.get("status")?.as_object()?;
        machines.values().find_map(|machine| machine.get("service"))
    });
    label.and_then(Value::as_str) == Some(ACCOUNT_FILES)
}
