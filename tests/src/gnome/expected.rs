//! What is allowed to differ from the reference, and why.

use super::units::Exception;

/// Units that differ in every session.
pub const UNITS: &[Exception<'_>] = &[
    ("init.scope", "systemd --user puts itself into a scope; the guardian and the engine are in none"),
    ("dbus.service", "the bus was there before the manager and carries it: nobody here runs it as a service"),
    ("dbus.socket", "likewise"),
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

/// Variables that only one side's bus gives to the services that it starts itself.
pub const VARIABLES_OF_THE_BUS: &[(&str, &str)] = &[(
    "GPG_AGENT_INFO",
    "set by gpg-agent.socket in the manager's environment, which systemd's bus is started with; ours was there before",
)];

/// Units that end by themselves when their display is gone, with or without an error, as it happens.
pub const UNITS_WITHOUT_DISPLAY: &[Exception<'_>] = &[
    ("at-spi-dbus-bus.service", "its exit status depends on what it was about to do"),
    ("xdg-desktop-portal-gnome.service", "likewise"),
    ("xdg-desktop-portal-gtk.service", "likewise"),
];
