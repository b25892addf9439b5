//! The real GDM in a machine, with displays that nobody sees.

use super::artefacts::Artefacts;
use super::bus;
use super::environment::Variables;
use super::install::{self, Leader};
use super::screenshot::Picture;
use super::side::{HEADLESS_SHELL, Supervisor};
use crate::lab::desktop::{Desktop, Logind};
use crate::lab::machine::Machine;
use crate::lab::process::{CommandInside, Daemon};
use crate::lab::{Process, dinit};
use std::fs;

/// Who makes displays without a screen.
const FACTORY: &str = "/org/gnome/DisplayManager/RemoteDisplayFactory";

/// The uids from which GDM lends to greeters.
const LENT_UIDS: std::ops::RangeInclusive<u32> = 60578..=60705;

/// A machine with GDM.
#[derive(Debug)]
pub struct DisplayManager {
    /// The machine.
    pub desktop: Desktop,
    /// Where pictures and logs go.
    pub artefacts: Artefacts,
    daemon: Daemon,
    registrations: Daemon,
}

/// Somebody's session, or a greeter.
#[derive(Debug)]
pub struct Seat {
    /// Whose.
    pub uid: u32,
    /// Environment of GNOME Shell.
    pub shell: Variables,
}

impl DisplayManager {
    /// Starts GDM, without a greeter on the machine's own screen, which it has not. Or skips the test. The supervisor is
    /// chosen for everybody, and one of its own is started for each who has none: nobody has.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_or_skip(supervisor: Supervisor, artefacts: &Artefacts) -> Option<Self> {
        let mut builder = install::bind(Machine::builder("gnome")).cgroups();
        if supervisor == Supervisor::Dinit {
            builder = dinit::bind_or_skip(builder)?;
        }
        let desktop = Desktop::start_or_skip(builder, Logind::Elogind)?;
        let machine = &desktop.machine;
        install::install(machine, Leader::Ours);
        machine.write("/etc/systemd/user/org.gnome.Shell@.service.d/headless.conf", 0o644, HEADLESS_SHELL);
        if supervisor != Supervisor::Direct {
            let configuration = format!("manager = \"{}\"\nprivate = true\n", supervisor.name());
            machine.write("/etc/usher/session-launcher.toml", 0o644, configuration);
        }
        machine.write("/etc/gdm3/daemon.conf", 0o644, "[daemon]\nShowLocalGreeter=false\n");
        // Calls of GNOME Shell, and every error on the way back.
        let mut registrations = machine
            .command("dbus-monitor")
            .args(["--system", "interface='org.gnome.DisplayManager.Manager'", "type='error'"])
            .spawn();
        let log = registrations.log_file();
        registrations.wait_until("listening", || {
            fs::read_to_string(&log).is_ok_and(|text| text.contains("NameAcquired"))
        });
        let mut daemon = machine.command("/usr/sbin/gdm3").spawn();
        daemon.wait_until("on the system bus", || desktop.owns_system_name("org.gnome.DisplayManager"));
        Some(Self { desktop, artefacts: artefacts.clone(), daemon, registrations })
    }

    /// Calls the factory of displays.
    ///
    /// # Errors
    /// What gdbus printed.
    pub fn make_display(&self, method: &str, argument: &str) -> Result<(), String> {
        let output = self
            .desktop
            .machine
            .command("gdbus")
            .args(["call", "--system", "--dest", "org.gnome.DisplayManager", "--object-path", FACTORY])
            .args(["--method", &format!("org.gnome.DisplayManager.RemoteDisplayFactory.{method}"), argument])
            .output();
        if output.status.success() { Ok(()) } else { Err(output.stderr) }
    }

    /// The uids of running greeters' shells.
    pub fn greeters(&self) -> Vec<u32> {
        let mut uids: Vec<u32> = self.shells().iter().map(|process| process.uid).collect();
        uids.retain(|uid| LENT_UIDS.contains(uid));
        uids.sort_unstable();
        uids.dedup();
        uids
    }

    fn shells(&self) -> Vec<Process> {
        let mut processes = self.desktop.machine.processes();
        processes.retain(|process| process.name == "gnome-shell");
        processes
    }

    /// The seat of this user, once GNOME Shell runs there.
    pub fn seat(&self, uid: u32) -> Option<Seat> {
        let shell = self.shells().into_iter().find(|process| process.uid == uid)?;
        Some(Seat { uid, shell: shell.environment().into_iter().collect() })
    }

    /// How many displays have registered with GDM.
    pub fn registered_displays(&self) -> usize {
        self.registrations.log().matches("member=RegisterDisplay").count()
    }

    /// Errors with which GDM answered a GNOME Shell that registered.
    pub fn registration_errors(&self) -> Vec<String> {
        let log = self.registrations.log();
        let word = |line: &str, key: &str| {
            line.split([' ', ';']).find_map(|word| word.strip_prefix(key)).unwrap_or_default().to_owned()
        };
        let calls: Vec<_> = log
            .lines()
            .filter(|line| line.contains("member=Register"))
            .map(|line| (word(line, "sender="), word(line, "serial=")))
            .collect();
        log.lines()
            .filter(|line| line.starts_with("error "))
            .filter(|line| calls.contains(&(word(line, "destination="), word(line, "reply_serial="))))
            .map(str::to_owned)
            .collect()
    }

    /// Calls a method on the session bus of a seat.
    ///
    /// # Errors
    /// What gdbus printed.
    pub fn call(
        &self,
        seat: &Seat,
        destination: &str,
        object: &str,
        method: &str,
        arguments: &[&str],
    ) -> Result<String, String> {
        bus::call(self.command_at(seat, "gdbus"), destination, object, method, arguments)
    }

    /// A command of whoever is at the seat, with what it takes to find the session's managers and bus.
    pub fn command_at(&self, seat: &Seat, program: &str) -> CommandInside<'_> {
        let variables = ["DBUS_SESSION_BUS_ADDRESS", "HOME", "XDG_RUNTIME_DIR"];
        variables.iter().fold(self.desktop.machine.command(program).uid(seat.uid), |command, name| match seat
            .shell
            .get(*name)
        {
            Some(value) => command.env(name, value),
            None => command,
        })
    }

    /// Takes a picture of a seat and keeps it as `name`.
    ///
    /// # Errors
    /// GNOME Shell takes none, or it cannot be read.
    pub fn photograph(&self, seat: &Seat, name: &str) -> Result<Picture, String> {
        let file = format!("/run/user/{}/{name}.png", seat.uid);
        let answer = self.call(
            seat,
            "org.gnome.Shell.Screenshot",
            "/org/gnome/Shell/Screenshot",
            "org.gnome.Shell.Screenshot.Screenshot",
            &["false", "false", &file],
        )?;
        let bytes =
            fs::read(self.desktop.machine.path(&file)).map_err(|error| format!("{answer}: {error}"))?;
        let kept = self.artefacts.keep(&format!("{name}.png"), &bytes);
        eprintln!("screenshot: {}", kept.display());
        Picture::read(&bytes)
    }

    /// What a person would want to read when it fails.
    pub fn story(&self) -> String {
        let processes: String =
            self.desktop.machine.processes().iter().map(|process| format!("{process}\n")).collect();
        format!(
            "-- gdm3:\n{}\n-- processes:\n{processes}\n-- artefacts: {}",
            self.daemon.log(),
            self.artefacts.path().display()
        )
    }
}

impl Drop for DisplayManager {
    fn drop(&mut self) {
        self.artefacts.keep("gdm3.log", self.daemon.log());
        self.artefacts.keep("registrations.log", self.registrations.log());
        let logs = "find / -xdev -path '*/session-launcher/log/*' -type f; \
                    find /run -path '*/session-launcher/log/*' -type f";
        let files = self.desktop.machine.command("sh").args(["-c", logs]).output().stdout;
        for file in files.lines() {
            if let Ok(content) = fs::read(self.desktop.machine.path(file)) {
                let name = file.trim_start_matches('/').replace('/', "_");
                self.artefacts.within("units").keep(&name, content);
            }
        }
    }
}
