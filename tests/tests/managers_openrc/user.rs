//! A user whose services OpenRC runs, and units of hers.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use usher_tests::gnome::install::{self, Leader};
use usher_tests::lab::Process;
use usher_tests::lab::desktop::wait_for;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::{CommandInside, Daemon, Output};

const UID: u32 = 1000;
const RUNTIME: &str = "/run/user/1000";
const BUS: &str = "unix:path=/run/user/1000/bus";

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(20);

/// A machine with the user in it.
pub struct User {
    pub machine: Machine,
    _bus: Daemon,
}

impl User {
    /// Units are (name, text). `None`: there can be no machine here.
    pub fn with_units(units: &[(&str, &str)]) -> Option<Self> {
        Self::new(units, "/bin/bash", true)
    }

    /// With this login shell, and with OpenRC or without.
    pub fn new(units: &[(&str, &str)], shell: &str, openrc: bool) -> Option<Self> {
        let machine = install::bind(Machine::builder("gnome")).start_or_skip()?;
        install::install(&machine, Leader::Ours);
        let preparation = format!(
            "useradd --create-home --uid {UID} --shell {shell} ann
             dbus-uuidgen --ensure=/etc/machine-id
             mkdir -p /run/user /run/openrc
             install -d -m 0700 -o {UID} -g {UID} {RUNTIME}"
        );
        machine.command("sh").args(["-ec", &preparation]).run();
        for (name, text) in units {
            machine.write(&format!("/etc/systemd/user/{name}"), 0o644, text);
        }
        let command = |program: &str| command_of(&machine, program);
        if openrc {
            command("/usr/sbin/openrc").args(["--user", "default"]).run();
        }
        let mut bus = command("dbus-daemon")
            .args(["--session", &format!("--address={BUS}"), "--nofork", "--nopidfile"])
            .spawn();
        bus.wait_for_socket(machine.path(format!("{RUNTIME}/bus")));
        Some(Self { machine, _bus: bus })
    }

    pub fn command(&self, program: &str) -> CommandInside<'_> {
        command_of(&self.machine, program).env("DBUS_SESSION_BUS_ADDRESS", BUS)
    }

    pub fn systemctl(&self, arguments: &[&str]) -> Output {
        self.command("systemctl").arg("--user").args(arguments.iter().copied()).output()
    }

    /// `systemctl`, which has to succeed.
    pub fn must(&self, arguments: &[&str]) -> String {
        let output = self.systemctl(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}{}\n{}",
            output.stdout,
            output.stderr,
            self.story()
        );
        output.stdout
    }

    /// `active`, `failed`...
    pub fn state(&self, unit: &str) -> String {
        self.systemctl(&["is-active", unit]).stdout.trim().to_owned()
    }

    pub fn wait_for_state(&self, unit: &str, state: &str) {
        self.wait(&format!("{unit} is {state}"), || self.state(unit) == state);
    }

    pub fn wait(&self, what: &str, condition: impl FnMut() -> bool) {
        assert!(wait_for(LIMIT, Duration::from_millis(20), condition), "not so: {what}\n{}", self.story());
    }

    pub fn main_pid(&self, unit: &str) -> i32 {
        self.must(&["show", "--property=MainPID", "--value", unit]).trim().parse().unwrap_or(0)
    }

    /// `rc-service`; it must not hang.
    pub fn rc_service(&self, service: &str, verb: &str) -> Output {
        self.command("timeout").args(["60", "rc-service", "--user", service, verb]).output()
    }

    /// What `rc-status` says of each service: `started`, `failed`...; stopped ones are not listed.
    pub fn rc_status(&self) -> BTreeMap<String, String> {
        let output = self.command("rc-status").args(["--user", "--format", "ini"]).run();
        output
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .filter_map(|(name, state)| {
                Some((name.to_owned(), state.split_ascii_whitespace().next()?.to_owned()))
            })
            .collect()
    }

    pub fn shown(&self, service: &str) -> String {
        self.rc_status().remove(service).unwrap_or_default()
    }

    pub fn wait_for_shown(&self, service: &str, state: &str) {
        self.wait(&format!("{service} is shown as {state:?}"), || self.shown(service) == state);
    }

    pub fn processes(&self) -> Vec<Process> {
        self.machine.processes_of(UID)
    }

    /// The supervise-daemon processes of a service.
    pub fn supervisors(&self, service: &str) -> Vec<Process> {
        let mut processes = self.processes();
        processes.retain(|process| {
            process.command_line.starts_with(&format!("supervise-daemon {service} "))
                || process.command_line.contains(&format!("/supervise-daemon {service} "))
        });
        processes
    }

    /// The process of session-launcher that is the engine: the guardian's child.
    pub fn engine(&self) -> Process {
        let mut found = self.processes();
        found.retain(|process| process.command_line.contains("daemon --engine"));
        assert_eq!(found.len(), 1, "one engine: {found:?}");
        found.remove(0)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.machine.path(path)).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> String {
        format!("{RUNTIME}/{name}")
    }

    pub fn story(&self) -> String {
        let processes: String = self.processes().iter().map(|process| format!("{process}\n")).collect();
        let units = self.systemctl(&["list-units", "--no-pager", "--all"]).stdout;
        let status = self.command("rc-status").args(["--user"]).output().stdout;
        let logs = self
            .command("sh")
            .args(["-c", "cd ~/.local/state/session-launcher/log && tail -n 20 *lab*"])
            .output();
        format!("{processes}\n{units}\n{status}\n{}\n-- bus:\n{}", logs.stdout, self._bus.log())
    }
}

fn command_of<'m>(machine: &'m Machine, program: &str) -> CommandInside<'m> {
    machine
        .command(program)
        .uid(UID)
        .env("HOME", "/home/ann")
        .env("USER", "ann")
        .env("LOGNAME", "ann")
        .env("SHELL", "/bin/bash")
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("XDG_RUNTIME_DIR", RUNTIME)
}
