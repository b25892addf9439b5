//! A machine on which a person could log in to a desktop: a user, the system bus, logind, and the directories that
//! X11 and user managers expect.

use super::machine::{Builder, Machine};
use super::process::{CommandInside, Daemon};
use std::time::{Duration, Instant};

/// The person.
pub const USER: &str = "alice";

/// Her uid and gid.
pub const UID: u32 = 1000;

/// Her XDG_RUNTIME_DIR.
pub const RUNTIME_DIRECTORY: &str = "/run/user/1000";

/// Her home.
pub const HOME: &str = "/home/alice";

/// The group that is hers to divide, where the machine has cgroups; a user manager would run there.
pub const DELEGATED_GROUP: &str = "/user.slice/user-1000.slice/user@1000.service";

/// The group of her log-in, where her session's leader runs.
pub const SESSION_GROUP: &str = "/user.slice/user-1000.slice/session-1.scope";

/// The system bus inside a machine.
const SYSTEM_BUS: &str = "/run/dbus/system_bus_socket";

/// A running machine for desktops.
#[derive(Debug)]
pub struct Desktop {
    /// The machine itself.
    pub machine: Machine,
    // Dropped before the machine would be, which does not matter: it takes them along.
    _system_bus: Daemon,
    _logind: Daemon,
}

/// The logind of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logind {
    /// elogind, started by hand.
    Elogind,
    /// systemd-logind, started by hand: it knows the seat and answers, but without systemd as PID 1 it makes no
    /// sessions.
    Systemd,
}

impl Desktop {
    /// Starts the machine that `builder` describes, or skips the test where there can be none.
    ///
    /// # Panics
    /// When a part of it does not come up.
    pub fn start_or_skip(builder: Builder, logind: Logind) -> Option<Self> {
        Some(Self::prepare(builder.network().start_or_skip()?, logind))
    }

    fn prepare(machine: Machine, logind: Logind) -> Self {
        machine.command("sh").args(["-ec", &preparation()]).run();
        let mut system_bus = machine
            .command("dbus-daemon")
            .args(["--system", "--nofork", "--nopidfile", "--nosyslog"])
            .spawn();
        system_bus.wait_for_socket(machine.path(SYSTEM_BUS));
        let program = match logind {
            Logind::Elogind => "/usr/libexec/elogind",
            Logind::Systemd => "/usr/lib/systemd/systemd-logind",
        };
        let mut daemon = machine.command(program).spawn();
        daemon
            .wait_until("owner of org.freedesktop.login1", || has_owner(&machine, "org.freedesktop.login1"));
        Self { machine, _system_bus: system_bus, _logind: daemon }
    }

    /// Whether somebody owns `name` on the system bus.
    pub fn owns_system_name(&self, name: &str) -> bool {
        has_owner(&self.machine, name)
    }

    /// A command of the person's, with the variables that a log-in sets.
    pub fn command_of_user(&self, program: &str) -> CommandInside<'_> {
        self.machine
            .command(program)
            .uid(UID)
            .cgroup(SESSION_GROUP)
            .env("HOME", HOME)
            .env("USER", USER)
            .env("LOGNAME", USER)
            .env("SHELL", "/bin/bash")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games")
            .env("XDG_RUNTIME_DIR", RUNTIME_DIRECTORY)
            .env("XDG_SESSION_TYPE", "wayland")
            .env("XDG_SESSION_CLASS", "user")
            .env("XDG_SESSION_DESKTOP", "gnome")
            .env("XDG_CURRENT_DESKTOP", "GNOME")
            .env("DESKTOP_SESSION", "gnome")
    }
}

/// Whether somebody owns `name` on the system bus.
fn has_owner(machine: &Machine, name: &str) -> bool {
    let output = machine
        .command("dbus-send")
        .args(["--system", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
        .args(["org.freedesktop.DBus.NameHasOwner", &format!("string:{name}")])
        .output();
    output.stdout.contains("true")
}

/// What an init system and pam_systemd or pam_elogind would have made.
fn preparation() -> String {
    format!(
        "useradd --create-home --uid {UID} --shell /bin/bash {USER}
         mkdir -p /run/dbus /run/systemd/seats /run/user
         dbus-uuidgen --ensure=/etc/machine-id
         install -d -m 0700 -o {UID} -g {UID} {RUNTIME_DIRECTORY}
         install -d -m 1777 /tmp/.X11-unix /tmp/.ICE-unix
         if [ -e /sys/fs/cgroup/cgroup.procs ]; then
             mkdir -p /sys/fs/cgroup{DELEGATED_GROUP} /sys/fs/cgroup{SESSION_GROUP}
             chown -R {UID}:{UID} /sys/fs/cgroup{DELEGATED_GROUP}
         fi"
    )
}

/// Waits until `condition` holds, asking every `interval`; whether it did within `limit`.
pub fn wait_for(limit: Duration, interval: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(interval);
    }
    true
}
