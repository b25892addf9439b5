//! OpenRC, for the system and for a user.

use super::behaviour;
use super::trial::{Native, Trial};

struct Openrc {
    trial: Trial,
}

impl Openrc {
    fn new(system: bool) -> Option<Self> {
        let trial = Trial::new("openrc", system)?;
        if system {
            trial.as_root("mkdir -p /run/openrc && echo default > /run/openrc/softlevel");
            trial.as_root("cp -p /var/trial/native/* /etc/init.d/");
        } else {
            let home = trial.home();
            trial.as_root(&format!(
                "mkdir -p {home}/.config/rc/init.d {home}/.config/rc/runlevels/default; \
                 cp -p /var/trial/native/* {home}/.config/rc/init.d/; chown -R 1000:1000 {home}/.config; \
                 install -d -o 1000 -g 1000 /run/user/1000/openrc; \
                 echo default > /run/user/1000/openrc/softlevel"
            ));
        }
        Some(Self { trial })
    }

    fn tool(&self, service: &str, verb: &str) -> (i32, String) {
        let user: &[&str] = if self.trial.system { &[] } else { &["--user"] };
        let output = self
            .trial
            .command("rc-service")
            .args(user.iter().copied())
            .args(["--nocolor", service, verb])
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

impl Native for Openrc {
    fn trial(&self) -> &Trial {
        &self.trial
    }

    fn start(&self, service: &str) -> bool {
        self.does(service, "start")
    }

    fn stop(&self, service: &str) -> bool {
        self.does(service, "stop")
    }

    fn reload(&self, service: &str) -> bool {
        self.does(service, "reload")
    }

    fn is_started(&self, service: &str) -> bool {
        self.tool(service, "status").0 == 0
    }

    fn name(&self) -> &'static str {
        "openrc"
    }
}

#[test]
fn openrc_of_the_system() {
    if let Some(openrc) = Openrc::new(true) {
        behaviour::play(&openrc);
    }
}

#[test]
fn openrc_of_a_user() {
    if let Some(openrc) = Openrc::new(false) {
        behaviour::play(&openrc);
    }
}
