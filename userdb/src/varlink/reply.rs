//! Replies: as a service writes them, compact JSON with the terminating NUL, appended to an output buffer; and as a client
//! receives them.

use serde::{Deserialize, Deserializer, Serialize};

use crate::record::Object;

/// The longest reply that a client takes, in bytes; as long as systemd's own clients take.
pub const MAX_LENGTH: usize = 16 << 20;

/// One reply as a client receives it.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// What the method returns, or what the error tells besides its name. Empty when they were left out or null.
    #[serde(default, deserialize_with = "object_or_null")]
    pub parameters: Object,
    /// The full name of the error, if it is one.
    #[serde(default)]
    pub error: Option<String>,
    /// Whether another reply to the same call follows.
    #[serde(default)]
    pub continues: bool,
}

impl Message {
    /// Parses one message, without its terminating NUL.
    ///
    /// # Errors
    /// When it is not JSON, or not an object with the fields of a reply.
    pub fn parse(message: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(message)
    }
}

fn object_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Appends a reply whose parameters are already JSON text, such as `{"record":{…},"incomplete":false}`.
pub fn parameters(out: &mut Vec<u8>, json: &[u8], continues: bool) {
    out.extend_from_slice(br#"{"parameters":"#);
    out.extend_from_slice(json);
    out.extend_from_slice(if continues { b",\"continues\":true}\0" } else { b"}\0" });
}

/// Appends an error reply without parameters.
pub fn error(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(br#"{"error":"#);
    string(out, name);
    out.extend_from_slice(b"}\0");
}

/// Appends an error reply with one string parameter, as the errors of `org.varlink.service` have it.
pub fn error_with(out: &mut Vec<u8>, name: &str, parameter: &str, value: &str) {
    out.extend_from_slice(br#"{"error":"#);
    string(out, name);
    out.extend_from_slice(br#","parameters":{"#);
    string(out, parameter);
    out.push(b':');
    string(out, value);
    out.extend_from_slice(b"}}\0");
}

/// Appends a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    value(out, text);
}

/// Appends anything whose keys are strings as compact JSON.
pub fn value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    // Writing to a Vec cannot fail.
    let _ = serde_json::to_writer(&mut *out, value);
    escape_del(out, start);
}

/// JSON lets U+007F stand as it is, but sd-json takes a message that has it for broken. It can only be in a string.
fn escape_del(out: &mut Vec<u8>, start: usize) {
    let Some(written) = out.get(start..).filter(|written| written.contains(&0x7f)) else { return };
    let mut escaped = Vec::with_capacity(written.len() + 8);
    for byte in written {
        match byte {
            0x7f => escaped.extend_from_slice(br"\u007f"),
            other => escaped.push(*other),
        }
    }
    out.truncate(start);
    out.append(&mut escaped);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_del_is_escaped_and_means_the_same() {
        let mut out = b"before\x7f".to_vec();
        value(&mut out, &serde_json::json!({"a\u{7f}": "\u{7f}b"}));
        assert_eq!(out, b"before\x7f{\"a\\u007f\":\"\\u007fb\"}");
    }

    #[test]
    fn a_reply_may_leave_out_everything() {
        for text in ["{}", r#"{"parameters":null,"error":null,"unknown":1}"#] {
            let Message { parameters, error, continues } = Message::parse(text.as_bytes()).unwrap();
            assert!(parameters.is_empty() && error.is_none() && !continues, "{text}");
        }
        for text in ["", "5", "nonsense", r#"{"parameters":[]}"#, r#"{"continues":null}"#, "{}x"] {
            assert!(Message::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn replies_have_the_shape_of_sd_varlink() {
        let mut out = Vec::new();
        parameters(&mut out, b"{}", false);
        parameters(&mut out, b"{}", true);
        error(&mut out, "a.B");
        error_with(&mut out, "a.B", "c", "d\"");
        assert_eq!(
            out,
            b"{\"parameters\":{}}\0{\"parameters\":{},\"continues\":true}\0{\"error\":\"a.B\"}\0\
              {\"error\":\"a.B\",\"parameters\":{\"c\":\"d\\\"\"}}\0"
        );
    }
}
