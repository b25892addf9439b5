//! Dinit as the manager of a system, where it is installed.

use usher_tests::lab::dinit;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;

use super::manager::Manager;
use super::system::System;

struct Dinit {
    system: System,
    _daemon: Daemon,
}

impl Dinit {
    fn start_or_skip() -> Option<Self> {
        let builder = dinit::bind_or_skip(Machine::builder("gnome"))?;
        let system = System::new(builder, "dinit", &["dbus", "dbus.socket", "elogind"])?;
        let boot = "type = internal\nrestart = false\nwaits-for.d = boot.d\n";
        system.machine.write("/var/native/boot", 0o644, boot);
        // What a boot leaves behind that has a directory for services to be enabled in.
        system.shell("mkdir /var/native/boot.d; for s in login.target local.target; do printf 'type = internal\\n' > /var/native/$s; done");
        let command = system.machine.command("dinit").args(["--system", "--services-dir", "/var/native"]);
        let mut daemon = command.spawn();
        let socket = system.machine.path("/run/dinitctl");
        daemon.wait_until("dinit listens", || socket.exists());
        let dinit = Self { system, _daemon: daemon };
        // As the files' headers say.
        for service in ["dbus", "elogind"] {
            assert!(dinit.tool(&["enable", service]), "{service}");
            assert!(
                dinit.system.becomes(|| dinit.is_started(service)),
                "{service}: {}",
                dinit.log_of(service)
            );
        }
        Some(dinit)
    }

    fn tool(&self, words: &[&str]) -> bool {
        let output = self.system.machine.command("dinitctl").args(words.iter().copied()).output();
        if output.code() != 0 && words[0] != "is-started" {
            eprintln!("dinitctl {}: {}{}", words.join(" "), output.stdout, output.stderr);
        }
        output.code() == 0
    }
}

impl Manager for Dinit {
    fn system(&self) -> &System {
        &self.system
    }

    fn start(&self, service: &str) -> bool {
        self.tool(&["start", service])
    }

    fn stop(&self, service: &str) -> bool {
        self.tool(&["stop", service])
    }

    fn is_started(&self, service: &str) -> bool {
        self.tool(&["is-started", service])
    }

    fn log_of(&self, service: &str) -> String {
        self.system.machine.command("dinitctl").args(["catlog", service]).output().stdout
    }
}

#[test]
fn dinit() {
    if let Some(dinit) = Dinit::start_or_skip() {
        super::play(&dinit);
    }
}
