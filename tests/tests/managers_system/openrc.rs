//! OpenRC as the manager of a system, beside the scripts that Debian has for the bus and elogind.

use usher_tests::lab::machine::Machine;

use super::manager::Manager;
use super::system::System;

struct Openrc {
    system: System,
}

impl Openrc {
    fn start_or_skip() -> Option<Self> {
        let system = System::new(Machine::builder("gnome"), "openrc", &[])?;
        // Debian's script for GDM has the name of the unit's second name.
        system.shell(
            "rc-update del gdm3 default; rm /etc/init.d/gdm3
             rc-update del procps sysinit
             cp -p /var/native/* /etc/init.d
             openrc sysinit && openrc boot && openrc default",
        );
        Some(Self { system })
    }

    fn tool(&self, service: &str, verb: &str) -> (i32, String) {
        let output = self
            .system
            .machine
            .command("timeout")
            .args(["120", "rc-service", "--nocolor", service, verb])
            .output();
        (output.code(), output.stdout + &output.stderr)
    }

    fn does(&self, service: &str, verb: &str) -> bool {
        let (code, text) = self.tool(service, verb);
        if code != 0 {
            eprintln!("rc-service {service} {verb}: {code}: {text}");
        }
        code == 0
    }
}

impl Manager for Openrc {
    fn system(&self) -> &System {
        &self.system
    }

    fn start(&self, service: &str) -> bool {
        self.does(service, "start")
    }

    /// OpenRC calls it crashed, which is a kind of started.
    fn start_after_crash(&self, service: &str) -> bool {
        self.does(service, "restart")
    }

    fn stop(&self, service: &str) -> bool {
        self.does(service, "stop")
    }

    fn is_started(&self, service: &str) -> bool {
        self.tool(service, "status").0 == 0
    }

    fn log_of(&self, service: &str) -> String {
        self.system.journal_of(service)
    }
}

#[test]
fn openrc() {
    if let Some(openrc) = Openrc::start_or_skip() {
        super::play(&openrc);
    }
}
