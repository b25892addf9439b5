//! The Shepherd as the manager of a system.

use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;

use super::manager::Manager;
use super::system::System;

struct Shepherd {
    system: System,
    daemon: Daemon,
}

/// Where the Shepherd of a system listens and writes.
const SOCKET: &str = "/run/shepherd/socket";
const LOG: &str = "/var/log/shepherd.log";

impl Shepherd {
    fn start_or_skip() -> Option<Self> {
        let system = System::new(Machine::builder("gnome"), "shepherd", &["dbus", "dbus.socket", "elogind"])?;
        // As the files' headers say.
        let config = "(for-each (lambda (file) (load (string-append \"/var/native/\" file)))\n  \
                      (scandir \"/var/native\" (lambda (file) (string-suffix? \".scm\" file))))\n\
                      (start-in-the-background '(elogind))\n";
        system.machine.write("/etc/shepherd.scm", 0o644, format!("(use-modules (ice-9 ftw))\n{config}"));
        let mut daemon = system
            .machine
            .command("shepherd")
            .args(["--config=/etc/shepherd.scm", &format!("--logfile={LOG}"), &format!("--socket={SOCKET}")])
            .spawn();
        let socket = system.machine.path(SOCKET);
        daemon.wait_until("shepherd listens", || socket.exists());
        let shepherd = Self { system, daemon };
        let up = shepherd.system.becomes(|| shepherd.is_started("elogind"));
        assert!(up, "{}\n{}", shepherd.log_of("elogind"), shepherd.daemon.log());
        Some(shepherd)
    }

    fn tool(&self, verb: &str, service: &str) -> (bool, String) {
        let output =
            self.system.machine.command("herd").args([&format!("--socket={SOCKET}"), verb, service]).output();
        (output.code() == 0, output.stdout + &output.stderr)
    }

    fn does(&self, verb: &str, service: &str) -> bool {
        let (done, text) = self.tool(verb, service);
        if !done {
            eprintln!("herd {verb} {service}: {text}\n{}", self.daemon.log());
        }
        done
    }
}

impl Manager for Shepherd {
    fn system(&self) -> &System {
        &self.system
    }

    fn start(&self, service: &str) -> bool {
        self.does("start", service)
    }

    fn stop(&self, service: &str) -> bool {
        self.does("stop", service)
    }

    fn is_started(&self, service: &str) -> bool {
        let (done, text) = self.tool("status", service);
        done && text.contains("It is running")
    }

    fn log_of(&self, service: &str) -> String {
        let tag = format!("[{}] ", service);
        let log = std::fs::read_to_string(self.system.machine.path(LOG)).unwrap_or_default();
        log.lines()
            .filter(|line| line.contains(&tag) || line.contains(service))
            .map(|line| format!("{line}\n"))
            .collect()
    }
}

#[test]
fn shepherd() {
    if let Some(shepherd) = Shepherd::start_or_skip() {
        super::play(&shepherd);
    }
}
