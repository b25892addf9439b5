//! `session-launcher daemon` in a machine without another service manager, with systemd's own clients to ask it.

use crate::binaries::{built, workspace};
use crate::lab::machine::Machine;
use crate::lab::process::{CommandInside, Daemon, Output};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// The user's number.
pub const USER: u32 = 1000;

const RUNTIME: &str = "/run/user/1000";

/// How long anything may take that has to come about.
const LIMIT: Duration = Duration::from_secs(30);

/// What the daemon may do with control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// Make them below its own.
    Own,
    /// None.
    None,
}

/// A process of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number in the machine.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// Its arguments.
    pub command: String,
    /// The name of the run that it belongs to.
    pub invocation: Option<String>,
}

/// A machine, a bus and a daemon.
#[derive(Debug)]
pub struct SessionDaemon {
    /// The machine.
    pub machine: Machine,
    groups: Groups,
    bus: Option<Daemon>,
    daemon: Option<Daemon>,
}

impl SessionDaemon {
    /// A machine with these units, in which nothing runs yet.
    pub fn machine(groups: Groups, units: &[(&str, &str)]) -> Option<Self> {
        let machine = Machine::builder("systemd-user")
            .cgroups()
            .bind_read_only(built("session-launcher"), "/usr/bin/session-launcher")
            .start_or_skip()?;
        let own = if groups == Groups::Own { "chown -R 1000:1000 /sys/fs/cgroup/user" } else { "" };
        machine
            .command("sh")
            .args([
                "-ec",
                &format!(
                    "mkdir -p /run/systemd/system /home/user {RUNTIME} /units /sys/fs/cgroup/user
                     echo user:x:1000: >> /etc/group
                     echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd
                     chown -R 1000:1000 /home/user {RUNTIME} /units; chmod 700 {RUNTIME}
                     {own}"
                ),
            ])
            .run();
        // systemd's clients look for systemd's own socket in $XDG_RUNTIME_DIR; without that variable they take the bus.
        for client in ["systemctl", "systemd-run"] {
            let script = format!("#!/bin/sh\nunset XDG_RUNTIME_DIR\nexec /usr/bin/{client} \"$@\"\n");
            machine.write(&format!("/usr/local/bin/{client}"), 0o755, script);
        }
        let daemon = Self { machine, groups, bus: None, daemon: None };
        for (name, content) in units {
            daemon.machine.write(&format!("/units/{name}"), 0o644, content);
        }
        for target in ["basic", "default", "shutdown", "sockets", "timers", "paths"] {
            let path = format!("/units/{target}.target");
            let content = match target {
                "shutdown" => "[Unit]\nDefaultDependencies=no\n",
                _ => "[Unit]\n",
            };
            if !daemon.machine.path(&path).exists() {
                daemon.machine.write(&path, 0o644, content);
            }
        }
        for name in ["exit.target", "systemd-exit.service"] {
            let text = fs::read(workspace().join("units").join(name)).expect("it is in the repository");
            daemon.machine.write(&format!("/units/{name}"), 0o644, text);
        }
        Some(daemon)
    }

    /// The same with bus and daemon running.
    pub fn start(groups: Groups, units: &[(&str, &str)]) -> Option<Self> {
        let mut started = Self::machine(groups, units)?;
        started.start_bus();
        started.start_daemon();
        Some(started)
    }

    /// Starts a session bus; programs can be started through it.
    pub fn start_bus(&mut self) {
        // A socket of an earlier one would be taken for this one's.
        let _ = fs::remove_file(self.machine.path(format!("{RUNTIME}/bus")));
        let command = self
            .in_group("dbus-daemon --session --nofork --nopidfile --nosyslog")
            .arg(format!("--address=unix:path={RUNTIME}/bus"));
        let mut bus = command.spawn();
        bus.wait_for_socket(self.machine.path(format!("{RUNTIME}/bus")));
        self.bus = Some(bus);
    }

    /// Ends the bus at once.
    pub fn kill_bus(&mut self) {
        self.bus = None;
    }

    /// Starts the daemon, and waits until it can be reached.
    pub fn start_daemon(&mut self) {
        self.wait_for(self.spawn_daemon());
    }

    /// The same of a daemon whose messages nobody reads: its standard error is a pipe whose other end is closed.
    pub fn start_unread_daemon(&mut self) {
        let command = "bash -c 'exec session-launcher daemon 2> >(exec true)'";
        self.wait_for(self.in_group(command).spawn());
    }

    fn wait_for(&mut self, mut daemon: Daemon) {
        daemon.wait_until("on the bus", || self.is_reachable());
        self.daemon = Some(daemon);
    }

    /// Starts a daemon.
    pub fn spawn_daemon(&self) -> Daemon {
        self.in_group("session-launcher daemon").spawn()
    }

    /// The daemon that was started last.
    ///
    /// # Panics
    /// When none was.
    pub fn daemon(&mut self) -> &mut Daemon {
        self.daemon.as_mut().expect("it was started")
    }

    /// Whether somebody is `org.freedesktop.systemd1` and answers.
    pub fn is_reachable(&self) -> bool {
        self.shell("busctl --user status org.freedesktop.systemd1 --auto-start=no > /dev/null 2>&1")
            .status
            .success()
            && self.systemctl("show -p Version").status.success()
    }

    fn in_group(&self, command: &str) -> CommandInside<'_> {
        let script = format!(
            "echo $$ > /sys/fs/cgroup/user/cgroup.procs
             exec setpriv --reuid 1000 --regid 1000 --clear-groups {command} \"$@\""
        );
        environment(self.machine.command("sh").args(["-ec", &script, "sh"]))
    }

    /// Whether control groups can be had.
    pub fn groups(&self) -> Groups {
        self.groups
    }

    /// A command of the user, with the environment of a log-in.
    pub fn command(&self, program: &str) -> CommandInside<'_> {
        environment(self.machine.command(program).uid(USER))
    }

    /// Runs a shell script of the user.
    pub fn shell(&self, script: &str) -> Output {
        self.command("sh").args(["-c", script]).output()
    }

    /// systemd's own systemctl.
    pub fn systemctl(&self, arguments: &str) -> Output {
        self.shell(&format!("systemctl --user {arguments}"))
    }

    /// The same, which has to succeed.
    ///
    /// # Panics
    /// When it does not; with what the daemon said.
    pub fn manage(&self, arguments: &str) -> String {
        let output = self.systemctl(arguments);
        let log = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
        assert!(output.status.success(), "systemctl {arguments}: {}{}\n{log}", output.stdout, output.stderr);
        output.stdout
    }

    /// A property of a unit.
    pub fn property(&self, unit: &str, name: &str) -> String {
        self.systemctl(&format!("show --value -p {name} -- {unit}")).stdout.trim().to_owned()
    }

    /// The state of a unit.
    pub fn state(&self, unit: &str) -> String {
        self.property(unit, "ActiveState")
    }

    /// The main process of a unit.
    pub fn main_pid(&self, unit: &str) -> i32 {
        self.property(unit, "MainPID").parse().unwrap_or(0)
    }

    /// Waits until that is so.
    ///
    /// # Panics
    /// When it does not come about; with what the daemon said and the processes that there are.
    pub fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let until = Instant::now() + LIMIT;
        while !condition() {
            if Instant::now() > until {
                let log = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
                panic!("not {what} after {LIMIT:?}\n{log}\n{:#?}", self.processes());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the unit is in that state.
    ///
    /// # Panics
    /// As [`SessionDaemon::wait_until`].
    pub fn wait_for_state(&self, unit: &str, state: &str) {
        self.wait_until(&format!("{unit} {state}"), || self.state(unit) == state);
    }

    /// Sends a signal to a process of the machine.
    ///
    /// # Panics
    /// When it is not there.
    pub fn kill(&self, pid: i32, signal: &str) {
        self.machine.command("sh").args(["-c", &format!("kill -{signal} {pid}")]).run();
    }

    /// Lets a guardian go on that was sent SIGSTOP: nsenter(1), its parent, has stopped with it.
    ///
    /// # Panics
    /// When it is not there.
    pub fn resume_guardian(&mut self, guardian: i32) {
        self.kill(guardian, "CONT");
        self.daemon().resume();
    }

    /// All live processes of the user, by number, but for clients that are asking something.
    pub fn processes(&self) -> BTreeMap<i32, Process> {
        let Ok(entries) = fs::read_dir(self.machine.path("/proc")) else { return BTreeMap::new() };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, self.process(pid)?)))
            .collect()
    }

    fn process(&self, pid: i32) -> Option<Process> {
        let read = |name: &str| fs::read_to_string(self.machine.path(format!("/proc/{pid}/{name}"))).ok();
        let status = read("status")?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
        if field("Uid")?.split('\t').next()? != "1000" || field("State")?.starts_with(['Z', 'X']) {
            return None;
        }
        let environment = fs::read(self.machine.path(format!("/proc/{pid}/environ"))).ok()?;
        let invocation = environment
            .split(|byte| *byte == 0)
            .find_map(|entry| std::str::from_utf8(entry).ok()?.strip_prefix("INVOCATION_ID="))
            .map(str::to_owned);
        Some(Process {
            pid,
            parent: field("PPid")?.parse().ok()?,
            command: read("cmdline")?.trim_end_matches('\0').replace('\0', " "),
            invocation,
        })
    }

    /// The processes of services.
    pub fn service_processes(&self) -> Vec<Process> {
        self.processes().into_values().filter(|process| process.invocation.is_some()).collect()
    }

    /// The guardian's number.
    pub fn guardian(&self) -> Option<i32> {
        self.find(|command| command.contains("session-launcher daemon") && !command.contains("--engine"))
    }

    /// The engine's number.
    pub fn engine(&self) -> Option<i32> {
        self.find(|command| command.starts_with("session-launcher daemon --engine"))
    }

    fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<i32> {
        self.processes().values().find(|process| wanted(&process.command)).map(|process| process.pid)
    }

    /// The process that is `org.freedesktop.systemd1`; 0 for none.
    pub fn owner(&self) -> i32 {
        let answer = self.shell(
            "dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / \
             org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.systemd1",
        );
        answer.stdout.split_ascii_whitespace().last().and_then(|pid| pid.parse().ok()).unwrap_or(0)
    }

    /// Kills the engine, and waits until another one answers.
    ///
    /// # Panics
    /// When none does.
    pub fn kill_engine(&self) {
        let old = self.engine().expect("an engine runs");
        self.kill(old, "KILL");
        self.wait_until("a new engine", || {
            self.engine().is_some_and(|engine| engine != old) && self.is_reachable()
        });
    }

    /// What the daemon that was started last has said.
    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }
}

fn environment(command: CommandInside<'_>) -> CommandInside<'_> {
    command
        .env("HOME", "/home/user")
        .env("USER", "user")
        .env("SHELL", "/bin/sh")
        .env("XDG_RUNTIME_DIR", RUNTIME)
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={RUNTIME}/bus"))
        .env("SYSTEMD_UNIT_PATH", "/units")
        .env("SESSION_LAUNCHER_LOG", "info,session_launcher::daemon::trace=debug")
}
