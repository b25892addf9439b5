//! The Shepherd, as root and as a user.

use usher_tests::lab::process::Daemon;

use super::behaviour;
use super::trial::{Native, Trial};

struct Shepherd {
    trial: Trial,
    daemon: Daemon,
}

impl Shepherd {
    fn new(system: bool) -> Option<Self> {
        let trial = Trial::new("shepherd", system)?;
        trial.as_root("cd /var/trial/native; for f in *.scm; do echo \"(load \\\"$PWD/$f\\\")\"; done > /var/trial/init");
        trial.as_root("mkdir -m 0777 /var/trial/shepherd");
        let mut daemon = trial
            .command("shepherd")
            .args(["--config=/var/trial/init", "--logfile=/var/trial/shepherd/log"])
            .arg(format!("--socket={}", Self::socket(&trial)))
            .spawn();
        let socket = trial.machine.path(Self::socket(&trial));
        daemon.wait_until("shepherd listens", || socket.exists());
        let shepherd = Self { trial, daemon };
        // It listens before it has read everything.
        shepherd.trial.wait("shepherd has read all", || shepherd.tool("status", "words").0);
        Some(shepherd)
    }

    fn socket(trial: &Trial) -> String {
        if trial.system { "/run/shepherd/socket" } else { "/run/user/1000/shepherd/socket" }.to_owned()
    }

    fn tool(&self, verb: &str, service: &str) -> (bool, String) {
        let output = self
            .trial
            .command("herd")
            .arg(format!("--socket={}", Self::socket(&self.trial)))
            .args([verb, service])
            .output();
        (output.code() == 0, output.stdout + &output.stderr)
    }

    fn does(&self, verb: &str, service: &str) -> bool {
        let (done, text) = self.tool(verb, service);
        if !done {
            let log = self.trial.as_root("tail -n 20 /var/trial/shepherd/log || true");
            eprintln!("herd {verb} {service}: {text}\n{log}\n{}", self.daemon.log());
        }
        done
    }
}

impl Native for Shepherd {
    fn trial(&self) -> &Trial {
        &self.trial
    }

    fn start(&self, service: &str) -> bool {
        self.does("start", service)
    }

    fn stop(&self, service: &str) -> bool {
        self.does("stop", service)
    }

    fn reload(&self, service: &str) -> bool {
        self.does("reload", service)
    }

    fn is_started(&self, service: &str) -> bool {
        let (done, text) = self.tool("status", service);
        done && (text.contains("It is running")
            || text.contains("It is started")
            || text.contains("is running"))
    }

    fn name(&self) -> &'static str {
        "shepherd"
    }
}

#[test]
fn shepherd_of_the_system() {
    if let Some(shepherd) = Shepherd::new(true) {
        behaviour::play(&shepherd);
    }
}

#[test]
fn shepherd_of_a_user() {
    if let Some(shepherd) = Shepherd::new(false) {
        behaviour::play(&shepherd);
    }
}
