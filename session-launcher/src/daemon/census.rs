//! All processes of the user, and which unit each belongs to: by its control group, by its ancestors, or by the name
//! of the run in its environment. Read from /proc when it is asked for.

use std::collections::{BTreeSet, HashMap};
use std::fs;

use super::process_table::ProcessTable;
use crate::unit::spec::UnitName;

/// One process of the user.
#[derive(Debug, Clone)]
struct Entry {
    parent: i32,
    state: char,
    flags: u32,
    birth: u64,
}

/// A look at /proc.
#[derive(Debug, Default)]
pub struct Census {
    units: HashMap<i32, UnitName>,
}

impl Census {
    /// Looks at every process of the user. `group_unit` gives the unit that a control group path stands for.
    pub fn take(table: &ProcessTable, group_unit: &dyn Fn(i32) -> Option<UnitName>) -> Self {
        let entries = read_processes();
        let mut census = Self::default();
        for (pid, entry) in &entries {
            // A zombie holds nothing any more; its end is reported by its parent.
            if entry.state == 'Z' || entry.state == 'X' {
                continue;
            }
            if let Some(unit) = unit_of(*pid, &entries, table, group_unit) {
                census.units.insert(*pid, unit);
            }
        }
        census
    }

    /// The live processes of a unit, in the order of their numbers.
    pub fn of(&self, unit: &UnitName) -> Vec<i32> {
        let mut pids: Vec<i32> =
            self.units.iter().filter(|(_, of)| *of == unit).map(|(pid, _)| *pid).collect();
        pids.sort_unstable();
        pids
    }

    /// Whether the unit has a live process.
    pub fn has(&self, unit: &UnitName) -> bool {
        self.units.values().any(|of| of == unit)
    }
}

/// The unit of one process.
pub fn unit_of_pid(
    pid: i32,
    table: &ProcessTable,
    group_unit: &dyn Fn(i32) -> Option<UnitName>,
) -> Option<UnitName> {
    let mut entries = HashMap::new();
    let mut next = pid;
    // Its ancestors only.
    while next > 1 && entries.len() < MAX_DEPTH {
        let Some(entry) = read_entry(next) else { break };
        let parent = entry.parent;
        entries.insert(next, entry);
        next = parent;
    }
    unit_of(pid, &entries, table, group_unit)
}

/// Deeper trees of processes are not followed.
const MAX_DEPTH: usize = 256;

fn unit_of(
    pid: i32,
    entries: &HashMap<i32, Entry>,
    table: &ProcessTable,
    group_unit: &dyn Fn(i32) -> Option<UnitName>,
) -> Option<UnitName> {
    if let Some(unit) = table.unit(pid) {
        return Some(unit.clone());
    }
    if let Some(unit) = group_unit(pid) {
        return Some(unit);
    }
    let mut ancestor = pid;
    for _ in 0..MAX_DEPTH {
        let Some(entry) = entries.get(&ancestor) else { break };
        ancestor = entry.parent;
        if let Some(unit) = table.unit(ancestor) {
            return Some(unit.clone());
        }
    }
    // Its parents are gone. What it was started with still tells.
    let invocation = read_invocation(pid)?;
    table.unit_of_invocation(&invocation).cloned()
}

fn read_processes() -> HashMap<i32, Entry> {
    let Ok(directory) = fs::read_dir("/proc") else { return HashMap::new() };
    let own = rustix::process::getuid().as_raw();
    directory
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let metadata = entry.metadata().ok()?;
            (std::os::unix::fs::MetadataExt::uid(&metadata) == own).then_some(pid)
        })
        .filter_map(|pid| read_entry(pid).map(|entry| (pid, entry)))
        .collect()
}

/// How many fields of /proc/PID/stat lie between the parent and the flags (proc_pid_stat(5)).
const FIELDS_TO_FLAGS: usize = 4;

/// The same between the flags and the start time.
const FIELDS_TO_START: usize = 12;

/// PF_EXITING of the kernel.
const EXITING: u32 = 0x4;

fn read_entry(pid: i32) -> Option<Entry> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, parentheses too.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let flags = fields.nth(FIELDS_TO_FLAGS)?.parse().ok()?;
    let birth = fields.nth(FIELDS_TO_START)?.parse().ok()?;
    Some(Entry { parent, state, flags, birth })
}

/// The parent of a process.
pub fn parent_of(pid: i32) -> Option<i32> {
    read_entry(pid).map(|entry| entry.parent)
}

/// The processes above one, from its parent on.
pub fn ancestors(pid: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut next = parent_of(pid);
    while let Some(pid) = next.filter(|pid| *pid > 1 && found.len() < MAX_DEPTH) {
        found.push(pid);
        next = parent_of(pid);
    }
    found
}

/// Whether the process is there and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    read_entry(pid).is_some_and(|entry| entry.state != 'Z' && entry.state != 'X')
}

/// Whether a process has ended, or is about to: its files are closed already.
pub fn is_ending(pid: i32) -> bool {
    let entry = read_entry(pid);
    entry.is_none_or(|entry| entry.state == 'Z' || entry.state == 'X' || entry.flags & EXITING != 0)
}

/// When the process began, in ticks since the boot: with its number, this is one process for ever. Nothing for a zombie.
pub fn birth_of(pid: i32) -> Option<u64> {
    read_entry(pid).filter(|entry| entry.state != 'Z' && entry.state != 'X').map(|entry| entry.birth)
}

/// Whether the process runs this program too.
pub fn is_own_program(pid: i32) -> bool {
    let own = fs::read_link("/proc/self/exe").ok();
    own.is_some() && fs::read_link(format!("/proc/{pid}/exe")).ok() == own
}

/// The unit whose process a wrapper of a native service has started or is to start. Nothing if the process is none.
pub fn wrapped_unit(pid: i32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut arguments = line.split(|byte| *byte == 0).skip(1);
    let is_wrapper = arguments.next() == Some(b"exec") && arguments.next() == Some(b"--unit");
    let unit = arguments.next().filter(|_| is_wrapper && is_own_program(pid))?;
    String::from_utf8(unit.to_vec()).ok()
}

/// The name of the run in a process's environment.
pub fn read_invocation(pid: i32) -> Option<String> {
    read_variable(pid, "INVOCATION_ID")
}

/// Whether the process is the one that a wrapper became, or still is a wrapper: not a child that such a process has made.
pub fn is_spawned(pid: i32) -> bool {
    match read_variable(pid, "SYSTEMD_EXEC_PID") {
        Some(spawned) => spawned == pid.to_string(),
        // A wrapper begins with an empty environment.
        None => {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line == b"session-launcher\0exec\0")
        }
    }
}

fn read_variable(pid: i32, name: &str) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    bytes.split(|byte| *byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        String::from_utf8(value.to_vec()).ok()
    })
}

/// The live processes of the user whose environment names one of these runs.
pub fn of_invocations(invocations: &BTreeSet<&str>) -> BTreeSet<i32> {
    let named = |pid: &i32| read_invocation(*pid).is_some_and(|own| invocations.contains(own.as_str()));
    read_processes().into_keys().filter(named).collect()
}

/// The live processes that descend from `root`, whoever started them, without some branches.
pub fn descendants(root: i32, without: &[i32]) -> Vec<i32> {
    let Ok(directory) = fs::read_dir("/proc") else { return Vec::new() };
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in directory.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        // A zombie has no children left, and no signal reaches it.
        if let Some(entry) = read_entry(pid).filter(|entry| entry.state != 'Z' && entry.state != 'X') {
            children.entry(entry.parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut queue = vec![root];
    while let Some(parent) = queue.pop() {
        let mut own = children.remove(&parent).unwrap_or_default();
        own.retain(|pid| !without.contains(pid));
        queue.extend(&own);
        found.extend(own);
    }
    found
}

/// All processes of the user.
pub fn of_user() -> Vec<i32> {
    read_processes().into_iter().filter(|(_, entry)| entry.state != 'Z').map(|(pid, _)| pid).collect()
}
