//! Which process belongs to which unit.

use std::collections::{BTreeMap, HashMap};

use rustix::process::Pid;

use super::census;
use super::clock::Stamp;
use crate::job::{ExitStatus, ProcessId};
use crate::unit::spec::UnitName;

/// A process that the engine asked for.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its unit.
    pub unit: UnitName,
    /// The kernel's number.
    pub pid: Pid,
    /// When it was started.
    pub started: Stamp,
}

/// How the last main process of a unit went.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MainRun {
    /// The kernel's number.
    pub pid: i32,
    /// When it was started.
    pub started: Stamp,
    /// When it ended.
    pub exited: Option<Stamp>,
    /// How.
    pub status: Option<ExitStatus>,
}

/// The processes that are known by number. Their children are found by a [census](super::census).
#[derive(Debug, Default)]
pub struct ProcessTable {
    by_id: HashMap<ProcessId, Record>,
    by_pid: HashMap<i32, ProcessId>,
    members: HashMap<i32, UnitName>,
    /// When the known processes began: a number may be used again.
    births: HashMap<i32, u64>,
    invocations: BTreeMap<UnitName, String>,
    main_runs: BTreeMap<UnitName, MainRun>,
}

impl ProcessTable {
    /// Enters a process that was started.
    pub fn started(&mut self, process: ProcessId, unit: UnitName, pid: Pid, started: Stamp, is_main: bool) {
        if is_main {
            let run = MainRun { pid: pid.as_raw_nonzero().get(), started, ..MainRun::default() };
            self.main_runs.insert(unit.clone(), run);
        }
        self.enter_birth(pid.as_raw_nonzero().get());
        self.by_pid.insert(pid.as_raw_nonzero().get(), process);
        self.by_id.insert(process, Record { unit, pid, started });
    }

    fn enter_birth(&mut self, pid: i32) {
        if let Some(birth) = census::birth_of(pid) {
            self.births.insert(pid, birth);
        }
    }

    /// Whether a known process still runs, and is not another one of the same number.
    pub fn still_runs(&self, pid: i32) -> bool {
        census::birth_of(pid).is_some_and(|birth| self.births.get(&pid) == Some(&birth))
    }

    /// Enters a process of a scope: nobody's child here.
    pub fn joined(&mut self, pid: i32, unit: UnitName) {
        self.enter_birth(pid);
        self.members.insert(pid, unit);
    }

    /// Forgets a process that has ended: gives the engine's name for it, and its unit when it was known.
    pub fn ended(&mut self, pid: i32, status: ExitStatus, at: Stamp) -> (ProcessId, Option<UnitName>) {
        let member = self.members.remove(&pid);
        self.births.remove(&pid);
        let foreign = ProcessId::Foreign(u32::try_from(pid).unwrap_or_default());
        let process = self.by_pid.remove(&pid).unwrap_or(foreign);
        let unit = self.by_id.remove(&process).map(|record| record.unit).or(member);
        if let Some(run) = unit.as_ref().and_then(|unit| self.main_runs.get_mut(unit))
            && run.pid == pid
        {
            run.exited = Some(at);
            run.status = Some(status);
        }
        (process, unit)
    }

    /// The kernel's number of a process.
    pub fn pid(&self, process: ProcessId) -> Option<Pid> {
        match process {
            ProcessId::Foreign(pid) => i32::try_from(pid).ok().and_then(Pid::from_raw),
            ProcessId::Spawned(_) => self.by_id.get(&process).map(|record| record.pid),
        }
    }

    /// The engine's name for a process: foreign when it was not started here.
    pub fn process(&self, pid: i32) -> ProcessId {
        let foreign = ProcessId::Foreign(u32::try_from(pid).unwrap_or_default());
        self.by_pid.get(&pid).copied().unwrap_or(foreign)
    }

    /// The unit of a process that is known by its number.
    pub fn unit(&self, pid: i32) -> Option<&UnitName> {
        let started = self.by_pid.get(&pid).and_then(|process| self.by_id.get(process));
        started.map(|record| &record.unit).or_else(|| self.members.get(&pid))
    }

    /// All processes that were started here and have not ended.
    pub fn records(&self) -> impl Iterator<Item = (ProcessId, &Record)> {
        self.by_id.iter().map(|(process, record)| (*process, record))
    }

    /// The processes of a unit that are known by their numbers: started here, or entered as members of a scope.
    pub fn pids_of(&self, unit: &UnitName) -> Vec<i32> {
        let started = self.by_id.values().filter(|record| &record.unit == unit);
        let members = self.members().filter(|(_, of)| *of == unit).map(|(pid, _)| pid);
        started.map(|record| record.pid.as_raw_nonzero().get()).chain(members).collect()
    }

    /// The processes of scopes that were entered.
    pub fn members(&self) -> impl Iterator<Item = (i32, &UnitName)> {
        self.members.iter().map(|(pid, unit)| (*pid, unit))
    }

    /// The name of the unit's present run; a new one when it has none.
    pub fn invocation(&mut self, unit: &UnitName) -> String {
        self.invocations.entry(unit.clone()).or_insert_with(new_invocation).clone()
    }

    /// The name of the unit's present run.
    pub fn known_invocation(&self, unit: &UnitName) -> Option<&str> {
        self.invocations.get(unit).map(String::as_str)
    }

    /// The unit whose present run has that name.
    pub fn unit_of_invocation(&self, invocation: &str) -> Option<&UnitName> {
        self.invocations.iter().find(|(_, known)| *known == invocation).map(|(unit, _)| unit)
    }

    /// A run is over: the next one gets a new name.
    pub fn forget_invocation(&mut self, unit: &UnitName) {
        self.invocations.remove(unit);
    }

    /// Whether a run of the unit has begun and its leftovers have not been released.
    pub fn has_run(&self, unit: &UnitName) -> bool {
        self.invocations.contains_key(unit) || self.members.values().any(|of| of == unit)
    }

    /// The unit's last main process.
    pub fn main_run(&self, unit: &UnitName) -> Option<&MainRun> {
        self.main_runs.get(unit)
    }

    /// Forgets a unit.
    pub fn forget_unit(&mut self, unit: &UnitName) {
        self.main_runs.remove(unit);
        self.invocations.remove(unit);
    }

    /// What has to outlive this process.
    pub fn saved(&self) -> SavedTable {
        SavedTable {
            processes: self
                .by_id
                .iter()
                .map(|(process, record)| {
                    (*process, record.unit.clone(), record.pid.as_raw_nonzero().get(), record.started)
                })
                .collect(),
            members: self.members.iter().map(|(pid, unit)| (*pid, unit.clone())).collect(),
            births: self.births.iter().map(|(pid, birth)| (*pid, *birth)).collect(),
            invocations: self.invocations.clone(),
            main_runs: self.main_runs.clone(),
        }
    }

    /// Goes on from what an earlier process saved.
    pub fn restore(saved: SavedTable) -> Self {
        let mut table =
            Self { invocations: saved.invocations, main_runs: saved.main_runs, ..Self::default() };
        for (process, unit, pid, started) in saved.processes {
            if let Some(pid) = Pid::from_raw(pid) {
                table.by_pid.insert(pid.as_raw_nonzero().get(), process);
                table.by_id.insert(process, Record { unit, pid, started });
            }
        }
        table.members.extend(saved.members);
        table.births.extend(saved.births);
        table
    }
}

/// A [`ProcessTable`] as plain data.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct SavedTable {
    processes: Vec<(ProcessId, UnitName, i32, Stamp)>,
    members: Vec<(i32, UnitName)>,
    births: Vec<(i32, u64)>,
    invocations: BTreeMap<UnitName, String>,
    main_runs: BTreeMap<UnitName, MainRun>,
}

impl SavedTable {
    /// The processes that are left of its runs, and their children.
    pub fn live_pids(&self) -> std::collections::BTreeSet<i32> {
        let invocations = self.invocations.values().map(String::as_str).collect();
        census::of_invocations(&invocations)
    }
}

/// 32 random hexadecimal digits.
fn new_invocation() -> String {
    let mut bytes = [0u8; 16];
    // The kernel's generator cannot fail once the machine is up; zeroes would still be a valid name.
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
