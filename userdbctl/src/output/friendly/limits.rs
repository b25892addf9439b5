//! What the user's processes may take.

use serde_json::Value;
use userdb::UserRecord;
use userdb::record::rule::number::{mode_of, u64_of};

use super::Fields;
use crate::format::amount::{bytes, percent_of_scale};
use crate::format::capability::Capabilities;

/// Resource limits in the order of their numbers (getrlimit(2)).
const RESOURCES: [&str; 16] = [
    "CPU",
    "FSIZE",
    "DATA",
    "STACK",
    "CORE",
    "RSS",
    "NPROC",
    "NOFILE",
    "MEMLOCK",
    "AS",
    "LOCKS",
    "SIGPENDING",
    "MSGQUEUE",
    "NICE",
    "RTPRIO",
    "RTTIME",
];

/// The share of a temporary file system that a user may fill when a limit is set without one: all of it.
const WHOLE: u64 = u32::MAX as u64;

pub(super) fn add(fields: &mut Fields, user: &UserRecord) {
    let mode = |field| user.effective(field).and_then(mode_of).map(|mode| format!("0{mode:03o}"));
    fields.add_optional("UMask", mode("umask"));
    fields.add_number("Nice", user.effective("niceLevel").and_then(userdb::id::as_signed));
    add_resources(fields, user);
    fields.add_number("Tasks Max", user.u64("tasksMax"));
    fields.add_optional("Memory High", user.u64("memoryHigh").map(bytes));
    fields.add_optional("Memory Max", user.u64("memoryMax").map(bytes));
    fields.add_number("CPU Weight", user.u64("cpuWeight"));
    fields.add_number("IO Weight", user.u64("ioWeight"));
    add_temporary(fields, user, "TMP Limit", "tmpLimit", "tmpLimitScale");
    add_temporary(fields, user, "SHM Limit", "devShmLimit", "devShmLimitScale");
    fields.add_optional("Access Mode", mode("accessMode"));
    add_capabilities(fields, user);
}

fn add_resources(fields: &mut Fields, user: &UserRecord) {
    let Some(Value::Object(limits)) = user.effective("resourceLimits") else { return };
    for resource in RESOURCES {
        let Some(limit) = limits.get(&format!("RLIMIT_{resource}")) else { continue };
        // No limit is the largest number.
        let value = |key| limit.get(key).and_then(u64_of).unwrap_or(u64::MAX);
        fields.add("Limit", format!("RLIMIT_{resource}={}:{}", value("cur"), value("max")));
    }
}

fn add_temporary(fields: &mut Fields, user: &UserRecord, label: &str, limit: &str, scale: &str) {
    let size = user.u64(limit).map(bytes);
    let scale = user.effective(scale).and_then(u64_of);
    if size.is_none() && scale.is_none() {
        return;
    }
    let share = |scale: u64| format!("{}%", percent_of_scale(u32::try_from(scale).unwrap_or(u32::MAX)));
    // The whole is no limit besides a size.
    let share = match (&size, scale) {
        (Some(_), None | Some(WHOLE)) => None,
        (_, scale) => Some(share(scale.unwrap_or(WHOLE))),
    };
    let parts: Vec<String> = size.into_iter().chain(share).collect();
    fields.add(label, parts.join(" or "));
}

fn add_capabilities(fields: &mut Fields, user: &UserRecord) {
    let set = |field| {
        Some(user.strings(field)).filter(|names| !names.is_empty()).map(|names| Capabilities::parse(&names))
    };
    let bounding = set("capabilityBoundingSet");
    fields.add_optional("Bound. Caps", bounding.map(Capabilities::names_or_missing));
    // Nobody gets what is out of bounds.
    let within = bounding.unwrap_or(Capabilities::ALL);
    let ambient = set("capabilityAmbientSet").map(|ambient| ambient.intersection(within));
    fields.add_optional("Ambient Caps", ambient.map(Capabilities::names));
}
