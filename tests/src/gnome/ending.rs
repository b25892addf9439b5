//! The ways in which a session ends, and what is left then.

use super::session::{Session, settle};
use super::side::{Stage, leftovers};
use super::units::Table;
use crate::lab::Process;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// A way to end a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The user logs out: `gnome-session-quit --no-prompt`.
    LogOut,
    /// The leader gets SIGTERM, as from a display manager or logind.
    TerminateLeader,
    /// The leader is killed.
    KillLeader,
    /// GNOME Shell is killed.
    KillShell,
}

/// How long a session may take to end.
pub(super) const END_LIMIT: Duration = Duration::from_secs(60);

/// What a session came to.
#[derive(Debug)]
pub struct Course {
    /// From the leader's start until the session said that it runs.
    pub start: Duration,
    /// States while it ran.
    pub running: Table,
    /// From the act to the leader's end.
    pub end: Duration,
    /// Exit code of the leader, 128 and more for a signal.
    pub leader: i32,
    /// States afterwards.
    pub ended: Table,
    /// Processes of the session that were left.
    pub left: Vec<Process>,
    /// States in the session of the next log-in.
    pub again: Table,
}

impl Ending {
    /// Logs in, ends the session in this way, logs in again, logs out.
    ///
    /// # Panics
    /// When a step does not come about.
    pub fn play(self, stage: &Stage) -> Course {
        let mut session = Session::log_in(stage, "first");
        let start = session.wait_until_running();
        let running = session.settle();
        stage.artefacts.keep("first-running.txt", running.to_string());
        let acted = Instant::now();
        self.bring_about(&session);
        let status = session.wait_for_end(END_LIMIT);
        let end = acted.elapsed();
        let left = leftovers(stage);
        let ended = settle(stage);
        stage.artefacts.keep("first-ended.txt", ended.to_string());
        drop(session);
        let mut second = Session::log_in(stage, "second");
        second.wait_until_running();
        let again = second.settle();
        stage.artefacts.keep("second-running.txt", again.to_string());
        Self::LogOut.bring_about(&second);
        second.wait_for_end(END_LIMIT);
        Course { start, running, end, leader: code(status), ended, left, again }
    }

    /// Does it.
    ///
    /// # Panics
    /// When it cannot be done.
    pub fn bring_about(self, session: &Session<'_>) {
        match self {
            Self::LogOut => {
                session.stage().command("gnome-session-quit").arg("--no-prompt").run();
            }
            Self::TerminateLeader => session.leader().signal(Signal::TERM),
            Self::KillLeader => session.leader().signal(Signal::KILL),
            Self::KillShell => kill(session, "gnome-shell"),
        }
    }
}

/// Kills the processes of this name.
///
/// # Panics
/// When there is none.
pub fn kill(session: &Session<'_>, name: &str) {
    let processes = session.processes(name);
    assert!(!processes.is_empty(), "no {name} runs\n{}", session.story());
    processes.iter().for_each(|process| process.signal(Signal::KILL));
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
