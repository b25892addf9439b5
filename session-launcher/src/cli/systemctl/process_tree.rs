//! The processes of a unit as a tree.

use std::collections::BTreeMap;
use std::fs;

use crate::client::Manager;
use crate::client::log::printable;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    parent: u32,
    command: String,
}

/// How many processes are looked at.
const MOST: usize = 4096;

/// The lines of the tree of a unit's processes. Managers without `GetUnitProcesses` are asked for the main process,
/// and its children are added.
pub async fn lines(manager: &Manager, unit: &str, main: Option<u32>) -> Vec<String> {
    let mut processes = BTreeMap::new();
    match manager.processes(unit).await {
        Ok(list) => {
            for process in list.into_iter().take(MOST) {
                let parent = parent_of(process.pid).unwrap_or(0);
                processes.insert(process.pid, Process { parent, command: process.command });
            }
        }
        Err(_) => add_descendants(main, &mut processes),
    }
    tree(&processes)
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may contain anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn command_of(pid: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = String::from_utf8_lossy(&bytes);
    let line = words.trim_end_matches('\0').replace('\0', " ");
    if line.is_empty() {
        return Some(format!("[{}]", fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim()));
    }
    Some(line)
}

fn add_descendants(main: Option<u32>, processes: &mut BTreeMap<u32, Process>) {
    let mut left: Vec<u32> = main.into_iter().collect();
    while let Some(pid) = left.pop() {
        let Some(command) = command_of(pid) else { continue };
        processes.insert(pid, Process { parent: parent_of(pid).unwrap_or(0), command });
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        left.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        if processes.len() > MOST {
            return;
        }
    }
}

fn tree(processes: &BTreeMap<u32, Process>) -> Vec<String> {
    let mut lines = Vec::new();
    let roots: Vec<u32> = processes
        .iter()
        .filter(|(_, process)| !processes.contains_key(&process.parent))
        .map(|(pid, _)| *pid)
        .collect();
    write(processes, &roots, "", &mut lines);
    lines
}

fn write(processes: &BTreeMap<u32, Process>, level: &[u32], indent: &str, lines: &mut Vec<String>) {
    for (place, pid) in level.iter().enumerate() {
        let Some(process) = processes.get(pid) else { continue };
        let is_last = place + 1 == level.len();
        let (line, below) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
        lines.push(format!("{indent}{line}{pid} {}", printable(&process.command)));
        let children: Vec<u32> = processes
            .iter()
            .filter(|(child, process)| process.parent == *pid && *child != pid)
            .map(|(child, _)| *child)
            .collect();
        // Each process has one parent, and a child is younger: there are no circles.
        write(processes, &children, &format!("{indent}{below}"), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_hang_below_their_parents() {
        let process = |parent, command: &str| Process { parent, command: command.to_owned() };
        let processes = BTreeMap::from([
            (10, process(1, "a")),
            (11, process(10, "b")),
            (12, process(11, "c")),
            (13, process(10, "d")),
        ]);
        assert_eq!(tree(&processes), ["└─10 a", "  ├─11 b", "  │ └─12 c", "  └─13 d"]);
    }
}
