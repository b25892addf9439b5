//! Rules of objects whose keys are data: resource limits and blob manifests.

use serde_json::Value;

use super::{Refusal, path, refusal};
use crate::id;

/// The resource limits that the kernel knows, as records name them.
pub const LIMITS: [&str; 16] = [
    "RLIMIT_AS",
    "RLIMIT_CORE",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_RSS",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING",
    "RLIMIT_STACK",
];

/// Judges `resourceLimits`: for each limit an object of exactly `cur` and `max`, each a number below 2^64 - 1 or
/// null for no limit. That the soft limit is the smaller one is not asked.
pub(super) fn check_limits(value: &Value) -> Result<(), Refusal> {
    let limits = value.as_object().ok_or_else(|| refusal(value, "an object"))?;
    for (name, limit) in limits {
        if !LIMITS.contains(&name.as_str()) {
            return Err(format!("{name} is not a resource limit"));
        }
        let object = limit.as_object().filter(|o| o.len() == 2);
        let [Some(cur), Some(max)] = ["cur", "max"].map(|key| object.and_then(|o| o.get(key))) else {
            return Err(format!("{name} is not an object of cur and max"));
        };
        for (key, bound) in [("cur", cur), ("max", max)] {
            if !bound.is_null() && id::as_unsigned(bound).is_none_or(|n| n == u64::MAX) {
                return Err(format!("{name}: {key}: {}", refusal(bound, "a limit")));
            }
        }
    }
    Ok(())
}

/// Judges `blobManifest`: for each file name the SHA-256 sum of the file in hex.
pub(super) fn check_blob_manifest(value: &Value) -> Result<(), Refusal> {
    let files = value.as_object().ok_or_else(|| refusal(value, "an object"))?;
    for (name, sum) in files {
        if !is_blob_name(name) {
            return Err(format!("{name:?} is not a valid name of a blob"));
        }
        if !sum.as_str().is_some_and(|s| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(format!("{name}: {}", refusal(sum, "a SHA-256 sum in hex")));
        }
    }
    Ok(())
}

/// A file name in a blob directory: characters that need no quoting in a URI, and not hidden.
pub fn is_blob_name(name: &str) -> bool {
    path::is_file_name(name)
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_have_exactly_a_soft_and_a_hard_value() {
        for good in [
            json!({}),
            json!({"RLIMIT_NOFILE": {"cur": 5, "max": 2}}),
            json!({"RLIMIT_NOFILE": {"max": null, "cur": null}}),
            json!({"RLIMIT_NOFILE": {"cur": 5.0, "max": u64::MAX - 1}}),
        ] {
            assert_eq!(check_limits(&good), Ok(()), "{good}");
        }
        for bad in [
            json!([]),
            json!({"NOFILE": {"cur": 1, "max": 1}}),
            json!({"RLIMIT_nofile": {"cur": 1, "max": 1}}),
            json!({"RLIMIT_NOFILE": null}),
            json!({"RLIMIT_NOFILE": {"cur": 5}}),
            json!({"RLIMIT_NOFILE": {"cur": 5, "max": 6, "x": 1}}),
            json!({"RLIMIT_NOFILE": {"cur": 5, "x": 1}}),
            json!({"RLIMIT_NOFILE": {"cur": u64::MAX, "max": 1}}),
            json!({"RLIMIT_NOFILE": {"cur": "5", "max": 6}}),
            json!({"RLIMIT_NOFILE": {"cur": -1, "max": 6}}),
        ] {
            assert!(check_limits(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn manifests_hold_sums_by_plain_names() {
        let sum = "aB".repeat(32);
        for good in ["avatar", "a~b._-9", "a."] {
            assert_eq!(check_blob_manifest(&json!({good: sum})), Ok(()), "{good}");
        }
        for bad in ["", ".a", "..", "a/b", "a b", "é", "a%20", "a+b"] {
            assert!(check_blob_manifest(&json!({bad: sum})).is_err(), "{bad}");
        }
        for bad in [json!(null), json!(""), json!("ab"), json!("zz".repeat(32)), json!("ab".repeat(33))] {
            assert!(check_blob_manifest(&json!({"avatar": bad})).is_err(), "{bad}");
        }
    }
}
