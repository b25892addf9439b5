//! Who runs in a machine.

use super::machine::Machine;
use rustix::process::{Pid, Signal, kill_process};
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A process of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its pid in this process's namespace.
    pub pid: u32,
    /// Its parent's pid, likewise; 0 when that is outside.
    pub parent: u32,
    /// The user whom it belongs to.
    pub uid: u32,
    /// The first word of its command line without directories, or the kernel's name for it.
    pub name: String,
    /// Its command line, arguments separated by blanks.
    pub command_line: String,
}

impl Machine {
    /// Every process of the machine that has not ended, by pid.
    pub fn processes(&self) -> Vec<Process> {
        let namespace = fs::read_link(format!("/proc/{}/ns/pid", self.pid())).expect("the machine runs");
        let mut found: Vec<Process> = fs::read_dir("/proc")
            .expect("/proc can be read")
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|own| own == namespace))
            .filter_map(Process::read)
            .collect();
        found.sort_by_key(|process| process.pid);
        found
    }

    /// The processes of one user.
    pub fn processes_of(&self, uid: u32) -> Vec<Process> {
        self.processes().into_iter().filter(|process| process.uid == uid).collect()
    }
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let uid = fs::metadata(&directory).ok()?.uid();
        let status = fs::read_to_string(directory.join("stat")).ok()?;
        // PID (NAME) STATE ...; the name may hold brackets.
        let (start, rest) = status.rsplit_once(')')?;
        if rest.trim_start().starts_with('Z') {
            return None;
        }
        // STATE PARENT ...
        let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
        let kernel_name = start.split_once('(').map_or("", |(_, name)| name);
        let arguments = fs::read(directory.join("cmdline")).ok()?;
        let command_line = String::from_utf8_lossy(&arguments).replace('\0', " ").trim().to_owned();
        let name = command_line
            .split(' ')
            .next()
            .filter(|word| !word.is_empty())
            .map_or(kernel_name, |word| word.rsplit('/').next().unwrap_or(word))
            .to_owned();
        Some(Self { pid, parent, uid, name, command_line })
    }

    /// Its environment, or nothing when it has ended.
    pub fn environment(&self) -> Vec<(String, String)> {
        let bytes = fs::read(format!("/proc/{}/environ", self.pid)).unwrap_or_default();
        String::from_utf8_lossy(&bytes)
            .split('\0')
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Sends it a signal; one that has ended meanwhile is none of the caller's business.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} uid {} {}", self.pid, self.uid, self.command_line)
    }
}
