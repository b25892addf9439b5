//! Plays a scenario on the real `systemd --user`, in a machine of the root `systemd-user`.

use super::format::{Act, Scenario};
use super::observation::{Happening, Observation, Step};
use super::settle::QUIET;
use super::simulation::{USER_ID, manager_environment, write_units};
use super::systemd_log::{self, Alive, Said};
use crate::lab::machine::Machine;
use crate::lab::process::Daemon;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The longest that settling may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A stage that plays one scenario after the other.
#[derive(Debug)]
pub struct Stage {
    machine: Machine,
    directory: tempfile::TempDir,
    plays: u32,
}

/// A stand-in that has said hello.
#[derive(Debug)]
struct Actor {
    unit: String,
    pid: u32,
    idle: bool,
    gone: bool,
    stream: UnixStream,
}

#[derive(Debug, Default)]
struct Backstage {
    actors: Vec<Actor>,
    happenings: Vec<Happening>,
    last: Option<Instant>,
}

impl Stage {
    /// A machine for plays, or `None` where there can be none. `stand_in` is the program; `base` are the unit
    /// directories below the scenario's own.
    pub fn open(stand_in: &Path, base: &[PathBuf]) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let mut builder = Machine::builder("systemd-user")
            .cgroups()
            .bind(directory.path(), "/scenario")
            .bind_read_only(stand_in, "/usr/bin/stand-in");
        for (place, path) in base.iter().enumerate() {
            builder = builder.bind_read_only(path, format!("/base/{place}"));
        }
        let machine = builder.start_or_skip()?;
        machine
            .command("sh")
            .args([
                "-ec",
                "mkdir -p /run/systemd/system /home/user; chown 1000:1000 /home/user; echo user:x:1000: >> /etc/group
                 echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd",
            ])
            .run();
        Some(Self { machine, directory, plays: 0 })
    }

    /// Plays a scenario with these of the stage's unit directories below its own.
    ///
    /// # Errors
    /// The manager did not do what every scenario relies on.
    pub fn play(&mut self, scenario: &Scenario, bases: &[usize]) -> Result<Observation, String> {
        self.plays += 1;
        let mut play = Play::begin(self, scenario, bases)?;
        let mut steps = vec![play.first()?];
        for act in &scenario.acts {
            steps.push(play.step(act)?);
        }
        Ok(steps)
    }
}

struct Play<'a> {
    machine: &'a Machine,
    directory: PathBuf,
    scenario: &'a Scenario,
    units: Vec<String>,
    _manager: Daemon,
    log: fs::File,
    partial: String,
    alive: Alive,
    /// The manager takes up again what it knew before a reload; it logs that as changes.
    reloading: bool,
    backstage: Arc<Mutex<Backstage>>,
    last: Instant,
    connections: Vec<UnixStream>,
    cgroup: String,
    scopes: Vec<Daemon>,
}

impl<'a> Play<'a> {
    fn begin(stage: &'a Stage, scenario: &'a Scenario, bases: &[usize]) -> Result<Self, String> {
        let directory = stage.directory.path().to_owned();
        for entry in fs::read_dir(&directory).expect("the directory is there").flatten() {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        for name in ["units", "run", "files"] {
            fs::create_dir(directory.join(name)).expect("a directory can be made");
        }
        write_units(scenario, 1, &directory.join("units"));
        let listener = UnixListener::bind(directory.join("control")).expect("a socket can be made");
        let backstage = Arc::new(Mutex::new(Backstage::default()));
        accept(listener, Arc::clone(&backstage));
        fs::write(directory.join("log"), "").expect("a log can be made");

        let cgroup = format!("/sys/fs/cgroup/play{}", stage.plays);
        let unit_path: Vec<_> = std::iter::once("/scenario/units".to_owned())
            .chain(bases.iter().map(|place| format!("/base/{place}")))
            .collect();
        let script = format!(
            "chown -R {USER_ID}:{USER_ID} /scenario; mkdir {cgroup}; chown -R {USER_ID}:{USER_ID} {cgroup}
             echo $$ > {cgroup}/cgroup.procs
             exec setpriv --reuid {USER_ID} --regid {USER_ID} --clear-groups \
             /usr/lib/systemd/systemd --user --unit=basic.target 2> /scenario/log"
        );
        let mut command = stage.machine.command("sh").args(["-ec", &script]);
        for (name, value) in manager_environment() {
            command = command.env(name, value);
        }
        let manager = command
            .env("HOME", "/home/user")
            .env("XDG_RUNTIME_DIR", "/scenario/run")
            .env("SCENARIO_DIRECTORY", "/scenario")
            .env("SYSTEMD_UNIT_PATH", unit_path.join(":"))
            .env("SYSTEMD_LOG_LEVEL", "debug")
            .env("SYSTEMD_LOG_TARGET", "console")
            .env("SYSTEMD_LOG_COLOR", "0")
            .spawn();
        let log = fs::File::open(directory.join("log")).expect("the log is there");
        let mut play = Self {
            machine: &stage.machine,
            directory,
            scenario,
            units: scenario.units(),
            _manager: manager,
            log,
            partial: String::new(),
            alive: Alive::default(),
            reloading: false,
            backstage,
            last: Instant::now(),
            connections: Vec::new(),
            cgroup,
            scopes: Vec::new(),
        };
        play.wait_for_manager()?;
        Ok(play)
    }

    fn wait_for_manager(&mut self) -> Result<(), String> {
        let start = Instant::now();
        while self.systemctl(&["is-active", "--quiet", "basic.target"]).is_err() {
            if start.elapsed() > LIMIT {
                return Err(format!("systemd --user does not come up:\n{}", self.last_words()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if self.scenario.bus {
            self.systemctl(&["start", "dbus.service"])?;
            let ready = self.inside(
                "for i in $(seq 200); do busctl --user status org.freedesktop.systemd1 > /dev/null 2>&1 && exit 0; sleep 0.05; done; exit 1",
            );
            ready.map_err(|_| format!("no session bus:\n{}", self.last_words()))?;
        }
        Ok(())
    }

    /// The last words of the manager.
    fn last_words(&self) -> String {
        let text = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<_> =
            text.lines().filter(|line| systemd_log::understand(line) != Said::Chatter).collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Runs a shell command as the user.
    fn inside(&self, script: &str) -> Result<String, String> {
        let output = self
            .machine
            .command("sh")
            .args(["-c", script])
            .env("XDG_RUNTIME_DIR", "/scenario/run")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/scenario/run/bus")
            .env("SCENARIO_DIRECTORY", "/scenario")
            .uid(USER_ID)
            .output();
        if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) }
    }

    fn systemctl(&self, arguments: &[&str]) -> Result<String, String> {
        self.inside(&format!("systemctl --user {}", arguments.join(" ")))
    }

    fn first(&mut self) -> Result<Step, String> {
        self.settle()?;
        self.finish_step("begin".to_owned(), None, Vec::new())
    }

    fn step(&mut self, act: &Act) -> Result<Step, String> {
        let refusal = self.perform(act)?;
        let happenings = self.settle()?;
        self.finish_step(format!("{act:?}"), refusal, happenings)
    }

    fn finish_step(
        &mut self,
        act: String,
        refusal: Option<String>,
        mut happenings: Vec<Happening>,
    ) -> Result<Step, String> {
        let states = self.states()?;
        // What looking has caused is part of this step too, and settled is only who stays so.
        happenings.extend(self.read_log());
        let mine: BTreeSet<&str> = self.units.iter().map(String::as_str).collect();
        happenings.retain(|happening| mine.contains(happening.unit.split(' ').next().unwrap_or_default()));
        Ok(Step { act, refusal, happenings, states })
    }

    fn states(&self) -> Result<BTreeMap<String, String>, String> {
        let script = format!(
            "systemctl --user show -p Id,LoadState,ActiveState,SubState,Result,NRestarts -- {}; echo ==; systemctl --user list-jobs --no-legend --full --plain",
            self.units.join(" ")
        );
        let text = if self.units.is_empty() { "==".to_owned() } else { self.inside(&script)? };
        let (shown, jobs) = text.split_once("==").unwrap_or((&text, ""));
        let jobs: BTreeMap<&str, String> = jobs
            .lines()
            .filter_map(|line| {
                let fields: Vec<_> = line.split_whitespace().collect();
                match fields.as_slice() {
                    [_, unit, kind, state, ..] => Some((*unit, format!("{kind}/{state}"))),
                    _ => None,
                }
            })
            .collect();
        Ok(shown
            .split("\n\n")
            .zip(&self.units)
            .map(|(block, unit)| {
                let fields: BTreeMap<_, _> = block.lines().filter_map(|line| line.split_once('=')).collect();
                let field = |name: &str| fields.get(name).copied().unwrap_or_default();
                let result = if field("Result").is_empty() { "success" } else { field("Result") };
                let mut state =
                    format!("{} {}/{} {result}", field("LoadState"), field("ActiveState"), field("SubState"));
                if let Some(job) = jobs.get(unit.as_str()) {
                    state.push_str(&format!(" job={job}"));
                }
                if !matches!(field("NRestarts"), "" | "0") {
                    state.push_str(&format!(" restarts={}", field("NRestarts")));
                }
                (unit.clone(), state)
            })
            .collect())
    }

    fn perform(&mut self, act: &Act) -> Result<Option<String>, String> {
        match act {
            Act::Request { verb, unit, mode } => {
                let mut arguments = vec![verb.as_str(), "--no-block"];
                let mode = mode.as_ref().map(|mode| format!("--job-mode={mode}"));
                if let Some(mode) = &mode {
                    arguments.push(mode);
                }
                arguments.push("--");
                arguments.push(unit);
                return Ok(self.systemctl(&arguments).err().map(|text| refusal_word(&text)));
            }
            Act::Tell(unit, words) => self.tell(unit, words)?,
            Act::Kill(unit, signal) => {
                let name = super::script::signal_name(*signal);
                self.systemctl(&["kill", "--kill-whom=main", "-s", name, "--", unit])?;
            }
            Act::Wait(span) => {
                let end = Instant::now() + *span;
                while Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            Act::ResetFailed(unit) => {
                let arguments: Vec<_> = std::iter::once("reset-failed").chain(unit.as_deref()).collect();
                return Ok(self.systemctl(&arguments).err().map(|text| refusal_word(&text)));
            }
            Act::Use(edition) => {
                write_units(self.scenario, *edition, &self.directory.join("units"));
                self.systemctl(&["daemon-reload"])?;
            }
            Act::SetEnvironment(name, value) => {
                self.systemctl(&["set-environment", &format!("{name}={value}")])?;
            }
            Act::Write(file) => {
                self.inside(&format!(
                    "mkdir -p $(dirname /scenario/files/{file}); echo x > /scenario/files/{file}"
                ))?;
            }
            Act::Remove(file) => {
                self.inside(&format!("rm /scenario/files/{file}"))?;
            }
            Act::Connect(file) => {
                let path = self.directory.join("files").join(file);
                let stream =
                    UnixStream::connect(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                self.connections.push(stream);
            }
            Act::Scope(unit, properties, words) => self.start_scope(unit, properties, words)?,
        }
        Ok(None)
    }

    fn start_scope(&mut self, unit: &str, properties: &[String], words: &str) -> Result<(), String> {
        let properties: String = properties.iter().map(|line| format!(" -p {line}")).collect();
        let script =
            format!("exec systemd-run --user --scope --quiet --unit={unit}{properties} -- stand-in {words}");
        let daemon = self
            .machine
            .command("sh")
            .args([
                "-c",
                &format!(
                    "echo $$ > {}/cgroup.procs; exec setpriv --reuid {USER_ID} --regid {USER_ID} --clear-groups sh -c '{script}'",
                    self.cgroup
                ),
            ])
            .env("XDG_RUNTIME_DIR", "/scenario/run")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/scenario/run/bus")
            .env("SCENARIO_DIRECTORY", "/scenario")
            .spawn();
        self.scopes.push(daemon);
        let start = Instant::now();
        while !self.backstage.lock().expect("nobody panics").actors.iter().any(|actor| actor.unit == unit) {
            if start.elapsed() > LIMIT {
                let log: Vec<_> = self.scopes.iter().map(Daemon::log).collect();
                return Err(format!("the scope does not come up: {log:?}\n{}", self.last_words()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn tell(&self, unit: &str, words: &str) -> Result<(), String> {
        let mut backstage = self.backstage.lock().expect("nobody panics");
        let actor = backstage.actors.iter_mut().rev().find(|actor| actor.unit == unit && !actor.gone);
        let Some(actor) = actor else { return Err(format!("{unit} has no process\n{}", self.last_words())) };
        actor.idle = false;
        writeln!(actor.stream, "{words}").map_err(|error| format!("{unit}: {error}"))
    }

    /// Waits until nothing moves, and gives what happened until then.
    fn settle(&mut self) -> Result<Vec<Happening>, String> {
        let start = Instant::now();
        self.last = start;
        let mut happenings = Vec::new();
        loop {
            happenings.extend(self.read_log());
            let (busy, last) = self.actors_are_busy();
            let quiet_since = self.last.max(last.unwrap_or(start));
            if !busy && quiet_since.elapsed() > QUIET {
                break;
            }
            if start.elapsed() > LIMIT {
                let backstage = self.backstage.lock().expect("nobody panics");
                return Err(format!(
                    "it does not settle; alive {:?}, actors {:?}\n{}",
                    self.alive,
                    backstage.actors,
                    self.last_words()
                ));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        happenings.append(&mut self.backstage.lock().expect("nobody panics").happenings);
        Ok(happenings)
    }

    fn actors_are_busy(&self) -> (bool, Option<Instant>) {
        let backstage = self.backstage.lock().expect("nobody panics");
        let waiting = self.alive.iter().any(|pid| {
            // Programs of the distribution's unit files never say hello; they are gone soon or stay.
            backstage.actors.iter().rev().find(|actor| actor.pid == pid).is_some_and(|a| !a.idle && !a.gone)
        });
        (waiting, backstage.last)
    }

    fn read_log(&mut self) -> Vec<Happening> {
        let mut happenings = Vec::new();
        let mut text = std::mem::take(&mut self.partial);
        let position = self.log.stream_position().unwrap_or(0);
        let _ = self.log.seek(SeekFrom::Start(position));
        let mut bytes = Vec::new();
        let _ = self.log.read_to_end(&mut bytes);
        text.push_str(&String::from_utf8_lossy(&bytes));
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        self.partial = text[complete..].to_owned();
        for line in text[..complete].lines() {
            let said = systemd_log::understand(line);
            self.alive.note(&said);
            if said != Said::Chatter {
                self.last = Instant::now();
            }
            if line.starts_with("Invoking unit coldplug") {
                self.reloading = true;
            } else if line.starts_with("Invoking unit catchup") {
                self.reloading = false;
            }
            if let Said::Happened(happening) = said
                && !self.reloading
            {
                happenings.push(happening);
            }
        }
        happenings
    }
}

impl Drop for Play<'_> {
    fn drop(&mut self) {
        let script = format!("echo 1 > {}/cgroup.kill", self.cgroup);
        let _ = self.machine.command("sh").args(["-c", &script]).output();
    }
}

fn accept(listener: UnixListener, backstage: Arc<Mutex<Backstage>>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let backstage = Arc::clone(&backstage);
            std::thread::spawn(move || listen(stream, &backstage));
        }
    });
}

/// Takes down what one stand-in reports.
fn listen(stream: UnixStream, backstage: &Mutex<Backstage>) {
    let Ok(reader) = stream.try_clone() else { return };
    let mut own: Option<(String, u32)> = None;
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        let mut backstage = backstage.lock().expect("nobody panics");
        backstage.last = Some(Instant::now());
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if word == "hello" {
            let mut fields = rest.split(' ');
            let unit = fields.next().unwrap_or_default().to_owned();
            let pid = fields.next().and_then(|pid| pid.parse().ok()).unwrap_or_default();
            own = Some((unit.clone(), pid));
            let Ok(stream) = stream.try_clone() else { return };
            backstage.actors.push(Actor { unit, pid, idle: false, gone: false, stream });
            continue;
        }
        let Some((unit, pid)) = own.clone() else { continue };
        match word {
            "idle" => set(&mut backstage, pid, |actor| actor.idle = true),
            "told" => set(&mut backstage, pid, |actor| actor.idle = false),
            "signal" | "env" => {
                if word == "signal" {
                    set(&mut backstage, pid, |actor| actor.idle = false);
                }
                backstage.happenings.push(Happening { unit: format!("{unit} process"), what: line.clone() });
            }
            _ => {}
        }
    }
    if let Some((_, pid)) = own {
        let mut backstage = backstage.lock().expect("nobody panics");
        backstage.last = Some(Instant::now());
        set(&mut backstage, pid, |actor| actor.gone = true);
    }
}

fn set(backstage: &mut Backstage, pid: u32, change: impl Fn(&mut Actor)) {
    if let Some(actor) = backstage.actors.iter_mut().rev().find(|actor| actor.pid == pid) {
        change(actor);
    }
}

/// The word of [`super::simulation::refusal_word`] for what systemctl prints.
fn refusal_word(text: &str) -> String {
    let words = [
        "by dependency only",
        "not found",
        "not loaded",
        "bad unit file setting",
        "masked",
        "may not be isolated",
        "only valid",
        "not applicable",
        "conflicting jobs",
        "order is cyclic",
        "is destructive",
        "would stop a running unit",
    ];
    match words.iter().find(|word| text.contains(**word)) {
        Some(word) => (*word).to_owned(),
        None => text.to_owned(),
    }
}
