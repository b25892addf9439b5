//! Reading the text of a record.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, map::Entry};

use super::{Object, Problem, RecordError};

/// A record's object, and what was wrong with its text.
#[derive(Debug)]
pub struct Parsed {
    /// The object.
    pub json: Object,
    /// One problem for each key that stood more than once on the top level.
    pub problems: Vec<Problem>,
}

/// Reads a JSON object. Of a key that stands twice the last value is kept, in the place of the first, as systemd does.
///
/// # Errors
///
/// [`RecordError::Json`] if the text is anything but one JSON object.
pub fn parse_object(text: &[u8]) -> Result<Parsed, RecordError> {
    serde_json::from_slice(text).map_err(|error| RecordError::Json(error.to_string()))
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LastWins)
    }
}

struct LastWins;

impl<'de> Visitor<'de> for LastWins {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed, A::Error> {
        let mut parsed = Parsed { json: Object::new(), problems: Vec::new() };
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            let value = without_negative_zero(value);
            match parsed.json.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(mut entry) => {
                    parsed.problems.push(Problem {
                        field: entry.key().clone(),
                        message: "stands more than once; the last value is used".to_owned(),
                    });
                    entry.insert(value);
                }
            }
        }
        Ok(parsed)
    }
}

/// `-0` is an integer like any other, which the parser can only express as a float. systemd writes it as 0.
fn without_negative_zero(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() && number.as_f64() == Some(0.0) => Value::from(0),
        Value::Array(items) => items.into_iter().map(without_negative_zero).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, without_negative_zero(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_values_is_kept_and_reported() {
        let parsed = parse_object(br#"{"b":1,"a":2,"b":3}"#).unwrap();
        assert_eq!(serde_json::to_string(&parsed.json).unwrap(), r#"{"b":3,"a":2}"#);
        assert_eq!(parsed.problems[0].field, "b");
        assert_eq!(parsed.problems.len(), 1);
    }

    #[test]
    fn anything_but_one_object_is_an_error() {
        for bad in ["", "[]", "5", "{} x", "{", "{\"a\":\"\\ud800\"}", "\u{feff}{}", "null"] {
            assert!(parse_object(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_object("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn numbers_keep_their_whole_range() {
        let text = r#"{"a":-9223372036854775808,"b":18446744073709551615}"#;
        assert_eq!(serde_json::to_string(&parse_object(text.as_bytes()).unwrap().json).unwrap(), text);
    }
}
