//! Other service managers as supervisors of the session's services, and what their own tools say of them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::artefacts::Artefacts;
use super::side::{Side, Stage, Supervisor, Usher};
use crate::lab::Process;
use crate::lab::desktop::wait_for;
use crate::lab::process::CommandInside;

/// A stage with that supervisor.
pub fn open(supervisor: Supervisor, artefacts: &Artefacts) -> Option<Stage> {
    let usher = Usher { supervisor, ..Usher::USUAL };
    Stage::open(Side::Usher(usher), &artefacts.within(supervisor.name()))
}

/// The units that are services with a process, by the engine's account. `systemctl` is the command of that name, made for
/// the user and with the address of the bus in its environment.
///
/// # Panics
/// When they cannot be listed.
pub fn running_services(systemctl: CommandInside<'_>) -> BTreeSet<String> {
    let output = systemctl
        .args(["--user", "list-units", "--no-pager", "--plain", "--no-legend", "--type=service"])
        .run();
    let running = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let name = fields.next()?;
        (fields.nth(2) == Some("running")).then(|| name.to_owned())
    };
    output.lines().filter_map(running).collect()
}

impl Supervisor {
    /// Its tool, with the arguments that name this user's services.
    ///
    /// # Panics
    /// When it has none: nothing but the engine supervises.
    fn tool(self) -> &'static [&'static str] {
        match self {
            Self::Direct => panic!("there is no native tool"),
            Self::OpenRc => &["rc-service", "--user"],
            Self::Shepherd => &["herd"],
            Self::Dinit => &["dinitctl", "--user"],
        }
    }

    /// The command line that does `verb` with a unit's service.
    pub fn act(self, verb: &str, unit: &str) -> Vec<String> {
        let mut line: Vec<String> = self.tool().iter().map(|word| (*word).to_owned()).collect();
        let service = self.service_name(unit);
        match self {
            Self::OpenRc => line.extend([service, verb.to_owned()]),
            _ => line.extend([verb.to_owned(), service]),
        }
        line
    }

    /// The command line that lists the services.
    pub fn list(self) -> &'static [&'static str] {
        match self {
            Self::Direct => &["systemctl", "--user", "list-units", "--no-pager", "--type=service"],
            Self::OpenRc => &["rc-status", "--user"],
            Self::Shepherd => &["herd", "status"],
            Self::Dinit => &["dinitctl", "--user", "list"],
        }
    }

    /// The unit's services that a listing shows as up.
    pub fn shown_as_up(self, listing: &str) -> BTreeSet<String> {
        let service = |line: &str| match self {
            // ` name        [  started  ]`
            Self::Direct | Self::OpenRc => {
                let (name, state) = line.trim().split_once(' ')?;
                state.contains("started").then(|| name.to_owned())
            }
            // ` + name`, below `Started:`
            Self::Shepherd => line.trim().strip_prefix("+ ").map(str::to_owned),
            // `[[+]     ] name (pid: 1)`
            Self::Dinit => {
                let (state, rest) = line.rsplit_once("] ")?;
                state
                    .contains('+')
                    .then(|| rest.split_ascii_whitespace().next().unwrap_or_default().to_owned())
            }
        };
        // What it has by itself are no units.
        listing.lines().filter_map(service).filter(|name| name.ends_with(".service")).collect()
    }

    /// Its name for a unit's service.
    pub fn service_name(self, unit: &str) -> String {
        match self {
            Self::Direct | Self::Shepherd => unit.to_owned(),
            Self::OpenRc => unit.replace('\\', "+"),
            Self::Dinit => unit.replace('\\', "_").replace('@', "-").replace(':', "_x3a"),
        }
    }

    /// Whether the process is what it supervises services with.
    pub fn is_supervisor(self, process: &Process) -> bool {
        let line = &process.command_line;
        match self {
            Self::Direct => line.contains("session-launcher daemon"),
            Self::OpenRc => process.name.starts_with("supervise-daemo"),
            Self::Shepherd => line.contains("/usr/bin/shepherd"),
            Self::Dinit => line.contains("dinit --user"),
        }
    }
}

/// Lists the services by the supervisor's own tool. `command` makes a command of the user's, with the address of the bus in
/// its environment.
///
/// # Errors
/// They are not the services that run by the engine's account, for longer than a moment.
///
/// # Panics
/// When one of the two cannot be asked.
pub fn list<'m>(
    supervisor: Supervisor,
    command: &dyn Fn(&str) -> CommandInside<'m>,
) -> Result<String, String> {
    let line = supervisor.list();
    let mut listing = String::new();
    let mut wrong = String::new();
    // Something may begin or end just now.
    let same = wait_for(Duration::from_secs(5), Duration::from_millis(500), || {
        listing = command(line[0]).args(line[1..].iter().copied()).run();
        let shown = supervisor.shown_as_up(&listing);
        let services = running_services(command("systemctl"));
        let services = services.iter().map(|unit| supervisor.service_name(unit)).collect();
        wrong =
            format!("not shown: {:?}; shown, but not running: {:?}", &services - &shown, &shown - &services);
        !shown.is_empty() && shown == services
    });
    if same { Ok(listing) } else { Err(format!("{} {wrong}\n{listing}", line.join(" "))) }
}

/// The processes above those of that name, with the nearest first.
pub fn above(processes: &[Process], name: &str) -> Vec<Process> {
    let mut found = Vec::new();
    let mut next = processes.iter().find(|process| process.name == name).map(|process| process.parent);
    while let Some(process) = next.and_then(|pid| processes.iter().find(|process| process.pid == pid)) {
        found.push(process.clone());
        next = Some(process.parent);
    }
    found
}
