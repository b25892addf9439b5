//! A service manager as a program that scenarios are played on.

use super::observation::Happening;
use super::unit_files::{USER_ID, manager_environment};
use crate::lab::machine::{Builder, Machine};
use crate::lab::process::{CommandInside, Daemon};

/// What one line of a manager's log says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// Something happened to a unit.
    Happened(Happening),
    /// A process of a unit was started.
    Started {
        /// Whose.
        unit: String,
        /// Its number in the machine.
        pid: u32,
    },
    /// A process is gone.
    Ended(u32),
    /// What comes now is no change, but what was known before a reload.
    ReloadBegins,
    /// From now on changes are changes.
    ReloadEnds,
    /// Nothing that matters, but something is going on.
    Busy,
    /// Talk with a client.
    Chatter,
}

/// Where a manager is started for one play.
#[derive(Debug)]
pub struct Place<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The control group of the play.
    pub cgroup: &'a str,
    /// `$SYSTEMD_UNIT_PATH`.
    pub unit_path: String,
}

impl<'a> Place<'a> {
    /// A shell command of the user in the play's control group, with the environment of a log-in.
    pub fn command(&self, exec: &str) -> CommandInside<'a> {
        let script = format!(
            "echo $$ > {}/cgroup.procs
             exec setpriv --reuid {USER_ID} --regid {USER_ID} --clear-groups {exec}",
            self.cgroup
        );
        let mut command = self.machine.command("sh").args(["-ec", &script]);
        for (name, value) in manager_environment() {
            command = command.env(name, value);
        }
        command
            .env("HOME", "/home/user")
            .env("XDG_RUNTIME_DIR", "/scenario/run")
            .env("SCENARIO_DIRECTORY", "/scenario")
            .env("SYSTEMD_UNIT_PATH", &self.unit_path)
    }
}

/// A service manager. Its clients are systemd's.
pub trait Program: std::fmt::Debug + Sync {
    /// For people.
    fn name(&self) -> &'static str;

    /// The root of its machine.
    fn root(&self) -> &'static str {
        "systemd-user"
    }

    /// What the machine needs; `None`, with the test skipped, where that cannot be had.
    fn furnish(&self, builder: Builder) -> Option<Builder> {
        Some(builder)
    }

    /// What has to be done in it once.
    fn install(&self, _: &Machine) {}

    /// Starts it, with `basic.target` first; it logs to [`LOG`](super::play::LOG).
    fn start(&self, place: &Place<'_>) -> Vec<Daemon>;

    /// What its log says by the time that it is up, if it is what it is meant to be.
    fn announcement(&self) -> Option<String> {
        None
    }

    /// Shell script of the user that brings the session bus up, where the manager itself does not need one.
    fn bus_script(&self) -> Option<&'static str> {
        None
    }

    /// Understands a line of its log.
    fn understand(&self, line: &str) -> Said;
}
