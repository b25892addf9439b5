//! The ends of processes, and units that have none left.

use std::collections::BTreeSet;

use super::{Driver, own_pid};
use crate::daemon::clock::Stamp;
use crate::daemon::{census, pidfd, trace};
use crate::job::{Event, ExitStatus};
use crate::unit::spec::{UnitKind, UnitName};

impl Driver {
    /// A process has ended. Call [`Driver::report_empty_units`] after the last of a batch.
    pub fn process_ended(&mut self, pid: i32, status: ExitStatus) {
        let (process, unit) = self.engine.host_mut().processes.ended(pid, status, Stamp::now());
        trace::ended(unit.as_ref(), pid, status);
        match unit {
            Some(unit) => {
                self.maybe_empty.insert(unit);
            }
            // A stray that came to us: it may have been the last of any unit that has lost its main process.
            None => {
                let lingering = self.lingering_units();
                self.maybe_empty.extend(lingering);
            }
        }
        self.handle(Event::Exited { process, status });
        self.tell_lost_names();
    }

    /// Tells the engine which units have no process left.
    pub fn report_empty_units(&mut self) {
        let candidates = std::mem::take(&mut self.maybe_empty);
        if candidates.is_empty() {
            return;
        }
        let running: Vec<UnitName> =
            self.engine.host().processes.records().map(|(_, record)| record.unit.clone()).collect();
        let candidates: Vec<_> = candidates
            .into_iter()
            .filter(|unit| !running.contains(unit))
            // A scope has no run of its own, only members, and its last one may be what has just ended.
            .filter(|unit| unit.kind() == UnitKind::Scope || self.engine.host().processes.has_run(unit))
            .collect();
        if candidates.is_empty() {
            return;
        }
        let host = self.engine.host();
        // One look serves all.
        let census = (host.cgroups.is_none() && host.reapers.is_none()).then(|| host.census());
        for unit in candidates {
            let is_empty = match &census {
                Some(census) => !census.has(&unit),
                None => self.engine.host().processes_of(&unit).is_empty(),
            };
            if is_empty {
                self.handle(Event::Empty { unit });
            } else {
                self.watch_strays(&unit);
            }
        }
    }

    /// What a native service's process leaves behind becomes a child of some other process, which does not tell of its end:
    /// another service manager, even one that we have started.
    fn watch_strays(&mut self, unit: &UnitName) {
        let own = own_pid();
        let is_native = self.manager.descriptor().is_some();
        for pid in self.processes_of(unit) {
            if !self.strays.contains(&pid) && (is_native || !census::ancestors(pid).contains(&own)) {
                self.strays.insert(pid);
                pidfd::watch(pid, self.watched.clone());
            }
        }
    }

    /// Units with a run whose own processes have ended, though others may be left.
    pub(super) fn lingering_units(&self) -> Vec<UnitName> {
        let processes = &self.engine.host().processes;
        let alive: BTreeSet<&UnitName> = processes.records().map(|(_, record)| &record.unit).collect();
        self.engine
            .statuses()
            .into_iter()
            .map(|status| status.name)
            .filter(|unit| !alive.contains(unit) && processes.has_run(unit))
            .collect()
    }
}
