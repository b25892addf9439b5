//! Sends signals to the processes of units.

use rustix::process::{Pid, Signal};

use super::Driver;
use crate::daemon::census;
use crate::job::{Event, ExitStatus, KillTarget, ProcessId};
use crate::unit::spec::UnitName;

/// Whom a signal asked for over D-Bus or by systemctl is for (`KillUnit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillWhom {
    /// The main process.
    Main,
    /// The process that starts, stops or reloads it now.
    Control,
    /// All of them.
    All,
}

/// Why a signal reached nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KillError {
    /// The unit is not loaded.
    #[error("Unit {0} not loaded.")]
    NotLoaded(UnitName),
    /// The process that was asked for is not there.
    #[error("No {what} process to kill")]
    NoProcess {
        /// `main` or `control`.
        what: &'static str,
    },
    /// There is no such signal.
    #[error("Signal number out of range.")]
    NoSignal,
}

impl Driver {
    /// Sends a signal to a unit's processes.
    ///
    /// # Errors
    /// The unit or the process is not there, or there is no such signal.
    pub fn kill_unit(&mut self, unit: &UnitName, whom: KillWhom, signal: i32) -> Result<(), KillError> {
        let status = self.engine.status(unit).ok_or_else(|| KillError::NotLoaded(unit.clone()))?;
        let signal = Signal::from_named_raw(signal).ok_or(KillError::NoSignal)?;
        let one = |process: Option<ProcessId>, what| process.ok_or(KillError::NoProcess { what });
        let pids = match whom {
            KillWhom::Main => self.pid_of(one(status.main_process, "main")?).into_iter().collect(),
            KillWhom::Control => self.pid_of(one(status.control_process, "control")?).into_iter().collect(),
            KillWhom::All => self.processes_of(&status.name),
        };
        for pid in pids {
            send_signal(pid, signal);
        }
        Ok(())
    }

    pub(super) fn kill(&mut self, unit: &UnitName, target: &KillTarget, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        let pids = match target {
            KillTarget::Process(process) => {
                // One that still waits for the main process ends without having run.
                if let Some(place) = self.delayed.iter().position(|spawn| spawn.process == *process) {
                    self.delayed.remove(place);
                    let status = ExitStatus::Signal(signal.as_raw());
                    self.events.push_back(Event::Exited { process: *process, status });
                    return;
                }
                let pid = self.pid_of(*process);
                // A native service's process may not run yet.
                if pid.is_none() && self.exec_socket.signal_later(*process, signal) {
                    return;
                }
                pid.into_iter().collect()
            }
            KillTarget::AllBut(known) => {
                let known: Vec<i32> = known.iter().filter_map(|process| self.pid_of(*process)).collect();
                let host = self.engine.host();
                // None may survive SIGKILL by having been made at a bad moment.
                let mut pids = match signal {
                    Signal::KILL => host.processes_of_for_sure(unit),
                    _ => host.processes_of(unit),
                };
                pids.retain(|pid| !known.contains(pid));
                pids
            }
        };
        for pid in pids {
            send_signal(pid, signal);
            if signal != Signal::KILL && signal != Signal::CONT {
                send_signal(pid, Signal::CONT);
            }
        }
    }
}

/// A process that has gone meanwhile needs no signal.
pub(super) fn send_signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Ends a process that belongs to nobody, and what it has started.
pub(super) fn end_with_children(pid: i32) {
    for child in census::descendants(pid, &[]) {
        send_signal(child, Signal::KILL);
    }
    send_signal(pid, Signal::KILL);
}
