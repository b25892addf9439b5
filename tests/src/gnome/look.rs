//! What a running session looks like: units, environment, autostart, sound, power-off, and a picture of it.

use super::environment::{self, Variables};
use super::screenshot::Picture;
use super::session::Session;
use super::side::{BUS_ADDRESS, Stage};
use super::units::Table;
use crate::lab::Process;
use crate::lab::desktop::RUNTIME_DIRECTORY;
use std::fs;

/// A look at a session.
#[derive(Debug)]
pub struct Look {
    /// Whether the session manager says that it runs.
    pub running: bool,
    /// The states of the units.
    pub units: Table,
    /// The user's processes.
    pub processes: Vec<Process>,
    /// The environment of GNOME Shell.
    pub shell: Variables,
    /// The environment of a settings daemon.
    pub settings_daemon: Variables,
    /// The environment of a service that the bus starts.
    pub activated: Variables,
    /// The manager's environment.
    pub manager: Variables,
    /// Whether an autostart entry has run.
    pub autostarted: bool,
    /// What the session manager answers when asked for power-off and restart.
    pub power: Vec<String>,
    /// A picture of it.
    pub picture: Picture,
}

impl Look {
    /// Looks at a session.
    ///
    /// # Panics
    /// When it does not settle, or shows nothing to be looked at.
    pub fn at(session: &Session<'_>) -> Self {
        let stage = session.stage();
        let units = session.settle();
        stage.artefacts.keep("running.txt", units.to_string());
        let processes = stage.processes();
        let answer = |method: &str| {
            stage
                .call(
                    "org.gnome.SessionManager",
                    "/org/gnome/SessionManager",
                    &format!("org.gnome.SessionManager.{method}"),
                    &[],
                )
                .map_or_else(|error| error, |answer| answer.trim().to_owned())
        };
        let power = ["CanShutdown", "CanReboot"].map(answer).to_vec();
        let look = Self {
            running: session.is_running(),
            shell: environment::of(&processes, "gnome-shell"),
            settings_daemon: environment::of(&processes, "gsd-power"),
            activated: activated(stage),
            manager: stage.manager_environment(),
            autostarted: stage.desktop.machine.path(RUNTIME_DIRECTORY).join("autostarted").exists(),
            power,
            picture: session.photograph(),
            units,
            processes,
        };
        for (name, variables) in [
            ("shell", &look.shell),
            ("gsd-power", &look.settings_daemon),
            ("activated", &look.activated),
            ("manager", &look.manager),
        ] {
            stage.artefacts.keep(&format!("environment-{name}.txt"), environment::text(variables));
        }
        look
    }

    /// What every session has, whoever manages it, and this one has not.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |holds: bool, what: &str| {
            if !holds {
                faults.push(what.to_owned());
            }
        };
        check(self.running, "IsSessionRunning is not true");
        check(self.autostarted, "the autostart entry did not run");
        check(!self.picture.is_blank(), &format!("the picture shows nothing: {:?}", self.picture));
        check((self.picture.width, self.picture.height) == (1024, 768), "the picture has another size");
        for daemon in ["pipewire", "wireplumber", "pipewire-pulse"] {
            check(
                self.processes.iter().any(|process| process.name == daemon),
                &format!("{daemon} does not run"),
            );
        }
        for variables in [&self.shell, &self.settings_daemon, &self.activated] {
            let bus = variables.get("DBUS_SESSION_BUS_ADDRESS").map_or("", String::as_str);
            check(bus.starts_with(BUS_ADDRESS), &format!("another session bus: {bus:?}"));
        }
        for variables in [&self.settings_daemon, &self.activated, &self.manager] {
            check(variables.contains_key("WAYLAND_DISPLAY"), "no WAYLAND_DISPLAY for services");
            check(variables.contains_key("DISPLAY"), "no DISPLAY for services");
        }
        faults
    }

    /// The environments, with whose they are.
    pub fn environments(&self) -> [(&'static str, &Variables); 4] {
        [
            ("gnome-shell", &self.shell),
            ("gsd-power", &self.settings_daemon),
            ("the manager", &self.manager),
            ("a service that the bus starts", &self.activated),
        ]
    }
}

/// The environment of a service that the bus starts by itself: what the bus was told.
fn activated(stage: &Stage) -> Variables {
    // It never owns the name, so that this fails when it ends.
    let _ = stage.call(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.StartServiceByName",
        &["lab.Activated", "0"],
    );
    let file = stage.desktop.machine.path(RUNTIME_DIRECTORY).join("activated");
    fs::read_to_string(file)
        .expect("the service has started")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
