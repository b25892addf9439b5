//! Records out of the daemon's replies.

use std::path::Path;

use serde_json::Value;
use userdb::interface::reply::RecordReply;
use userdb::record::{Object, Record, RecordKind};
use userdb::{Host, Sections};

/// The service that speaks for /etc/passwd and its kin.
const ACCOUNT_FILES: &str = "io.systemd.NameServiceSwitch";

/// A record as the daemon gave it.
#[derive(Debug)]
pub struct Answered<K> {
    /// The record.
    pub record: Record<K>,
    /// There is more in it that this process may not see.
    pub incomplete: bool,
}

impl<K: RecordKind> Answered<K> {
    /// The record in a reply's parameters. None if there is none that is valid.
    pub fn from_parameters(parameters: Object) -> Option<Self> {
        let RecordReply { record, incomplete } = RecordReply::from_parameters(parameters)?;
        let host = host_for(&record);
        let record = Record::load(record, &host, Sections::SERVICE).ok()?.record;
        Some(Self { record, incomplete })
    }
}

/// The host, if the record says anything that depends on it. Most do not, and then two files need not be read.
fn host_for(record: &Object) -> Host {
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
pub fn is_from_account_files(record: &Object) -> bool {
    let label = record.get("service").or_else(|| {
        let machines = record.get("status")?.as_object()?;
        machines.values().find_map(|machine| machine.get("service"))
    });
    label.and_then(Value::as_str) == Some(ACCOUNT_FILES)
}
