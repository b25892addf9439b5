//! The two sides: the same GNOME on the real `systemd --user`, and on ours.

use super::artefacts::Artefacts;
use super::bus::{self, strings};
use super::environment::Variables;
use super::install::{self, Leader};
use super::units::Table;
use crate::lab::desktop::{
    DELEGATED_GROUP, Desktop, HOME, Logind, RUNTIME_DIRECTORY, SESSION_GROUP, UID, wait_for,
};
use crate::lab::machine::Machine;
use crate::lab::process::{CommandInside, Daemon};
use crate::lab::{Process, dinit};
use std::time::Duration;

/// GNOME Shell without a screen; the same on both sides. `--unsafe-mode` lets anybody take screenshots.
pub const HEADLESS_SHELL: &str = "[Service]
ExecStart=
ExecStart=/usr/bin/gnome-shell --mode=%i --headless --virtual-monitor 1024x768 --unsafe-mode
OOMScoreAdjust=0
";

/// Output of services goes where systemd's own goes, for want of a journal.
const OUTPUT_TO_MANAGER: &str = "[Manager]\nDefaultStandardOutput=inherit\nDefaultStandardError=inherit\n";

/// An application that starts by itself when a session has begun, and leaves a file.
const AUTOSTART: &str =
    "[Desktop Entry]\nType=Application\nName=Lab\nExec=/usr/bin/touch /run/user/1000/autostarted\n";

/// A service that the bus starts by itself, and that leaves its environment.
const ACTIVATED: &str = "[D-BUS Service]\nName=lab.Activated\n\
     Exec=/bin/sh -c \"env > /run/user/1000/activated; sleep 1\"\n";

/// The address of the user's bus.
pub const BUS_ADDRESS: &str = "unix:path=/run/user/1000/bus";

/// Who manages the user's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The reference.
    Systemd,
    /// session-launcher.
    Usher(Usher),
}

/// How session-launcher runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usher {
    /// Whose leader and control program the session has.
    pub leader: Leader,
    /// Whether the bus starts services through units where their files name one (`--systemd-activation`). Such a bus
    /// does not start the manager, which then has to come with it; otherwise the first who calls it makes it start.
    pub activates_units: bool,
    /// Whether the machine has cgroups, of which a part is the user's.
    pub cgroups: bool,
    /// What supervises the services.
    pub supervisor: Supervisor,
}

/// What supervises the services of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervisor {
    /// The engine itself.
    Direct,
    /// OpenRC's user services, which run before the manager.
    OpenRc,
    /// A Shepherd that the manager starts.
    Shepherd,
    /// A Dinit that the manager starts.
    Dinit,
}

impl Supervisor {
    /// The service managers of distributions.
    pub const NATIVE: [Self; 3] = [Self::OpenRc, Self::Shepherd, Self::Dinit];

    /// The word for `--manager=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::OpenRc => "openrc",
            Self::Shepherd => "shepherd",
            Self::Dinit => "dinit",
        }
    }

    /// Whether the manager has to start it.
    pub fn is_private(self) -> bool {
        matches!(self, Self::Shepherd | Self::Dinit)
    }
}

impl Usher {
    /// Our programs, a bus that activates units, and cgroups: what resembles the reference most.
    pub const USUAL: Self =
        Self { leader: Leader::Ours, activates_units: true, cgroups: true, supervisor: Supervisor::Direct };
}

impl Side {
    /// For directories and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Usher(_) => "usher",
        }
    }
}

/// A machine in which the user can log in, with her bus up.
#[derive(Debug)]
pub struct Stage {
    /// Whose.
    pub side: Side,
    /// The machine.
    pub desktop: Desktop,
    /// Where its logs go in the end.
    pub artefacts: Artefacts,
    /// `systemd --user`, or the session bus and, unless the bus starts it, session-launcher.
    daemons: Vec<Daemon>,
}

impl Stage {
    /// Sets it up, or skips the test where there can be none.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn open(side: Side, artefacts: &Artefacts) -> Option<Self> {
        let (builder, logind) = match side {
            Side::Systemd => (Machine::builder("gnome-systemd").cgroups(), Logind::Systemd),
            Side::Usher(usher) => {
                let mut builder = install::bind(Machine::builder("gnome"));
                if usher.supervisor == Supervisor::Dinit {
                    builder = dinit::bind_or_skip(builder)?;
                }
                (if usher.cgroups { builder.cgroups() } else { builder }, Logind::Elogind)
            }
        };
        let desktop = Desktop::start_or_skip(builder, logind)?;
        let machine = &desktop.machine;
        machine.write("/etc/systemd/user/org.gnome.Shell@.service.d/headless.conf", 0o644, HEADLESS_SHELL);
        machine.write("/etc/xdg/autostart/lab.desktop", 0o644, AUTOSTART);
        machine.write("/usr/share/dbus-1/services/lab.Activated.service", 0o644, ACTIVATED);
        let daemons = match side {
            Side::Systemd => vec![start_systemd(&desktop)],
            Side::Usher(usher) => start_usher(&desktop, usher),
        };
        Some(Self { side, desktop, artefacts: artefacts.within(side.name()), daemons })
    }

    /// A command of the user's that finds her bus.
    pub fn command(&self, program: &str) -> CommandInside<'_> {
        self.desktop.command_of_user(program).env("DBUS_SESSION_BUS_ADDRESS", BUS_ADDRESS)
    }

    /// Calls a method on the user's bus.
    ///
    /// # Errors
    /// What gdbus printed.
    pub fn call(
        &self,
        destination: &str,
        object: &str,
        method: &str,
        arguments: &[&str],
    ) -> Result<String, String> {
        bus::call(self.command("gdbus"), destination, object, method, arguments)
    }

    /// Calls a method of the manager's.
    ///
    /// # Errors
    /// What gdbus printed.
    pub fn call_manager(&self, method: &str, arguments: &[&str]) -> Result<String, String> {
        self.call(
            "org.freedesktop.systemd1",
            "/org/freedesktop/systemd1",
            &format!("org.freedesktop.systemd1.Manager.{method}"),
            arguments,
        )
    }

    /// The state of every unit.
    ///
    /// # Panics
    /// When the manager does not answer.
    pub fn units(&self) -> Table {
        let answer = self.call_manager("ListUnits", &[]);
        Table::parse(&answer.unwrap_or_else(|error| panic!("{}: ListUnits: {error}", self.side.name())))
    }

    /// The manager's environment: what new services get.
    ///
    /// # Panics
    /// When the manager does not answer.
    pub fn manager_environment(&self) -> Variables {
        let answer = self.call(
            "org.freedesktop.systemd1",
            "/org/freedesktop/systemd1",
            "org.freedesktop.DBus.Properties.Get",
            &["org.freedesktop.systemd1.Manager", "Environment"],
        );
        let answer = answer.unwrap_or_else(|error| panic!("{}: Environment: {error}", self.side.name()));
        strings(&answer)
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// The user's processes.
    pub fn processes(&self) -> Vec<Process> {
        self.desktop.machine.processes_of(UID)
    }

    /// The user's processes that belong to a session: neither her manager nor her bus, nor the test's own monitor.
    pub fn session_processes(&self) -> Vec<Process> {
        let mut processes = self.processes();
        processes.retain(|process| !self.is_permanent(process));
        processes
    }

    fn is_permanent(&self, process: &Process) -> bool {
        if process.name == "dbus-monitor" {
            return true;
        }
        match self.side {
            Side::Systemd => {
                process.command_line.starts_with("/usr/lib/systemd/systemd --user")
                    // Their session bus, and not that of accessibility.
                    || process.command_line.contains("dbus-daemon --session --address=systemd:")
            }
            Side::Usher(_) => {
                process.command_line.contains(&format!("dbus-daemon --session --address={BUS_ADDRESS}"))
                    || process.command_line.contains("session-launcher daemon")
                    || process.command_line.contains("/usr/bin/shepherd")
                    || process.command_line.contains("dinit --user")
            }
        }
    }

    /// The processes of session-launcher that decide: its engine.
    pub fn engines(&self) -> Vec<Process> {
        let mut processes = self.processes();
        processes.retain(|process| process.command_line.starts_with("session-launcher daemon --engine"));
        processes
    }

    /// What the manager, or the bus, printed.
    pub fn log(&self) -> String {
        self.daemons.iter().map(Daemon::log).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.artefacts.keep(&format!("{}.log", self.side.name()), self.log());
        let logs = self.desktop.machine.path(HOME).join(".local/state/session-launcher/log");
        self.artefacts.keep_directory("units", &logs);
        let states = self.desktop.machine.path(RUNTIME_DIRECTORY).join("session-launcher");
        self.artefacts.keep_directory("state", &states);
    }
}

/// The real manager, until its default target is reached.
fn start_systemd(desktop: &Desktop) -> Daemon {
    desktop.machine.write("/etc/systemd/user.conf.d/lab.conf", 0o644, OUTPUT_TO_MANAGER);
    // "Booted with systemd", for those who look.
    desktop.machine.command("mkdir").args(["-p", "/run/systemd/system"]).run();
    let mut manager = desktop
        .command_of_user("/usr/lib/systemd/systemd")
        .args(["--user", "--log-target=console"])
        .cgroup(DELEGATED_GROUP)
        .spawn();
    manager.wait_until("at its default target", || {
        let output =
            desktop.command_of_user("systemctl").args(["--user", "is-active", "default.target"]).output();
        output.stdout.trim() == "active"
    });
    manager
}

/// A session bus at the usual address, and the manager where the bus does not start it.
fn start_usher(desktop: &Desktop, usher: Usher) -> Vec<Daemon> {
    install::install(&desktop.machine, usher.leader);
    let group = if usher.cgroups { DELEGATED_GROUP } else { SESSION_GROUP };
    if usher.supervisor == Supervisor::OpenRc {
        desktop.machine.command("mkdir").args(["-p", "/run/openrc"]).run();
        desktop.command_of_user("/usr/sbin/openrc").args(["--user", "default"]).cgroup(group).run();
    }
    let mut bus = desktop
        .command_of_user("dbus-daemon")
        .args(["--session", &format!("--address={BUS_ADDRESS}"), "--nofork", "--nopidfile"])
        .args(usher.activates_units.then_some("--systemd-activation"))
        .cgroup(group)
        .spawn();
    bus.wait_for_socket(desktop.machine.path(format!("{RUNTIME_DIRECTORY}/bus")));
    if !usher.activates_units {
        return vec![bus];
    }
    let bus_of_user = |program| desktop.command_of_user(program).env("DBUS_SESSION_BUS_ADDRESS", BUS_ADDRESS);
    let mut manager = bus_of_user(install::PROGRAM)
        .args(["daemon", &format!("--manager={}", usher.supervisor.name())])
        .args(usher.supervisor.is_private().then_some("--private"))
        .cgroup(group)
        .spawn();
    manager.wait_until("at its default target", || {
        let output = bus_of_user("systemctl").args(["--user", "is-active", "default.target"]).output();
        output.stdout.trim() == "active"
    });
    vec![bus, manager]
}

/// How often a state is looked at.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);

/// Waits until nothing of a session runs; what still does.
pub fn leftovers(stage: &Stage) -> Vec<Process> {
    let mut left = Vec::new();
    wait_for(Duration::from_secs(10), INTERVAL, || {
        left = stage.session_processes();
        left.is_empty()
    });
    left
}
