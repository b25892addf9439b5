//! A user with units of hers and a session bus.

use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

use super::Native;
use crate::gnome::install::{self, Leader};
use crate::lab::Process;
use crate::lab::desktop::wait_for;
use crate::lab::machine::{Builder, Machine};
use crate::lab::process::{CommandInside, Daemon, Output};

const UID: u32 = 1000;
const RUNTIME: &str = "/run/user/1000";
const BUS: &str = "unix:path=/run/user/1000/bus";

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(30);

/// The shell of people; services' users have none.
pub const SHELL: &str = "/bin/bash";

/// A machine with the user in it.
#[derive(Debug)]
pub struct User {
    daemons: Vec<Daemon>,
    /// session-launcher, if it is not the bus that has started it.
    engine: Option<Daemon>,
    /// Commands whose output tells what a service manager thinks.
    lists: Vec<Vec<String>>,
    /// The machine. It goes last: it would wait for those of its processes whose parents are outside and have stopped.
    pub machine: Machine,
}

impl User {
    /// Units are (name, text). Nothing runs yet. `None`: there can be no machine here.
    pub fn new(builder: Builder, shell: &str, units: &[(&str, &str)]) -> Option<Self> {
        let machine = install::bind(builder).start_or_skip()?;
        install::install(&machine, Leader::Ours);
        let preparation = format!(
            "useradd --create-home --uid {UID} --shell {shell} ann
             dbus-uuidgen --ensure=/etc/machine-id
             mkdir -p /run/user
             install -d -m 0700 -o {UID} -g {UID} {RUNTIME}"
        );
        machine.command("sh").args(["-ec", &preparation]).run();
        for (name, text) in units {
            machine.write(&format!("/etc/systemd/user/{name}"), 0o644, text);
        }
        Some(Self { daemons: Vec::new(), engine: None, lists: Vec::new(), machine })
    }

    /// Starts a service manager as her log-in would.
    pub fn log_in(&mut self, native: &dyn Native) {
        let daemon = native.log_in(self);
        self.daemons.extend(daemon);
        self.lists.push(native.list());
    }

    /// Starts the session bus, by which session-launcher is started when somebody asks for it.
    pub fn start_bus(&mut self) {
        let mut bus = self
            .command("dbus-daemon")
            .args(["--session", &format!("--address={BUS}"), "--nofork", "--nopidfile"])
            .spawn();
        bus.wait_for_socket(self.machine.path(format!("{RUNTIME}/bus")));
        self.daemons.push(bus);
    }

    /// Starts session-launcher with these options and variables, and waits until it can be reached.
    pub fn start_engine(&mut self, arguments: &[&str], variables: &[(&str, &str)]) {
        let mut command = self.command("session-launcher").args(["daemon", "--unit=basic.target"]);
        command = command.args(arguments.iter().copied());
        for (name, value) in variables {
            command = command.env(*name, *value);
        }
        let mut engine = command.spawn();
        engine.wait_until("the manager answers", || self.has_engine());
        self.engine = Some(engine);
    }

    /// Ends session-launcher in order, and gives its exit status.
    ///
    /// # Panics
    /// When it was not started by [`User::start_engine`], or does not end.
    pub fn stop_engine(&mut self) -> ExitStatus {
        self.engine().signal(Signal::TERM);
        self.engine.take().expect("it was started").wait(LIMIT)
    }

    /// Ends a program in the background at once, as if it had crashed.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn crash(&mut self, process: &str) {
        let found = self.processes().into_iter().find(|found| found.command_line.contains(process));
        found.unwrap_or_else(|| panic!("there is no {process}")).signal(Signal::KILL);
        self.wait(&format!("{process} is gone"), || {
            self.processes().iter().all(|found| !found.command_line.contains(process))
        });
    }

    /// Starts a program that goes on in the background.
    pub fn spawn(&mut self, command: impl FnOnce(&Self) -> Daemon) {
        let daemon = command(self);
        self.daemons.push(daemon);
    }

    /// Whether session-launcher can be reached. systemctl would have the bus start one.
    pub fn has_engine(&self) -> bool {
        self.has_owner("org.freedesktop.systemd1")
    }

    /// Whether a name on the session bus has an owner.
    pub fn has_owner(&self, name: &str) -> bool {
        let question = [
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus.NameHasOwner",
            &format!("string:{name}"),
        ];
        self.command("dbus-send").args(question).output().stdout.contains("true")
    }

    /// What the programs in the background have said; session-launcher comes last.
    pub fn said(&self) -> String {
        self.daemons.iter().chain(&self.engine).map(|daemon| format!("--\n{}\n", daemon.log())).collect()
    }

    /// A command of hers, with the environment of a log-in.
    pub fn command(&self, program: &str) -> CommandInside<'_> {
        self.machine
            .command(program)
            .uid(UID)
            .env("HOME", "/home/ann")
            .env("USER", "ann")
            .env("LOGNAME", "ann")
            .env("SHELL", SHELL)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("XDG_RUNTIME_DIR", RUNTIME)
            .env("DBUS_SESSION_BUS_ADDRESS", BUS)
    }

    /// Runs a shell script of hers, and gives what it prints.
    ///
    /// # Panics
    /// When it fails.
    pub fn script(&self, text: &str) -> String {
        self.command("sh").args(["-ec", text]).run()
    }

    /// `systemctl --user`.
    pub fn systemctl(&self, arguments: &[&str]) -> Output {
        self.command("systemctl").arg("--user").args(arguments.iter().copied()).output()
    }

    /// `systemctl`, which has to succeed.
    ///
    /// # Panics
    /// When it does not.
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

    /// Waits until the unit is in that state.
    ///
    /// # Panics
    /// When it does not come about.
    pub fn wait_for_state(&self, unit: &str, state: &str) {
        self.wait(&format!("{unit} is {state}"), || self.state(unit) == state);
    }

    /// Waits until that is so.
    ///
    /// # Panics
    /// When it does not come about; with the whole story.
    pub fn wait(&self, what: &str, condition: impl FnMut() -> bool) {
        assert!(wait_for(LIMIT, Duration::from_millis(20), condition), "not so: {what}\n{}", self.story());
    }

    /// The machine's own number of the unit's main process; 0 when there is none.
    pub fn main_pid(&self, unit: &str) -> i32 {
        self.must(&["show", "--property=MainPID", "--value", unit]).trim().parse().unwrap_or(0)
    }

    /// The same, of a unit that may just be starting: a simple service is up before its wrapper has told of a process.
    ///
    /// # Panics
    /// When none comes.
    pub fn running(&self, unit: &str) -> i32 {
        let mut pid = 0;
        self.wait(&format!("{unit} has a process"), || {
            pid = self.main_pid(unit);
            pid != 0
        });
        pid
    }

    /// Her processes.
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
    ///
    /// # Panics
    /// When it has none.
    pub fn child_of(&self, pid: i32) -> i32 {
        let path = format!("/proc/{pid}/task/{pid}/children");
        let children = self.command("cat").arg(path).run();
        children.split_ascii_whitespace().next().and_then(|pid| pid.parse().ok()).expect("it has a child")
    }

    /// The process of session-launcher that is the engine: the guardian's child.
    ///
    /// # Panics
    /// When there is none.
    pub fn engine(&self) -> Process {
        let oldest = self.engines().into_iter().min_by_key(|process| process.parent);
        oldest.unwrap_or_else(|| panic!("no engine runs\n{}", self.said()))
    }

    /// While an engine is away, the bus starts another guardian for whoever asks, which gives up later: that one's engine
    /// does not count where the guardian is known.
    fn engines(&self) -> Vec<Process> {
        let guardian = self.engine.as_ref().and_then(Daemon::pid);
        let mut found = self.processes();
        found.retain(|process| {
            process.command_line.contains("daemon --engine")
                && guardian.is_none_or(|guardian| process.parent == guardian)
        });
        found
    }

    /// Kills the engine, and waits until there is another one.
    ///
    /// # Panics
    /// When none comes.
    pub fn kill_engine(&self) {
        // What came last is saved a little later.
        std::thread::sleep(Duration::from_millis(500));
        let engine = self.engine();
        engine.signal(Signal::KILL);
        self.wait("another engine runs", || self.engines().iter().any(|process| process.pid != engine.pid));
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

    /// Kills a process by the machine's own number.
    ///
    /// # Panics
    /// When it is none.
    pub fn kill(&self, pid: i32) {
        assert!(pid > 1, "{pid} is no process");
        self.machine.command("kill").args(["-KILL".to_owned(), pid.to_string()]).run();
    }

    /// A file of the machine; nothing when it is not there.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.machine.path(path)).unwrap_or_default()
    }

    /// A file in her directory at run time.
    pub fn path(&self, name: &str) -> String {
        format!("{RUNTIME}/{name}")
    }

    /// What a failed test tells.
    pub fn story(&self) -> String {
        let processes: String = self.processes().iter().map(|process| format!("{process}\n")).collect();
        let units = self.systemctl(&["list-units", "--no-pager", "--all"]).stdout;
        let lists: String = self.lists.iter().map(|words| self.output_of(words)).collect();
        let logs = "cd ~/.local/state/session-launcher/log && tail -n 20 *lab*; tail -n 30 ~/.local/state/shepherd/shepherd.log";
        let logs = self.command("sh").args(["-c", logs]).output();
        format!("{processes}\n{units}\n{lists}\n{}\n{}", logs.stdout, self.said())
    }

    /// What a command prints, to both streams. It must not hang.
    pub fn output_of(&self, words: &[String]) -> String {
        let output = self.command("timeout").arg("20").args(words.iter().cloned()).output();
        output.stdout + &output.stderr
    }
}
