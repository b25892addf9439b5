//! Installs session-launcher into a machine, as a distribution's package would.

use crate::binaries::{built, workspace};
use crate::lab::machine::{Builder, Machine};
use std::fs;

/// Where the program lies in the machine.
pub const PROGRAM: &str = "/usr/bin/session-launcher";

/// Where the repository's units lie, to be copied.
const UNITS: &str = "/usr/share/usher-units";

/// Where they go.
const UNIT_DIRECTORY: &str = "/usr/lib/systemd/user";

/// Whose `gnome-session-init-worker` and `gnome-session-ctl` a session uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leader {
    /// Links to session-launcher in their places.
    Ours,
    /// Upstream's own programs, untouched.
    Upstream,
}

/// Makes the program and the units visible in the machine.
///
/// # Panics
/// When the program does not build.
#[must_use]
pub fn bind(builder: Builder) -> Builder {
    builder
        .bind_read_only(built("session-launcher"), PROGRAM)
        .bind_read_only(workspace().join("units"), UNITS)
}

/// Installs what [`bind`] made visible: the program's other names, the units that are missing, the activation file.
///
/// # Panics
/// When a file cannot be made.
pub fn install(machine: &Machine, leader: Leader) {
    let mut links = vec!["/usr/bin/systemctl"];
    if leader == Leader::Ours {
        links.extend(["/usr/libexec/gnome-session-init-worker", "/usr/libexec/gnome-session-ctl"]);
    }
    for link in links {
        machine.command("ln").args(["-sf", PROGRAM, link]).run();
    }
    machine.command("cp").args(["-a", "--update=none", &format!("{UNITS}/."), UNIT_DIRECTORY]).run();
    let activation = workspace().join("dbus/org.freedesktop.systemd1.service");
    let activation = fs::read(activation).expect("the activation file is there");
    machine.write("/usr/share/dbus-1/services/org.freedesktop.systemd1.service", 0o644, activation);
}
