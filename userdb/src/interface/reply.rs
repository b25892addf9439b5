//! The replies of `GetUserRecord` and `GetGroupRecord`.

use serde_json::Value;

use crate::record::Object;

/// One record as a service gives it, not judged yet.
#[derive(Debug)]
pub struct RecordReply {
    /// The record.
    pub record: Object,
    /// There is more in it, which the caller may not see or the service could not read.
    pub incomplete: bool,
}

impl RecordReply {
    /// Takes the parameters of a reply apart. None if they hold no record.
    pub fn from_parameters(mut parameters: Object) -> Option<Self> {
        let incomplete = parameters.get("incomplete").and_then(Value::as_bool).unwrap_or(false);
        match parameters.remove("record") {
            Some(Value::Object(record)) => Some(Self { record, incomplete }),
            _ => None,
        }
    }
}
