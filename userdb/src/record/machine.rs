//! Which entries of `perMachine` are meant for a host.

use serde_json::Value;

use super::{Object, parse_uuid};
use crate::Host;

/// True if any one of the entry's conditions holds.
///
/// That the conditions are alternatives makes a `matchNot*` that does not name this host apply the entry whatever
/// the others say; systemd defines it so. An entry without conditions applies nowhere.
pub(super) fn applies(entry: &Object, host: &Host) -> bool {
    let named_machine = |ids: &Value| names_machine(ids, host);
    let named_host = |names: &Value| names_host(names, host);
    entry.get("matchMachineId").is_some_and(named_machine)
        || entry.get("matchNotMachineId").is_some_and(|ids| !named_machine(ids))
        || entry.get("matchHostname").is_some_and(named_host)
        || entry.get("matchNotHostname").is_some_and(|names| !named_host(names))
}

fn names_machine(ids: &Value, host: &Host) -> bool {
    let Some(own) = host.machine_id.as_deref().and_then(parse_uuid) else { return false };
    strings(ids).any(|id| parse_uuid(id) == Some(own))
}

fn names_host(names: &Value, host: &Host) -> bool {
    let Some(own) = host.hostname.as_deref() else { return false };
    strings(names).any(|name| name == own)
}

/// The string, or the strings of the array; anything else holds none.
pub(super) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    items.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(entry: Value, host: &Host) -> bool {
        applies(entry.as_object().unwrap(), host)
    }

    #[test]
    fn any_condition_is_enough() {
        let id = "0123456789abcdef0123456789abcdef";
        let host = Host { machine_id: Some(id.to_owned()), hostname: Some("seat".to_owned()) };
        for (entry, expected) in [
            (json!({}), false),
            (json!({"matchMachineId": id}), true),
            (json!({"matchMachineId": "01234567-89AB-CDEF-0123-456789abcdef"}), true),
            (json!({"matchMachineId": ["x", 5, id]}), true),
            (json!({"matchMachineId": []}), false),
            (json!({"matchMachineId": 5}), false),
            (json!({"matchNotMachineId": id}), false),
            (json!({"matchNotMachineId": [id]}), false),
            (json!({"matchNotMachineId": "f".repeat(32)}), true),
            (json!({"matchNotMachineId": "nonsense"}), true),
            (json!({"matchHostname": "seat"}), true),
            (json!({"matchHostname": ["a", "seat"]}), true),
            (json!({"matchHostname": "Seat"}), false),
            (json!({"matchNotHostname": "seat"}), false),
            (json!({"matchNotHostname": "other"}), true),
            (json!({"matchHostname": "other", "matchMachineId": id}), true),
            (json!({"matchHostname": "other", "matchNotHostname": "third"}), true),
        ] {
            assert_eq!(holds(entry.clone(), &host), expected, "{entry}");
        }
    }

    #[test]
    fn a_host_without_names_is_named_by_nothing() {
        let host = Host::default();
        assert!(!holds(json!({"matchHostname": ""}), &host));
        assert!(!holds(json!({"matchMachineId": "0".repeat(32)}), &host));
        assert!(holds(json!({"matchNotHostname": "seat"}), &host));
        assert!(holds(json!({"matchNotMachineId": "0".repeat(32)}), &host));
    }
}
