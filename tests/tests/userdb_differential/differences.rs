//! Where ours answers otherwise on purpose: the reasons, and how systemd's answer becomes ours.

use serde_json::{Value, json};
use usher_tests::userdb::client::Outcome;
use usher_tests::userdb::daemon::MACHINE_ID;

/// Drop-in records say that they are.
pub const LABEL: &str =
    "drop-in records without a service are labelled io.systemd.DropIn, not NameServiceSwitch";

pub fn label(outcome: &mut Outcome) {
    for reply in &mut outcome.replies {
        let Some(record) = reply.pointer_mut("/parameters/record") else { continue };
        if let Some(service) = record.pointer_mut(&format!("/status/{MACHINE_ID}/service")) {
            *service = json!("io.systemd.DropIn");
        }
    }
}

/// The specification wants `more` for a list; systemd 262 silently gives the first.
pub const EXPECTED_MORE: &str =
    "a list asked for without `more` is refused, as the specification and systemd 257 do";

pub fn expected_more(outcome: &mut Outcome) {
    outcome.replies = vec![json!({"error": "org.varlink.service.ExpectedMore"})];
}

pub const NO_UID: &str = "a record without uid is returned to whoever asks for it by name";

/// A missing optional name is as good as none.
pub const NULL_NAME: &str = "a name of null is unset, as the interface says ?string and as uid:null is";

/// Replaces everything by one reply.
pub fn error(outcome: &mut Outcome, error: &str, parameters: Value) {
    let mut reply = json!({"error": error});
    if parameters != json!({}) {
        reply["parameters"] = parameters;
    }
    outcome.replies = vec![reply];
    outcome.closed = false;
}

pub fn no_record(outcome: &mut Outcome) {
    error(outcome, "io.systemd.UserDatabase.NoRecordFound", json!({}));
}
