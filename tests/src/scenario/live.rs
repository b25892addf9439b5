//! Our own manager, `session-launcher daemon`, on a session bus that was there before.

use super::observation::Happening;
use super::play::LOG;
use super::program::{Place, Program, Said};
use crate::binaries::built;
use crate::gnome::side::Supervisor;
use crate::lab::machine::{Builder, Machine};
use crate::lab::process::Daemon;
use crate::lab::{dinit, root};

/// Ours, with control groups of its own.
#[derive(Debug)]
pub struct SessionLauncher {
    /// What supervises the services.
    pub supervisor: Supervisor,
}

/// The address of the bus.
const BUS: &str = "unix:path=/scenario/run/bus";

/// Where the root with systemd's programs is seen in another one.
const ORIGINAL: &str = "/original";

/// The root with systemd's programs.
const ORIGINAL_ROOT: &str = "systemd-user";

impl SessionLauncher {
    /// How systemd's client of that name is called.
    fn client(&self, name: &str) -> String {
        if self.root() == ORIGINAL_ROOT {
            return format!("/usr/bin/{name}");
        }
        let libraries = format!("{ORIGINAL}/usr/lib/x86_64-linux-gnu");
        format!(
            "{libraries}/ld-linux-x86-64.so.2 --library-path {libraries}:{libraries}/systemd {ORIGINAL}/usr/bin/{name}"
        )
    }
}

impl Program for SessionLauncher {
    fn name(&self) -> &'static str {
        match self.supervisor {
            Supervisor::Direct => "daemon",
            other => other.name(),
        }
    }

    fn root(&self) -> &'static str {
        match self.supervisor {
            Supervisor::Direct => ORIGINAL_ROOT,
            Supervisor::OpenRc | Supervisor::Shepherd | Supervisor::Dinit => "gnome",
        }
    }

    fn furnish(&self, builder: Builder) -> Option<Builder> {
        let mut builder = builder.bind_read_only(built("session-launcher"), "/usr/bin/session-launcher");
        if self.root() != ORIGINAL_ROOT {
            builder = builder.bind_read_only(root::cache().join(ORIGINAL_ROOT), ORIGINAL);
        }
        if self.supervisor == Supervisor::Dinit { dinit::bind_or_skip(builder) } else { Some(builder) }
    }

    /// systemd's clients look for systemd's own socket in $XDG_RUNTIME_DIR; without that variable they take the bus.
    fn install(&self, machine: &Machine) {
        for name in ["systemctl", "systemd-run"] {
            let script = format!("#!/bin/sh\nunset XDG_RUNTIME_DIR\nexec {} \"$@\"\n", self.client(name));
            machine.write(&format!("/usr/local/bin/{name}"), 0o755, script);
        }
        machine.command("dbus-uuidgen").arg("--ensure=/etc/machine-id").run();
        if self.supervisor == Supervisor::OpenRc {
            machine.command("mkdir").args(["-p", "/run/openrc"]).run();
        }
    }

    fn start(&self, place: &Place<'_>) -> Vec<Daemon> {
        if self.supervisor == Supervisor::OpenRc {
            place.command("openrc --user default").run();
        }
        let mut bus = place
            .command(&format!("dbus-daemon --session --address={BUS} --nofork --nopidfile --nosyslog"))
            .spawn();
        bus.wait_for_socket(place.machine.path("/scenario/run/bus"));
        let supervisor = self.supervisor.name();
        let private = if self.supervisor.is_private() { "--private" } else { "" };
        let manager = place
            .command(&format!(
                "session-launcher daemon --unit=basic.target --manager={supervisor} {private} 2> {LOG}"
            ))
            .env("DBUS_SESSION_BUS_ADDRESS", BUS)
            .env("SESSION_LAUNCHER_LOG", "info,session_launcher::daemon::trace=debug")
            .spawn();
        vec![manager, bus]
    }

    /// It would go on without a service manager that it does not find.
    fn announcement(&self) -> Option<String> {
        Some(format!("services are supervised by: {}", self.supervisor.name()))
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
