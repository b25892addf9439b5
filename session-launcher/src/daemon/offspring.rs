//! The processes of one unit by the kernel's lists of children (`/proc/PID/task/TID/children`): a few reads, where a
//! [census](super::census) reads about every process of the user.
//!
//! It holds where everything that units start has us above it: the engine, and the guardian with what earlier engines
//! have started. It does not where another service manager is the parent.

use std::fs;
use std::io::ErrorKind;

use super::census;
use super::process_table::ProcessTable;
use crate::unit::spec::UnitName;

/// Deeper trees of processes, or larger ones, are left to a census.
const MAX_PROCESSES: usize = 4096;

/// The live processes of a unit. `reapers` are those to whom a process comes whose parent has ended.
///
/// Nothing when the kernel keeps no such lists.
pub fn of_unit(unit: &UnitName, table: &ProcessTable, reapers: &[i32]) -> Option<Vec<i32>> {
    let mut found = Vec::new();
    // What was started, and what that has started in turn.
    let mut queue = table.pids_of(unit);
    while let Some(pid) = queue.pop() {
        if found.len() > MAX_PROCESSES {
            return None;
        }
        queue.extend(children_of(pid)?.into_iter().filter(|child| table.unit(*child).is_none()));
        found.push(pid);
    }
    // Those whose parents have gone have come to us. What they were started with tells whose they are.
    let invocation = table.known_invocation(unit);
    let mut strays = Vec::new();
    for reaper in reapers {
        let is_stray = |child: &i32| table.unit(*child).is_none() && !reapers.contains(child);
        strays.extend(children_of(*reaper)?.into_iter().filter(is_stray));
    }
    while let Some(pid) = strays.pop() {
        if found.len() + strays.len() > MAX_PROCESSES {
            return None;
        }
        strays.extend(children_of(pid)?.into_iter().filter(|child| table.unit(*child).is_none()));
        if invocation.is_some() && census::read_invocation(pid).as_deref() == invocation {
            found.push(pid);
        }
    }
    // A zombie holds nothing any more.
    found.retain(|pid| census::is_alive(*pid));
    found.sort_unstable();
    Some(found)
}

/// The children of a process, of all its threads; none when it has gone. Nothing when the kernel does not tell.
fn children_of(pid: i32) -> Option<Vec<i32>> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Some(Vec::new()) };
    let mut children = Vec::new();
    for thread in threads.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(list) => {
                children.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
            }
            // The thread has gone, or there never is such a file.
            Err(error) if error.kind() == ErrorKind::NotFound && thread.path().exists() => return None,
            Err(_) => {}
        }
    }
    Some(children)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_found() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        if let Some(children) = children_of(own) {
            assert!(children.contains(&pid));
            assert_eq!(children_of(pid), Some(Vec::new()));
        } else {
            eprintln!("this kernel keeps no lists of children");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(children_of(pid), Some(Vec::new()));
    }
}
