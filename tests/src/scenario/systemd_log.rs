//! Reads what `systemd --user` says with SYSTEMD_LOG_LEVEL=debug.

use super::observation::Happening;
use super::program::Said;

/// Understands a line.
pub fn understand(line: &str) -> Said {
    if let Some(rest) = line.strip_prefix("Child ")
        && let Some((pid, rest)) = rest.split_once(' ')
        && rest.contains(") died ")
    {
        return pid.parse().map_or(Said::Busy, Said::Ended);
    }
    // The manager takes up again what it knew before a reload, and logs that as changes.
    if line.starts_with("Invoking unit coldplug") {
        return Said::ReloadBegins;
    }
    if line.starts_with("Invoking unit catchup") {
        return Said::ReloadEnds;
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
        return pid.map_or(Said::Busy, |pid| Said::Started { unit: unit.to_owned(), pid });
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
        assert_eq!(
            understand("a.service: Forked /bin/true as 31 (via CLONE_INTO_CGROUP)"),
            Said::Started { unit: "a.service".into(), pid: 31 }
        );
        assert_eq!(understand("Child 31 (true) died (code=exited, status=0/SUCCESS)"), Said::Ended(31));
        assert_eq!(understand("Got disconnect on private connection."), Said::Chatter);
    }
}
