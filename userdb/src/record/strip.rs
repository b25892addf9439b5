//! What somebody who is not trusted with a record gets to see of it.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Object;

/// Removes `privileged` and `secret`. True if `privileged` was there, so that the reply has to say `incomplete`.
pub fn strip(json: &mut Object) -> bool {
    json.shift_remove("secret");
    json.shift_remove("privileged").is_some()
}

/// Serializes a record as if [`strip`] had been applied, without copying it.
#[derive(Clone, Copy, Debug)]
pub struct Public<'a>(pub &'a Object);

impl Serialize for Public<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.iter().filter(|(key, _)| !matches!(key.as_str(), "privileged" | "secret"))
        {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same_and_keep_the_order() {
        let text = r#"{"z":1,"privileged":{"hashedPassword":["x"]},"a":{"privileged":2},"secret":{}}"#;
        let mut json: Object = serde_json::from_str(text).unwrap();
        let public = serde_json::to_string(&Public(&json)).unwrap();
        assert_eq!(public, r#"{"z":1,"a":{"privileged":2}}"#);
        assert!(strip(&mut json));
        assert_eq!(serde_json::to_string(&json).unwrap(), public);
        assert!(!strip(&mut json));
    }
}
