//! Dinit, where it is installed.

use usher_tests::lab::process::Daemon;
use usher_tests::skip;

use super::behaviour;
use super::trial::{Native, Trial, dinit_directory};

struct Dinit {
    trial: Trial,
    _daemon: Daemon,
}

impl Dinit {
    fn new(system: bool) -> Option<Self> {
        if dinit_directory().is_none() {
            skip("dinit is neither in DINIT_BIN_DIR nor on PATH");
            return None;
        }
        let trial = Trial::new("dinit", system)?;
        trial.as_root("printf 'type = internal\\nrestart = false\\n' > /var/trial/native/boot");
        let mode = if system { "--system" } else { "--user" };
        let mut daemon = trial.command("dinit").args([mode, "--services-dir", "/var/trial/native"]).spawn();
        // Where dinitctl in translated files looks, too.
        let socket = if system { "/run/dinitctl" } else { "/run/user/1000/dinitctl" };
        let socket = trial.machine.path(socket);
        daemon.wait_until("dinit listens", || socket.exists());
        Some(Self { trial, _daemon: daemon })
    }

    fn tool(&self, words: &[&str]) -> bool {
        let output = self
            .trial
            .command("dinitctl")
            .arg(if self.trial.system { "--system" } else { "--user" })
            .args(words.iter().copied())
            .output();
        if output.code() != 0 && words[0] != "is-started" {
            eprintln!("dinitctl {}: {}{}", words.join(" "), output.stdout, output.stderr);
        }
        output.code() == 0
    }
}

impl Native for Dinit {
    fn trial(&self) -> &Trial {
        &self.trial
    }

    fn start(&self, service: &str) -> bool {
        self.tool(&["start", service])
    }

    fn stop(&self, service: &str) -> bool {
        // What needs it goes along.
        self.tool(&["stop", "--force", "--ignore-unstarted", service])
    }

    fn reload(&self, service: &str) -> bool {
        self.tool(&["signal", "HUP", service])
    }

    fn is_started(&self, service: &str) -> bool {
        self.tool(&["is-started", service])
    }

    fn name(&self) -> &'static str {
        "dinit"
    }
}

#[test]
fn dinit_of_the_system() {
    if let Some(dinit) = Dinit::new(true) {
        behaviour::play(&dinit);
    }
}

#[test]
fn dinit_of_a_user() {
    if let Some(dinit) = Dinit::new(false) {
        behaviour::play(&dinit);
    }
}
