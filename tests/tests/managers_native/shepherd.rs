//! The Shepherd.

use usher_tests::lab::machine::Machine;

use crate::user::{Start, User};
use crate::{Native, behaviour};

struct Shepherd;

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
}

fn user(units: &[(&str, &str)], start: Start) -> Option<User> {
    User::new(Machine::builder("gnome"), Box::new(Shepherd), units, start, |user| {
        user.script("mkdir -p ~/.config/shepherd && echo '#t' > ~/.config/shepherd/init.scm");
        let daemon = user.command("shepherd").args(["--silent"]).spawn();
        (daemon, user.path("shepherd/socket"))
    })
}

#[test]
fn the_shepherd_supervises() {
    behaviour::play(&user);
}
