//! The real `systemd --user` with a session bus, and our client programs beside systemd's own.

use std::path::Path;

use crate::binaries::built;
use crate::lab::machine::Machine;
use crate::lab::process::{CommandInside, Daemon, Output};

/// The user's number.
pub const USER: u32 = 1000;

/// Where our binary and the names that it answers to lie.
pub const OURS: &str = "/opt/usher";

const RUNTIME: &str = "/run/user/1000";

/// A machine with a running manager. Its units are those of `/units` and systemd's own.
#[derive(Debug)]
pub struct UserManager {
    /// The machine.
    pub machine: Machine,
    /// `$SYSTEMD_UNIT_PATH` of manager and clients.
    pub unit_path: &'static str,
    _manager: Option<Daemon>,
}

impl UserManager {
    /// A machine with these units, in which nothing runs yet.
    pub fn machine(units: &[(&str, &str)]) -> Option<Self> {
        Self::machine_with(units, &[])
    }

    /// The same with these further programs beside ours.
    pub fn machine_with(units: &[(&str, &str)], programs: &[&Path]) -> Option<Self> {
        let mut builder = Machine::builder("systemd-user")
            .cgroups()
            .bind_read_only(built("session-launcher"), format!("{OURS}/session-launcher"));
        for program in programs {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            builder = builder.bind_read_only(*program, format!("{OURS}/{name}"));
        }
        let machine = builder.start_or_skip()?;
        machine
            .command("sh")
            .args([
                "-ec",
                "mkdir -p /run/systemd/system /home/user /run/user/1000 /units /sys/fs/cgroup/user
                 echo user:x:1000: >> /etc/group
                 echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd
                 chown -R 1000:1000 /home/user /run/user/1000 /units /sys/fs/cgroup/user
                 chmod 700 /run/user/1000
                 for name in systemctl gnome-session-init-worker gnome-session-ctl; do
                     ln -s session-launcher /opt/usher/$name
                 done",
            ])
            .run();
        for (name, content) in units {
            match name.strip_prefix("-> ") {
                Some(link) => machine.symlink(content, &format!("/units/{link}")),
                None => machine.write(&format!("/units/{name}"), 0o644, content),
            }
        }
        Some(Self { machine, unit_path: "/units:/usr/lib/systemd/user", _manager: None })
    }

    /// The same with the manager and its bus running.
    ///
    /// # Panics
    /// When they do not come up.
    pub fn start(units: &[(&str, &str)]) -> Option<Self> {
        let mut started = Self::machine(units)?;
        started.start_manager();
        Some(started)
    }

    /// Starts `systemd --user` and the session bus.
    ///
    /// # Panics
    /// When they do not come up.
    pub fn start_manager(&mut self) {
        let script = "echo $$ > /sys/fs/cgroup/user/cgroup.procs
             exec setpriv --reuid 1000 --regid 1000 --clear-groups \
             /usr/lib/systemd/systemd --user --unit=basic.target";
        let command = self.environment(self.machine.command("sh").args(["-ec", script]));
        let mut manager = command.env("SYSTEMD_LOG_TARGET", "console").spawn();
        manager.wait_until("serving", || {
            self.shell("systemctl --user is-active --quiet basic.target").status.success()
        });
        let ready = "systemctl --user start dbus.service
             for i in $(seq 400); do
                 busctl --user status org.freedesktop.systemd1 > /dev/null 2>&1 && exit 0; sleep 0.02
             done; exit 1";
        let output = self.shell(ready);
        assert!(output.status.success(), "no session bus: {}\n{}", output.stderr, manager.log());
        self._manager = Some(manager);
    }

    /// Starts a session bus without a manager.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_bus(&self) -> Daemon {
        let command = self.command("dbus-daemon").args(["--session", "--nofork", "--nopidfile"]);
        let mut bus = command.arg(format!("--address=unix:path={RUNTIME}/bus")).spawn();
        bus.wait_for_socket(self.machine.path(format!("{RUNTIME}/bus")));
        bus
    }

    /// Starts our daemon as the manager, and a session bus.
    ///
    /// # Panics
    /// When they do not come up.
    pub fn start_daemon(&mut self) {
        let script = "echo $$ > /sys/fs/cgroup/user/cgroup.procs
             exec setpriv --reuid 1000 --regid 1000 --clear-groups sh -ec '
                 dbus-daemon --session --address=$DBUS_SESSION_BUS_ADDRESS --fork --nopidfile --systemd-activation
                 exec /opt/usher/session-launcher daemon --unit basic.target'";
        let mut manager = self.environment(self.machine.command("sh").args(["-ec", script])).spawn();
        manager.wait_until("serving", || {
            self.shell("busctl --user status org.freedesktop.systemd1").status.success()
        });
        self._manager = Some(manager);
    }

    /// A command of the user, with the environment of a log-in.
    pub fn command(&self, program: &str) -> CommandInside<'_> {
        self.environment(self.machine.command(program).uid(USER))
    }

    /// Runs a shell script of the user. Its PATH finds systemd's programs; ours are in `$OURS`.
    pub fn shell(&self, script: &str) -> Output {
        self.command("sh").args(["-c", script]).output()
    }

    /// Runs a script of the user in a control group of the user's, so that the manager may move its processes.
    pub fn shell_in_group(&self, script: &str) -> Output {
        let enter = "mkdir -p /sys/fs/cgroup/user/login; chown 1000:1000 /sys/fs/cgroup/user/login /sys/fs/cgroup/user/login/cgroup.procs
             echo $$ > /sys/fs/cgroup/user/login/cgroup.procs
             exec setpriv --reuid 1000 --regid 1000 --clear-groups sh -c \"$1\"";
        self.environment(self.machine.command("sh").args(["-ec", enter, "sh", script])).output()
    }

    /// Starts a program of the user in the background.
    pub fn spawn(&self, script: &str) -> Daemon {
        self.command("sh").args(["-c", &format!("exec {script}")]).spawn()
    }

    /// The state of a unit.
    pub fn state(&self, unit: &str) -> String {
        self.shell(&format!("systemctl --user is-active {unit}")).stdout.trim().to_owned()
    }

    fn environment<'a>(&self, command: CommandInside<'a>) -> CommandInside<'a> {
        command
            .env("HOME", "/home/user")
            .env("USER", "user")
            .env("SHELL", "/bin/sh")
            .env("OURS", OURS)
            .env("XDG_RUNTIME_DIR", RUNTIME)
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={RUNTIME}/bus"))
            .env("SYSTEMD_UNIT_PATH", self.unit_path)
    }
}
