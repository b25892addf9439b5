//! What can happen to a session without ending it.

use super::ending::{END_LIMIT, Ending, kill};
use super::session::{Session, settle};
use super::side::{INTERVAL, Stage, leftovers};
use super::units::Table;
use crate::lab::Process;
use crate::lab::desktop::wait_for;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A settings daemon that depends on no hardware.
pub const VICTIM: &str = "gsd-datetime";

/// How long a service that crashed may take to come back. Its unit waits 100 ms before each start.
const COMEBACK: Duration = Duration::from_secs(2);

/// Something that happens to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// A settings daemon is killed, once.
    Crash,
    /// A settings daemon is killed as often as it comes back.
    CrashLoop,
    /// The manager's engine is killed (not the guardian above it).
    EngineKilled,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// States before.
    pub before: Table,
    /// States after.
    pub after: Table,
    /// How often the victim was killed.
    pub kills: usize,
    /// The user's processes before.
    pub processes_before: Vec<Process>,
    /// The user's processes after.
    pub processes_after: Vec<Process>,
    /// Whether the session manager says that the session goes on.
    pub goes_on: bool,
    /// States after log-out.
    pub ended: Table,
    /// Processes of the session that were left after log-out.
    pub left: Vec<Process>,
}

impl Disturbance {
    /// Logs in, disturbs, logs out.
    ///
    /// # Panics
    /// When a step does not come about.
    pub fn play(self, stage: &Stage) -> Outcome {
        let mut session = Session::log_in(stage, "disturbed");
        session.wait_until_running();
        let before = session.settle();
        let processes_before = stage.processes();
        stage.artefacts.keep("before.txt", before.to_string());
        let kills = self.happen(&session);
        let after = session.settle();
        stage.artefacts.keep("after.txt", after.to_string());
        let processes_after = stage.processes();
        let goes_on = session.leader_runs() && session.is_running();
        if session.leader_runs() {
            Ending::LogOut.bring_about(&session);
        }
        session.wait_for_end(END_LIMIT);
        let left = leftovers(stage);
        let ended = settle(stage);
        stage.artefacts.keep("ended.txt", ended.to_string());
        Outcome { before, after, kills, processes_before, processes_after, goes_on, ended, left }
    }

    /// Lets it happen; how many processes were killed.
    fn happen(self, session: &Session<'_>) -> usize {
        match self {
            Self::Crash => {
                let old = pids(session);
                kill(session, VICTIM);
                let back = || pids(session).iter().any(|pid| !old.contains(pid));
                assert!(wait_for(5 * COMEBACK, INTERVAL, back), "{VICTIM} stays away\n{}", session.story());
                1
            }
            Self::CrashLoop => {
                let mut killed = BTreeSet::new();
                let mut last = Instant::now();
                while last.elapsed() < COMEBACK {
                    for process in session.processes(VICTIM) {
                        process.signal(Signal::KILL);
                        killed.insert(process.pid);
                        last = Instant::now();
                    }
                    assert!(killed.len() < 50, "{VICTIM} is started for ever\n{}", session.story());
                    std::thread::sleep(INTERVAL / 2);
                }
                killed.len()
            }
            Self::EngineKilled => {
                let engines = session.stage().engines();
                assert!(!engines.is_empty(), "no engine runs\n{}", session.story());
                engines.iter().for_each(|engine| engine.signal(Signal::KILL));
                let back = || session.stage().call_manager("ListUnits", &[]).is_ok();
                assert!(wait_for(5 * COMEBACK, INTERVAL, back), "it stays away\n{}", session.story());
                engines.len()
            }
        }
    }
}

fn pids(session: &Session<'_>) -> Vec<u32> {
    session.processes(VICTIM).iter().map(|process| process.pid).collect()
}
