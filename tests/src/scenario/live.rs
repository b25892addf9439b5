//! Our own manager, `session-launcher daemon`, on a session bus that was there before.

use super::observation::Happening;
use super::play::LOG;
use super::program::{Place, Program, Said};
use crate::binaries::built;
use crate::lab::machine::{Builder, Machine};
use crate::lab::process::Daemon;

/// Ours.
#[derive(Debug)]
pub struct SessionLauncher {
    /// It may make control groups.
    pub control_groups: bool,
}

/// The address of the bus.
const BUS: &str = "unix:path=/scenario/run/bus";

impl Program for SessionLauncher {
    fn name(&self) -> &'static str {
        "session-launcher daemon"
    }

    fn furnish(&self, builder: Builder) -> Builder {
        builder.bind_read_only(built("session-launcher"), "/usr/bin/session-launcher")
    }

    /// systemd's clients look for systemd's own socket in $XDG_RUNTIME_DIR; without that variable they take the bus.
    fn install(&self, machine: &Machine) {
        for client in ["systemctl", "systemd-run"] {
            let script = format!("#!/bin/sh\nunset XDG_RUNTIME_DIR\nexec /usr/bin/{client} \"$@\"\n");
            machine.write(&format!("/usr/local/bin/{client}"), 0o755, script);
        }
    }

    fn owns_group(&self) -> bool {
        self.control_groups
    }

    fn start(&self, place: &Place<'_>) -> Vec<Daemon> {
        let mut bus = place
            .command(&format!("dbus-daemon --session --address={BUS} --nofork --nopidfile --nosyslog"))
            .spawn();
        bus.wait_for_socket(place.machine.path("/scenario/run/bus"));
        let manager = place
            .command(&format!("session-launcher daemon --unit=basic.target 2> {LOG}"))
            .env("DBUS_SESSION_BUS_ADDRESS", BUS)
            .env("SESSION_LAUNCHER_LOG", "info,session_launcher::daemon::trace=debug")
            .spawn();
        vec![manager, bus]
    }

    fn understand(&self, line: &str) -> Said {
        understand(line)
    }
}

/// Understands a line as `session_launcher::daemon::trace` writes it: `TIME DEBUG UNIT: WHAT`.
fn understand(line: &str) -> Said {
    let Some((_, text)) = line.split_once(" DEBUG ") else { return Said::Busy };
    if let Some(rest) = text.strip_prefix("process ") {
        return ended(rest).unwrap_or(Said::Busy);
    }
    let Some((unit, what)) = text.split_once(": ") else { return Said::Busy };
    if let Some(rest) = what.strip_prefix("process ") {
        let started = || Some(Said::Started { unit: unit.to_owned(), pid: rest.parse().ok()? });
        return ended(rest).or_else(started).unwrap_or(Said::Busy);
    }
    // The program itself is not compared.
    let what = match what.strip_prefix("exec ") {
        Some(command) => {
            command.split_once(' ').map_or("exec".to_owned(), |(_, rest)| format!("exec {rest}"))
        }
        None => what.to_owned(),
    };
    Said::Happened(Happening { unit: unit.to_owned(), what })
}

fn ended(text: &str) -> Option<Said> {
    let (pid, _) = text.split_once(" ended: ")?;
    pid.parse().ok().map(Said::Ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let said =
            |what: &str| Said::Happened(Happening { unit: "a.service".to_owned(), what: what.to_owned() });
        let line = |text: &str| understand(&format!("2026-01-01T00:00:00.1Z DEBUG {text}"));
        assert_eq!(line("a.service: dead -> start"), said("dead -> start"));
        assert_eq!(line("a.service: job start done"), said("job start done"));
        assert_eq!(line("a.service: exec stand-in exit:0"), said("exec exit:0"));
        assert_eq!(line("a.service: exec stand-in"), said("exec"));
        assert_eq!(line("a.service: process 31"), Said::Started { unit: "a.service".into(), pid: 31 });
        assert_eq!(line("a.service: process 31 ended: Code(0)"), Said::Ended(31));
        assert_eq!(line("process 31 ended: Signal(9)"), Said::Ended(31));
    }
}
