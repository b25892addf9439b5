//! What is allowed to differ from the reference, and why.

use super::units::Exception;

/// Units that differ in every session.
pub const UNITS: &[Exception<'_>] = &[
    ("init.scope", "systemd --user puts itself into a scope; the guardian and the engine are in none"),
    ("systemd-*", "systemd's own units: its package is not installed"),
];

/// Variables that a service's process has on one side only.
pub const VARIABLES: &[(&str, &str)] = &[
    ("MANAGERPID", "names systemd --user's process, for its own clients"),
    ("MANAGERPIDFDID", "likewise"),
    ("SYSTEMD_EXEC_PID", "likewise"),
    ("MEMORY_PRESSURE_WATCH", "systemd hands out the group's memory.pressure; nobody in a session reads it"),
    ("MEMORY_PRESSURE_WRITE", "likewise"),
    ("JOURNAL_STREAM", "there is no journal"),
];
