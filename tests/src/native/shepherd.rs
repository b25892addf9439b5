//! The user's Shepherd.

use super::Native;
use super::user::User;
use crate::lab::machine::Builder;
use crate::lab::process::Daemon;

/// The Shepherd of the machine's root.
#[derive(Debug, Clone, Copy)]
pub struct Shepherd;

impl Native for Shepherd {
    fn name(&self) -> &'static str {
        "shepherd"
    }

    fn service(&self, unit: &str) -> String {
        unit.to_owned()
    }

    fn tool(&self, verb: &str, unit: &str) -> Vec<String> {
        ["herd", verb, unit].map(str::to_owned).to_vec()
    }

    fn list(&self) -> Vec<String> {
        ["herd", "status"].map(str::to_owned).to_vec()
    }

    /// A heading for each state, and ` + name` below it.
    fn is_up(&self, list: &str, unit: &str) -> bool {
        let mut heading = "";
        for line in list.lines() {
            if !line.starts_with(' ') {
                heading = line;
            } else if heading.starts_with("Started")
                && line.trim_start_matches([' ', '+', '*', '-']).trim() == unit
            {
                return true;
            }
        }
        false
    }

    fn process(&self) -> &'static str {
        "shepherd"
    }

    fn bind(&self, builder: Builder) -> Builder {
        builder
    }

    fn log_in(&self, user: &User) -> Option<Daemon> {
        user.script("mkdir -p ~/.config/shepherd && echo '#t' > ~/.config/shepherd/init.scm");
        let mut daemon = user.command("shepherd").args(["--silent"]).spawn();
        daemon.wait_for_socket(user.machine.path(user.path("shepherd/socket")));
        Some(daemon)
    }
}
