//! A log-in, from the leader's start to its end.

use super::screenshot::Picture;
use super::side::{INTERVAL, Stage};
use super::units::Table;
use crate::lab::Process;
use crate::lab::desktop::{RUNTIME_DIRECTORY, wait_for};
use crate::lab::process::Daemon;
use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

/// How long a session may take to say that it runs.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long until no unit changes any more.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// A running session.
#[derive(Debug)]
pub struct Session<'s> {
    stage: &'s Stage,
    /// A number for artefacts.
    name: String,
    /// The leader: `gnome-session`, then `gnome-session-init-worker`.
    leader: Daemon,
    /// Hears the session say that it runs, with the time.
    monitor: Daemon,
}

impl<'s> Session<'s> {
    /// Starts upstream's leader, as a display manager would. `name` is for its artefacts.
    ///
    /// # Panics
    /// When a program does not start.
    pub fn log_in(stage: &'s Stage, name: &str) -> Self {
        let mut monitor = stage
            .command("dbus-monitor")
            .args(["--profile", "type='signal',interface='org.gnome.SessionManager',member='SessionRunning'"])
            .spawn();
        // Its first line says that it listens.
        let log = monitor.log_file();
        monitor.wait_until("listening", || fs::read_to_string(&log).is_ok_and(|text| text.contains('\n')));
        let leader = stage
            .command("sh")
            .args([
                "-c",
                "date +%s.%N > \"$XDG_RUNTIME_DIR/lab-started\"; exec gnome-session --session gnome",
            ])
            .spawn();
        Self { stage, name: name.to_owned(), leader, monitor }
    }

    /// Waits until the session says that it runs; how long that took from the start of the leader's program.
    ///
    /// # Panics
    /// When the leader ends first, or it takes too long.
    pub fn wait_until_running(&mut self) -> Duration {
        let mut when = None;
        let running = wait_for(START_LIMIT, Duration::from_millis(20), || {
            when = running_since(&self.monitor.log());
            when.is_some() || !self.leader.runs()
        });
        let Some(when) = when else {
            let why = if running { "the leader has ended" } else { "it took too long" };
            panic!("{}: the session does not run: {why}\n{}", self.stage.side.name(), self.story());
        };
        let started = self.stage.desktop.machine.path(format!("{RUNTIME_DIRECTORY}/lab-started"));
        let started: f64 = fs::read_to_string(started)
            .expect("the start was noted")
            .trim()
            .parse()
            .expect("date gives a number");
        Duration::from_secs_f64((when - started).max(0.0))
    }

    /// Waits until no unit changes any more, and gives the states.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn settle(&self) -> Table {
        settle(self.stage)
    }

    /// What a person would want to read about a session that failed.
    pub fn story(&self) -> String {
        let tail = |text: String| {
            let lines: Vec<_> = text.lines().collect();
            lines[lines.len().saturating_sub(40)..].join("\n")
        };
        let units = self
            .stage
            .call_manager("ListUnits", &[])
            .map_or_else(|error| error, |answer| Table::parse(&answer).to_string());
        format!(
            "-- leader:\n{}\n-- manager or bus:\n{}\n-- units:\n{units}\n-- processes:\n{}\n-- artefacts: {}",
            tail(self.leader.log()),
            tail(self.stage.log()),
            self.stage.processes().iter().map(|process| format!("{process}\n")).collect::<String>(),
            self.stage.artefacts.path().display()
        )
    }

    /// Whether the session manager says that the session runs.
    pub fn is_running(&self) -> bool {
        let answer = self.stage.call(
            "org.gnome.SessionManager",
            "/org/gnome/SessionManager",
            "org.gnome.SessionManager.IsSessionRunning",
            &[],
        );
        answer.is_ok_and(|answer| answer.contains("true"))
    }

    /// Takes a picture of the desktop and keeps it.
    ///
    /// # Panics
    /// When GNOME Shell takes none, or it cannot be read.
    pub fn photograph(&self) -> Picture {
        let file = format!("{RUNTIME_DIRECTORY}/{}.png", self.name);
        let answer = self.stage.call(
            "org.gnome.Shell.Screenshot",
            "/org/gnome/Shell/Screenshot",
            "org.gnome.Shell.Screenshot.Screenshot",
            &["false", "false", &file],
        );
        let answer = answer.unwrap_or_else(|error| panic!("Screenshot: {error}\n{}", self.story()));
        assert!(answer.contains("true"), "Screenshot: {answer}");
        let bytes = fs::read(self.stage.desktop.machine.path(&file)).expect("the picture is there");
        let kept = self.stage.artefacts.keep(&format!("{}.png", self.name), &bytes);
        eprintln!("screenshot: {}", kept.display());
        Picture::read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", kept.display()))
    }

    /// The session's processes called `name`.
    pub fn processes(&self, name: &str) -> Vec<Process> {
        let mut processes = self.stage.session_processes();
        processes.retain(|process| process.name == name);
        processes
    }

    /// The leader's process.
    pub fn leader(&self) -> &Daemon {
        &self.leader
    }

    /// Whether the leader still runs.
    pub fn leader_runs(&mut self) -> bool {
        self.leader.runs()
    }

    /// Waits for the end of the leader.
    ///
    /// # Panics
    /// When it does not end within `limit`.
    pub fn wait_for_end(&mut self, limit: Duration) -> ExitStatus {
        if !wait_for(limit, INTERVAL, || !self.leader.runs()) {
            panic!("{}: the leader still runs after {limit:?}\n{}", self.stage.side.name(), self.story());
        }
        self.leader.wait(Duration::from_secs(1))
    }

    /// The stage on which it plays.
    pub fn stage(&self) -> &'s Stage {
        self.stage
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.stage.artefacts.keep(&format!("{}-leader.log", self.name), self.leader.log());
        self.stage.artefacts.keep(&format!("{}-signals.log", self.name), self.monitor.log());
    }
}

/// When dbus-monitor's profile heard the signal, in seconds since 1970.
fn running_since(log: &str) -> Option<f64> {
    // sig TIME SERIAL SENDER PATH INTERFACE MEMBER
    let line = log.lines().find(|line| line.starts_with("sig\t") && line.ends_with("\tSessionRunning"))?;
    line.split('\t').nth(1)?.parse().ok()
}

/// Waits until the table of units and the session's processes are the same three times in a row and no unit changes.
///
/// A program that is still starting does not answer when the session is about to end, and gnome-session then asks the
/// person before it goes on.
///
/// # Panics
/// When that does not come about.
pub fn settle(stage: &Stage) -> Table {
    let look = || {
        let pids: Vec<u32> = stage.session_processes().iter().map(|process| process.pid).collect();
        (stage.units(), pids)
    };
    let mut last = Default::default();
    let mut same = 0;
    let settled = wait_for(SETTLE_LIMIT, 4 * INTERVAL, || {
        let now = look();
        same = if now == last && !now.0.is_changing() { same + 1 } else { 0 };
        last = now;
        same == 3
    });
    let (units, _) = last;
    assert!(settled, "{}: units still change after {SETTLE_LIMIT:?}:\n{units}", stage.side.name());
    units
}
