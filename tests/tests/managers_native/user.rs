//! A user whose service manager is a native one, and units of hers.

use std::fs;
use std::time::Duration;

use usher_tests::gnome::install::{self, Leader};
use usher_tests::lab::Process;
use usher_tests::lab::desktop::wait_for;
use usher_tests::lab::machine::{Builder, Machine};
use usher_tests::lab::process::{CommandInside, Daemon, Output};

use crate::Native;

const UID: u32 = 1000;
const RUNTIME: &str = "/run/user/1000";
const BUS: &str = "unix:path=/run/user/1000/bus";

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(30);

/// Who starts the native manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The user's login did.
    Before,
    /// session-launcher does, for itself.
    Private,
}

/// A machine with the user in it.
pub struct User {
    pub machine: Machine,
    pub native: Box<dyn Native>,
    daemons: Vec<Daemon>,
}

impl User {
    /// Units are (name, text). `None`: there can be no machine here.
    pub fn new(
        builder: Builder,
        native: Box<dyn Native>,
        units: &[(&str, &str)],
        start: Start,
        launch: impl Fn(&Self) -> (Daemon, String),
    ) -> Option<Self> {
        let machine = install::bind(builder).start_or_skip()?;
        install::install(&machine, Leader::Ours);
        let preparation = format!(
            "useradd --create-home --uid {UID} --shell /bin/bash ann
             dbus-uuidgen --ensure=/etc/machine-id
             mkdir -p /run/user
             install -d -m 0700 -o {UID} -g {UID} {RUNTIME}"
        );
        machine.command("sh").args(["-ec", &preparation]).run();
        for (name, text) in units {
            machine.write(&format!("/etc/systemd/user/{name}"), 0o644, text);
        }
        let mut user = Self { machine, native, daemons: Vec::new() };
        if start == Start::Before {
            let (mut daemon, socket) = launch(&user);
            daemon.wait_for_socket(user.machine.path(socket));
            user.daemons.push(daemon);
        }
        let mut bus = user
            .command("dbus-daemon")
            .args(["--session", &format!("--address={BUS}"), "--nofork", "--nopidfile"])
            .spawn();
        bus.wait_for_socket(user.machine.path(format!("{RUNTIME}/bus")));
        user.daemons.push(bus);
        if start == Start::Private {
            let name = user.native.name();
            let mut engine = user
                .command("session-launcher")
                .args(["daemon", "--private", &format!("--manager={name}"), "--unit=basic.target"])
                .spawn();
            engine.wait_until("the manager answers", || {
                // systemctl would have the bus start another one.
                let owner = [
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/",
                    "org.freedesktop.DBus.NameHasOwner",
                    "string:org.freedesktop.systemd1",
                ];
                user.command("dbus-send").args(owner).output().stdout.contains("true")
            });
            user.daemons.push(engine);
        }
        Some(user)
    }

    pub fn command(&self, program: &str) -> CommandInside<'_> {
        self.machine
            .command(program)
            .uid(UID)
            .env("HOME", "/home/ann")
            .env("USER", "ann")
            .env("LOGNAME", "ann")
            .env("SHELL", "/bin/bash")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("XDG_RUNTIME_DIR", RUNTIME)
            .env("DBUS_SESSION_BUS_ADDRESS", BUS)
    }

    pub fn script(&self, text: &str) -> String {
        self.command("sh").args(["-ec", text]).run()
    }

    pub fn systemctl(&self, arguments: &[&str]) -> Output {
        self.command("systemctl").arg("--user").args(arguments.iter().copied()).output()
    }

    /// `systemctl`, which has to succeed.
    pub fn must(&self, arguments: &[&str]) -> String {
        let output = self.systemctl(arguments);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.story());
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

    /// The native tool; it must not hang.
    pub fn tool(&self, verb: &str, unit: &str) -> Output {
        self.command("timeout").arg("60").args(self.native.tool(verb, unit)).output()
    }

    /// The native tool, which has to succeed.
    pub fn must_tool(&self, verb: &str, unit: &str) {
        let output = self.tool(verb, unit);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert_eq!(output.code(), 0, "{verb} {unit}: {said}\n{}", self.story());
    }

    pub fn list(&self) -> String {
        let words = self.native.list();
        let output = self.command(&words[0]).args(words[1..].iter().cloned()).output();
        output.stdout + &output.stderr
    }

    pub fn is_shown_up(&self, unit: &str) -> bool {
        self.native.is_up(&self.list(), unit)
    }

    pub fn wait_for_shown(&self, unit: &str, up: bool) {
        self.wait(&format!("{unit} is shown as up: {up}"), || self.is_shown_up(unit) == up);
    }

    pub fn processes(&self) -> Vec<Process> {
        self.machine.processes_of(UID)
    }

    /// The command lines of the processes above another one, whose number is the machine's own.
    pub fn above(&self, pid: i32) -> Vec<String> {
        let walk = "p=$1; while [ \"$p\" -gt 1 ]; do p=$(sed 's/.*) . //; s/ .*//' /proc/$p/stat); \
                    tr '\\0' ' ' < /proc/$p/cmdline; echo; done";
        let output = self.command("sh").args(["-c", walk, "walk", &pid.to_string()]).output();
        output.stdout.lines().map(str::to_owned).collect()
    }

    /// The machine's own number of a child of a process.
    pub fn child_of(&self, pid: i32) -> i32 {
        let path = format!("/proc/{pid}/task/{pid}/children");
        let children = self.command("cat").arg(path).run();
        children.split_ascii_whitespace().next().and_then(|pid| pid.parse().ok()).expect("it has a child")
    }

    /// The process of session-launcher that is the engine: the guardian's child.
    pub fn engine(&self) -> Process {
        let mut found = self.processes();
        found.retain(|process| process.command_line.contains("daemon --engine"));
        assert_eq!(found.len(), 1, "one engine: {found:?}");
        found.remove(0)
    }

    /// The machine's own number of the engine that serves the bus; 0 for none.
    pub fn owner(&self) -> i32 {
        let call = [
            "--session",
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus.GetConnectionUnixProcessID",
            "string:org.freedesktop.systemd1",
        ];
        let answer = self.command("dbus-send").args(call).output().stdout;
        answer.split_ascii_whitespace().last().and_then(|pid| pid.parse().ok()).unwrap_or(0)
    }

    pub fn kill(&self, pid: i32) {
        self.machine.command("kill").args(["-KILL".to_owned(), pid.to_string()]).run();
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
        let logs = "cd ~/.local/state/session-launcher/log && tail -n 20 *lab*; tail -n 30 ~/.local/state/shepherd/shepherd.log";
        let logs = self.command("sh").args(["-c", logs]).output();
        let daemons: String = self.daemons.iter().map(|daemon| format!("--\n{}\n", daemon.log())).collect();
        format!("{processes}\n{units}\n{}\n{}\n{daemons}", self.list(), logs.stdout)
    }
}
