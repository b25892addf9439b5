//! Reads what `systemd --user` says with SYSTEMD_LOG_LEVEL=debug.

use super::observation::Happening;
use std::collections::BTreeSet;

/// What one line says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// Something happened to a unit.
    Happened(Happening),
    /// A process was forked, by its number in the machine.
    Forked(u32),
    /// A process is gone.
    Died(u32),
    /// Nothing that matters, but something is going on.
    Busy,
    /// Talk with a client.
    Chatter,
}

/// Understands a line.
pub fn understand(line: &str) -> Said {
    if let Some(rest) = line.strip_prefix("Child ")
        && let Some((pid, rest)) = rest.split_once(' ')
        && rest.contains(") died ")
    {
        return pid.parse().map_or(Said::Busy, Said::Died);
    }
    let Some((unit, rest)) = line.split_once(": ") else {
        return if is_chatter(line) { Said::Chatter } else { Said::Busy };
    };
    if unit.contains(' ') || !unit.contains('.') {
        return if is_chatter(line) { Said::Chatter } else { Said::Busy };
    }
    let happened = |what: String| Said::Happened(Happening { unit: unit.to_owned(), what });
    if let Some(change) = rest.strip_prefix("Changed ") {
        return happened(change.to_owned());
    }
    if let Some(job) = rest.strip_prefix("Installed new job ") {
        return happened(format!("job {} new", kind_of(job)));
    }
    if let Some(rest) = rest.strip_prefix("Job ")
        && let Some((job, result)) = rest.split_once(" finished, result=")
    {
        let job = job.split_once(' ').map_or(job, |(_, job)| job);
        return happened(format!("job {} {result}", kind_of(job)));
    }
    if let Some((_, job)) = rest.split_once("into installed job ") {
        return happened(format!("job {} merged", kind_of(job)));
    }
    if let Some(job) = rest.strip_prefix("Merged into running job, re-running: ") {
        return happened(format!("job {} merged", kind_of(job)));
    }
    if let Some(command) = rest.strip_prefix("About to execute: ") {
        let arguments = command.split_once(' ').map_or(String::new(), |(_, rest)| format!(" {rest}"));
        return happened(format!("exec{}", arguments.replace('"', "")));
    }
    if rest.starts_with("Forked ")
        && let Some((_, after)) = rest.rsplit_once(" as ")
    {
        let pid = after.split_whitespace().next().and_then(|pid| pid.parse().ok());
        return pid.map_or(Said::Busy, Said::Forked);
    }
    if is_chatter(rest) { Said::Chatter } else { Said::Busy }
}

/// `start` of `a.service/start as 12`.
fn kind_of(job: &str) -> &str {
    let job = job.split(' ').next().unwrap_or(job);
    job.rsplit_once('/').map_or(job, |(_, kind)| kind)
}

/// What the runner's own questions cause.
fn is_chatter(line: &str) -> bool {
    [
        "Bus ",
        "sd-bus:",
        "Accepted",
        "Accepting",
        "Registering",
        "Got message",
        "Sent message",
        "Got disconnect",
        "Failed to send",
        "Collecting",
        "Trying to acquire polkit",
        "json-stream",
    ]
    .iter()
    .any(|word| line.starts_with(word))
}

/// The processes that run.
#[derive(Debug, Default)]
pub struct Alive(BTreeSet<u32>);

impl Alive {
    /// Takes in what a line said.
    pub fn note(&mut self, said: &Said) {
        match said {
            Said::Forked(pid) => {
                self.0.insert(*pid);
            }
            Said::Died(pid) => {
                self.0.remove(pid);
            }
            _ => {}
        }
    }

    /// Their numbers.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(line: &str) -> String {
        match understand(line) {
            Said::Happened(happening) => happening.what,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn lines_are_understood() {
        assert_eq!(what("a.service: Changed dead -> start-pre"), "dead -> start-pre");
        assert_eq!(what("a.service: Installed new job a.service/start as 12"), "job start new");
        assert_eq!(what("a.service: Job 12 a.service/start finished, result=done"), "job start done");
        assert_eq!(what("a.service: About to execute: /bin/stand-in exit:0"), "exec exit:0");
        assert_eq!(understand("a.service: Forked /bin/true as 31 (via CLONE_INTO_CGROUP)"), Said::Forked(31));
        assert_eq!(understand("Child 31 (true) died (code=exited, status=0/SUCCESS)"), Said::Died(31));
        assert_eq!(understand("Got disconnect on private connection."), Said::Chatter);
    }
}
