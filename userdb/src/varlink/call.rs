//! Method calls: as a service receives them, judged as systemd's sd-varlink judges them; and as a client writes them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::text;

/// The parameters of a call in the order they were sent, duplicates included, so that a service can name the first bad one.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Parameters<'a>(pub Vec<(Cow<'a, str>, Value)>);

impl Parameters<'_> {
    /// The value of a parameter; of several with the same name the first.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Parameters<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Parameters<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(4);
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Parameters(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// An object key, borrowed from the message unless it holds escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
        Borrowed::deserialize(deserializer).map(|Borrowed(key)| Key(key))
    }
}

/// One method call.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call<'a> {
    /// Full name of the method, such as `io.systemd.UserDatabase.GetUserRecord`.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Option<Parameters<'a>>,
    /// The caller takes more than one reply.
    #[serde(default)]
    pub more: bool,
    /// The caller wants no reply at all.
    #[serde(default)]
    pub oneway: bool,
    /// The caller asks to leave Varlink after the reply. No method of ours does so.
    #[serde(default)]
    pub upgrade: bool,
}

/// A message that is no method call. The connection it came over cannot be trusted to be in step any more.
#[derive(Debug, thiserror::Error)]
pub enum MalformedCall {
    /// Not JSON, or not an object with the fields of a call.
    #[error("not a Varlink method call: {0}")]
    Json(#[from] serde_json::Error),
    /// `more` and `oneway` contradict each other.
    #[error("a call cannot be both `more` and `oneway`")]
    MoreAndOneway,
    /// A string holds U+0000, a bare U+007F, or a Unicode noncharacter, which no name or path can hold.
    #[error("a string in the call holds a NUL, a DEL or a Unicode noncharacter")]
    BadCharacter,
    /// A stream cannot give way to another protocol.
    #[error("a call cannot be both `more` and `upgrade`")]
    MoreAndUpgrade,
}

impl<'a> Call<'a> {
    /// Parses one message, without its terminating NUL.
    ///
    /// # Errors
    /// Whatever sd-varlink ends the connection for: bad JSON or UTF-8, unknown or duplicate keys, wrong types, `more`
    /// together with `oneway` or `upgrade`, a NUL or a Unicode noncharacter in a string.
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedCall> {
        let call: Call<'a> = serde_json::from_slice(message)?;
        if call.more && call.oneway {
            return Err(MalformedCall::MoreAndOneway);
        }
        if call.more && call.upgrade {
            return Err(MalformedCall::MoreAndUpgrade);
        }
        // JSON has nothing against it, but sd-json takes it for the control character that it is.
        if message.contains(&0x7f) {
            return Err(MalformedCall::BadCharacter);
        }
        // Only escapes and what is not ASCII can hold such a character, and most messages have neither.
        if (message.contains(&b'\\') || !message.is_ascii()) && !call.is_transportable() {
            return Err(MalformedCall::BadCharacter);
        }
        Ok(call)
    }

    /// The parameters; none when they were left out or null.
    pub fn parameters(&self) -> &Parameters<'a> {
        static NONE: Parameters<'static> = Parameters(Vec::new());
        self.parameters.as_ref().unwrap_or(&NONE)
    }

    fn is_transportable(&self) -> bool {
        let good = |(key, value): &(Cow<'_, str>, Value)| {
            text::is_transportable(key) && text::value_is_transportable(value)
        };
        text::is_transportable(&self.method) && self.parameters().0.iter().all(good)
    }
}

/// Appends a call with its terminating NUL. The parameters are an object; `more` says that more than one reply is taken.
pub fn write(out: &mut Vec<u8>, method: &str, parameters: &Value, more: bool) {
    #[derive(serde::Serialize)]
    struct Message<'a> {
        method: &'a str,
        parameters: &'a Value,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    }
    // Writing to a Vec cannot fail.
    let _ = serde_json::to_writer(&mut *out, &Message { method, parameters, more });
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_call_is_read_again() {
        let mut out = Vec::new();
        write(&mut out, "a.B", &serde_json::json!({"c": 1}), false);
        write(&mut out, "a.B", &serde_json::json!({}), true);
        assert_eq!(
            out,
            b"{\"method\":\"a.B\",\"parameters\":{\"c\":1}}\0{\"method\":\"a.B\",\"parameters\":{},\"more\":true}\0"
        );
    }

    fn accepted(message: &str) -> bool {
        Call::parse(message.as_bytes()).is_ok()
    }

    #[test]
    fn keeps_order_and_duplicates_of_parameters() {
        let call = Call::parse(br#"{"method":"a.B","parameters":{"z":1,"a":2,"z":3}}"#).unwrap();
        let names: Vec<_> = call.parameters().0.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(names, ["z", "a", "z"]);
        assert_eq!(call.parameters().get("z"), Some(&Value::from(1)));
    }

    #[test]
    fn parameters_may_be_absent_or_null() {
        assert!(Call::parse(br#"{"method":"a.B"}"#).unwrap().parameters().0.is_empty());
        assert!(Call::parse(br#"{"method":"a.B","parameters":null}"#).unwrap().parameters().0.is_empty());
    }

    #[test]
    fn surrounding_white_space_is_fine() {
        assert!(accepted(" {\"method\":\"a.B\"}\n"));
    }

    #[test]
    fn refuses_what_ends_a_connection_to_systemd() {
        for message in [
            "",
            " ",
            "[]",
            "\"x\"",
            "{}",
            r#"{"parameters":{}}"#,
            r#"{"method":5}"#,
            r#"{"method":"a.B","x":1}"#,
            r#"{"method":"a.B","error":"x"}"#,
            r#"{"method":"a.B","method":"a.B"}"#,
            r#"{"method":"a.B","more":null}"#,
            r#"{"method":"a.B","more":1}"#,
            r#"{"method":"a.B","more":true,"oneway":true}"#,
            r#"{"method":"a.B","parameters":[]}"#,
            r#"{"method":"a.B","parameters":"x"}"#,
            r#"{"method":"a.B"}x"#,
            r#"{"method":"a.B",}"#,
            r#"{'method':"a.B"}"#,
            r#"{"method":"a.\ud800"}"#,
            r#"{"method":"a.\u0000"}"#,
            r#"{"method":"a.B","parameters":{"a":["\u0000"]}}"#,
            r#"{"method":"a.B","parameters":{"\u0000":1}}"#,
            r#"{"method":"a.B","parameters":{"a":"\uffff"}}"#,
            "{\"method\":\"a.B\",\"parameters\":{\"a\":\"\u{7f}\"}}",
            "{\"method\":\"a.B\",\"parameters\":{\"a\":\"\u{fdd0}\"}}",
            r#"{"method":"a.B","more":true,"upgrade":true}"#,
            r#"{"method":"a.B","parameters":{"a":NaN}}"#,
        ] {
            assert!(!accepted(message), "{message}");
        }
        assert!(Call::parse(b"{\"method\":\"a.\xff\"}").is_err());
        assert!(
            accepted(r#"{"method":"a.B","parameters":{"a":"\\u0000"}}"#),
            "an escaped backslash is no NUL"
        );
    }
}
