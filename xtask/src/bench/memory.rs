//! Memory of processes.

use std::fs;
use usher_tests::lab::machine::Machine;

/// Processes of a machine and their memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// How many processes.
    pub processes: usize,
    /// Their proportional set size, in KiB: shared pages are divided among those who share them.
    pub pss: u64,
}

/// What runs in a machine, without the shell that holds it.
pub fn of_machine(machine: &Machine) -> Memory {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let own = namespace(machine.pid());
    let mut memory = Memory::default();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let command = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if namespace(pid) != own || matches!(command.trim(), "sh" | "cat") {
            continue;
        }
        memory.processes += 1;
        memory.pss += pss(pid);
    }
    memory
}

fn pss(pid: &str) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
