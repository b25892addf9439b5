//! Processes that an earlier engine has started.

use std::collections::BTreeSet;

use rustix::process::Signal;

use super::kill::{end_with_children, send_signal};
use super::{Driver, WRAPPER_WAIT, Watched, own_pid};
use crate::daemon::{census, pidfd};
use crate::job::ProcessId;

impl Driver {
    /// Whether a process was started here or is in a scope.
    pub fn knows_process(&self, pid: i32) -> bool {
        self.engine.host().processes.unit(pid).is_some()
    }

    /// All processes that were started here or are in scopes.
    pub fn known_pids(&self) -> Vec<i32> {
        let table = &self.engine.host().processes;
        let started = table.records().map(|(_, record)| record.pid.as_raw_nonzero().get());
        started.chain(table.members().map(|(pid, _)| pid)).collect()
    }

    /// Takes note of processes that have ended while no engine ran. The wrapper of a native service may know how.
    pub fn processes_lost(&self, pids: Vec<i32>) {
        let native = self.manager.descriptor().is_some();
        for pid in pids {
            let watched = self.watched.clone();
            tokio::spawn(async move {
                if native {
                    tokio::time::sleep(WRAPPER_WAIT).await;
                }
                let _ = watched.send(Watched::Lost(pid));
            });
        }
    }

    /// Whether the engine waits for the end of a process that nobody has seen and that nobody is about to start.
    pub(super) fn is_missing(&self, process: ProcessId) -> bool {
        let Some(unit) = self.engine.unit_of_process(process) else { return false };
        self.pid_of(process).is_none()
            && !self.exec_socket.has_order(unit)
            && !self.delayed.iter().any(|spawn| spawn.process == process)
    }

    /// Takes note of processes that an earlier engine has ordered, and of which it had not heard that they run. A wrapper
    /// that runs one tells so in a moment; the others have to be ordered again.
    pub fn orders_lost(&self) {
        let orders: Vec<ProcessId> =
            self.engine.spawned().filter(|process| self.is_missing(*process)).collect();
        let watched = self.watched.clone();
        tokio::spawn(async move {
            tokio::time::sleep(WRAPPER_WAIT).await;
            for process in orders {
                let _ = watched.send(Watched::OrderLost(process));
            }
        });
    }

    /// Watches the processes that an earlier engine has started, but for those whose end somebody else tells.
    pub fn watch_adopted(&self, has_guardian: bool) {
        let table = &self.engine.host().processes;
        let guardian = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
        let (running, lost): (Vec<i32>, Vec<i32>) =
            self.known_pids().into_iter().partition(|pid| self.still_runs(*pid));
        self.processes_lost(lost);
        for pid in running {
            let parent = census::parent_of(pid);
            let is_member = table.members().any(|(member, _)| member == pid);
            let is_told = if parent == guardian {
                has_guardian
            } else {
                // The wrapper of a native service is the parent of its process, and tells how that ended.
                parent.is_some_and(|parent| parent != own_pid() && census::is_own_program(parent))
            };
            if is_member || !is_told {
                pidfd::watch(pid, self.watched.clone());
            }
        }
    }

    /// Whether a known process still runs, and is not another one of the same number.
    pub fn still_runs(&self, pid: i32) -> bool {
        self.engine.host().processes.still_runs(pid)
    }

    /// Ends processes that an earlier engine has started but had not told of: their units count as not started, and will
    /// be started again.
    pub fn end_unknown_children(&self) {
        let Some(guardian) = rustix::process::getppid() else { return };
        let guardian = guardian.as_raw_nonzero().get();
        let own = own_pid();
        let ours = census::descendants(own, &[]);
        // Supervisors and wrappers of native services.
        let mut above: BTreeSet<i32> = self.known_pids().into_iter().flat_map(census::ancestors).collect();
        above.extend(self.manager.supervisor());
        let descendants = census::descendants(guardian, &[]);
        // Whose process ended while no engine ran will tell how.
        for wrapper in descendants.iter().copied().filter(|pid| self.is_wrapper_of_known(*pid)) {
            above.insert(wrapper);
            above.extend(census::ancestors(wrapper));
        }
        for pid in descendants {
            if pid == own || ours.contains(&pid) || above.contains(&pid) || self.knows_process(pid) {
                continue;
            }
            // What a known process has left behind stays; what was started and not noted goes, with its children.
            if census::is_spawned(pid) {
                end_with_children(pid);
            } else if self.unit_of_pid(pid).is_none() {
                send_signal(pid, Signal::KILL);
            }
        }
    }

    /// Whether the process is the wrapper of a native service whose process is known.
    fn is_wrapper_of_known(&self, pid: i32) -> bool {
        census::wrapped_unit(pid).is_some_and(|unit| {
            let mut records = self.engine.host().processes.records();
            records.any(|(_, record)| record.unit.as_str() == unit)
        })
    }
}
