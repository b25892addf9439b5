//! The processes of the service: the descendants of this process, since orphans come to it. Not those of its loggers,
//! and not those in another control group, such as a session that a display manager has opened.

use std::fs;

use rustix::process::{Pid, Signal};

use crate::daemon::census;

/// Which descendants are the service's.
#[derive(Debug)]
pub struct ProcessTree {
    own: i32,
    /// OpenRC starts loggers and then becomes this process: its children from then, with their births.
    loggers: Vec<(i32, u64)>,
    /// The lines of /proc/self/cgroup.
    group: String,
}

impl ProcessTree {
    /// Notes what is there before the service is.
    pub fn before_service() -> Self {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let loggers = census::descendants(own, &[]);
        let loggers = loggers.into_iter().filter_map(|pid| Some((pid, census::birth_of(pid)?))).collect();
        Self { own, loggers, group: group_of(own) }
    }

    /// All processes of the service that have not ended.
    pub fn processes(&self) -> Vec<i32> {
        let lives = |(pid, birth): &(i32, u64)| (census::birth_of(*pid) == Some(*birth)).then_some(*pid);
        let loggers: Vec<i32> = self.loggers.iter().filter_map(lives).collect();
        let mut processes = census::descendants(self.own, &loggers);
        processes.retain(|pid| is_within(&group_of(*pid), &self.group));
        processes
    }
}

fn group_of(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default()
}

/// Whether a process is in the same groups, or below them. Everything is below the root: there, only the same counts.
fn is_within(groups: &str, own: &str) -> bool {
    groups.lines().zip(own.lines()).all(|(line, own)| {
        let below = |rest: &str| rest.starts_with('/') && !own.ends_with(":/");
        line == own || line.strip_prefix(own).is_some_and(below)
    })
}

/// Sends a signal; a process that is gone already does not matter.
pub fn signal(pid: i32, number: i32) {
    if let (Some(pid), Some(signal)) = (Pid::from_raw(pid), Signal::from_named_raw(number)) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        assert!(is_within("0::/\n", "0::/\n"));
        assert!(is_within("0::/openrc.gdm\n", "0::/openrc.gdm\n"));
        assert!(is_within("0::/openrc.gdm/part\n", "0::/openrc.gdm\n"));
        assert!(!is_within("0::/c1\n", "0::/\n"), "a session of elogind");
        assert!(!is_within("0::/openrc.gdm2\n", "0::/openrc.gdm\n"));
        assert!(!is_within("2:cpu:/\n1:name=elogind:/c1\n", "2:cpu:/\n1:name=elogind:/\n"));
        assert!(is_within("", ""), "no control groups at all");
    }

    #[test]
    fn loggers_are_not_of_the_service() {
        let start = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut logger = start();
        let tree = ProcessTree::before_service();
        let mut service = start();
        let processes = tree.processes();
        let [of_logger, of_service] = [&logger, &service].map(|child| child.id().cast_signed());
        assert!(processes.contains(&of_service) && !processes.contains(&of_logger), "{processes:?}");
        for child in [&mut logger, &mut service] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
