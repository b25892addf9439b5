//! A play with real processes and real time: the same on every service manager.

use super::backstage::Backstage;
use super::format::{Act, Scenario};
use super::observation::{Happening, Observation, Step};
use super::program::{Place, Program, Said};
use super::settle::{LOADED_QUIET, QUIET};
use super::unit_files::{USER_ID, write_units};
use super::{refusal, script};
use crate::lab::machine::Machine;
use crate::lab::process::Daemon;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest that settling may take.
const LIMIT: Duration = Duration::from_secs(20);

/// How often is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(20);

/// The longest that a process is waited for that was said to be started.
const SPAWN_LIMIT: Duration = Duration::from_secs(3);

/// Where the manager logs.
pub const LOG: &str = "/scenario/log";

/// A stage that plays one scenario after the other on one service manager.
#[derive(Debug)]
pub struct Stage {
    program: &'static dyn Program,
    machine: Machine,
    directory: tempfile::TempDir,
    plays: u32,
}

impl Stage {
    /// A machine for plays, or `None` where there can be none. `stand_in` is the program of the stand-ins; `base` are the
    /// unit directories below the scenario's own.
    ///
    /// # Panics
    /// When the machine is broken.
    pub fn open(program: &'static dyn Program, stand_in: &Path, base: &[PathBuf]) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let mut builder = Machine::builder(program.root())
            .cgroups()
            .bind(directory.path(), "/scenario")
            .bind_read_only(stand_in, "/usr/bin/stand-in");
        for (place, path) in base.iter().enumerate() {
            builder = builder.bind_read_only(path, format!("/base/{place}"));
        }
        let machine = program.furnish(builder)?.start_or_skip()?;
        machine
            .command("sh")
            .args([
                "-ec",
                "mkdir -p /run/systemd/system /home/user; chown 1000:1000 /home/user; echo user:x:1000: >> /etc/group
                 echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd",
            ])
            .run();
        program.install(&machine);
        Some(Self { program, machine, directory, plays: 0 })
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

/// The processes that run, as the manager's log tells.
#[derive(Debug, Default)]
struct Alive(BTreeSet<u32>);

struct Play<'a> {
    program: &'static dyn Program,
    machine: &'a Machine,
    directory: PathBuf,
    scenario: &'a Scenario,
    units: Vec<String>,
    daemons: Vec<Daemon>,
    log: fs::File,
    partial: String,
    alive: Alive,
    /// When the manager said of a unit that it executes a command whose process it has not told of yet: another service
    /// manager may have to start it first.
    executed: BTreeMap<String, Instant>,
    /// The manager takes up again what it knew before a reload; it logs that as changes.
    reloading: bool,
    backstage: Backstage,
    last: Instant,
    connections: Vec<UnixStream>,
    /// What happened before settling began.
    early: Vec<Happening>,
    cgroup: String,
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
        let backstage = Backstage::open(&directory.join("control"));
        fs::write(directory.join("log"), "").expect("a log can be made");

        let cgroup = format!("/sys/fs/cgroup/play{}", stage.plays);
        let unit_path: Vec<_> = std::iter::once("/scenario/units".to_owned())
            .chain(bases.iter().map(|place| format!("/base/{place}")))
            .collect();
        let script = format!(
            "mkdir {cgroup}; chown -R {USER_ID}:{USER_ID} /scenario {cgroup}
             find /home/user -mindepth 1 -delete"
        );
        stage.machine.command("sh").args(["-ec", &script]).run();
        let daemons = stage.program.start(&Place {
            machine: &stage.machine,
            cgroup: &cgroup,
            unit_path: unit_path.join(":"),
        });
        let log = fs::File::open(directory.join("log")).expect("the log is there");
        let mut play = Self {
            program: stage.program,
            machine: &stage.machine,
            directory,
            scenario,
            units: scenario.units(),
            daemons,
            log,
            partial: String::new(),
            alive: Alive::default(),
            executed: BTreeMap::new(),
            reloading: false,
            backstage,
            last: Instant::now(),
            connections: Vec::new(),
            early: Vec::new(),
            cgroup,
        };
        play.wait_for_manager()?;
        Ok(play)
    }

    fn wait_for_manager(&mut self) -> Result<(), String> {
        let start = Instant::now();
        let up = Happening { unit: "basic.target".to_owned(), what: "dead -> active".to_owned() };
        // Asking it all the time would keep it from its work.
        while !self.early.contains(&up) || self.systemctl(&["is-active", "--quiet", "basic.target"]).is_err()
        {
            if start.elapsed() > LIMIT {
                return Err(format!("{} does not come up:\n{}", self.program.name(), self.last_words()));
            }
            std::thread::sleep(Duration::from_millis(20));
            let news = self.read_log();
            self.early.extend(news);
        }
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        if let Some(wanted) = self.program.announcement()
            && !log.contains(&wanted)
        {
            return Err(format!("{} does not say {wanted:?}:\n{log}", self.program.name()));
        }
        if self.scenario.bus
            && let Some(script) = self.program.bus_script()
        {
            self.inside(script).map_err(|_| format!("no session bus:\n{}", self.last_words()))?;
        }
        Ok(())
    }

    /// The last words of the manager.
    fn last_words(&self) -> String {
        let text = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<_> =
            text.lines().filter(|line| self.program.understand(line) != Said::Chatter).collect();
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
                return Ok(self.systemctl(&arguments).err().map(|text| refusal::word_of_text(&text)));
            }
            Act::Tell(unit, words) => {
                self.backstage
                    .tell(unit, words)
                    .map_err(|error| format!("{error}\n{}", self.last_words()))?;
            }
            Act::Kill(unit, signal) => {
                let name = script::signal_name(*signal);
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
                return Ok(self.systemctl(&arguments).err().map(|text| refusal::word_of_text(&text)));
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
        self.daemons.push(daemon);
        let start = Instant::now();
        while !self.backstage.has(unit) {
            if start.elapsed() > LIMIT {
                let log = self.daemons.last().map(Daemon::log);
                return Err(format!("the scope does not come up: {log:?}\n{}", self.last_words()));
            }
            // Whose process it is may stand in the log.
            let news = self.read_log();
            self.early.extend(news);
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Waits until nothing moves, and gives what happened until then.
    fn settle(&mut self) -> Result<Vec<Happening>, String> {
        let start = Instant::now();
        self.last = start;
        let mut happenings = std::mem::take(&mut self.early);
        let mut looks = 0;
        loop {
            happenings.extend(self.read_log());
            let busy = self.backstage.is_busy(self.alive.0.iter().copied())
                || self.executed.values().any(|at| at.elapsed() < SPAWN_LIMIT);
            let quiet_since = self.last.max(self.backstage.last().unwrap_or(start));
            let quiet = quiet_since.elapsed();
            looks = if busy || quiet < LOOK { 0 } else { looks + 1 };
            // A machine that has kept us from looking may have kept the manager from its work.
            if !busy && quiet > QUIET && (LOOK * looks > QUIET || quiet > LOADED_QUIET) {
                break;
            }
            if start.elapsed() > LIMIT {
                let (alive, backstage) = (&self.alive, &self.backstage);
                return Err(format!("it does not settle; {alive:?}, {backstage:?}\n{}", self.last_words()));
            }
            std::thread::sleep(LOOK);
        }
        happenings.append(&mut self.backstage.take_happenings());
        Ok(happenings)
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
            let said = self.program.understand(line);
            if said != Said::Chatter {
                self.last = Instant::now();
            }
            match said {
                Said::Happened(happening) if !self.reloading => {
                    if happening.what.starts_with("exec") {
                        self.executed.insert(happening.unit.clone(), Instant::now());
                    }
                    happenings.push(happening);
                }
                Said::Started { unit, pid } => {
                    self.executed.remove(&unit);
                    self.alive.0.insert(pid);
                    self.backstage.belongs(pid, &unit);
                }
                Said::Ended(pid) => {
                    self.alive.0.remove(&pid);
                }
                Said::ReloadBegins => self.reloading = true,
                Said::ReloadEnds => self.reloading = false,
                _ => {}
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
