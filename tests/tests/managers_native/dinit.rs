//! Dinit, where it is installed.

use usher_tests::lab::dinit::bind_or_skip;
use usher_tests::lab::machine::Machine;

use crate::user::{Start, User};
use crate::{Native, behaviour};

struct Dinit;

impl Native for Dinit {
    fn name(&self) -> &'static str {
        "dinit"
    }

    fn service(&self, unit: &str) -> String {
        unit.replace('\\', "_").replace('@', "-").replace(':', "_x3a")
    }

    fn tool(&self, verb: &str, unit: &str) -> Vec<String> {
        let mut words = vec!["dinitctl", "--user", verb];
        // What needs it goes along.
        words.extend((verb == "stop").then_some("--force"));
        let service = self.service(unit);
        words.push(&service);
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn list(&self) -> Vec<String> {
        ["dinitctl", "--user", "list"].map(str::to_owned).to_vec()
    }

    /// `[{+}     ] name (pid: 1)`; `[[+]     ]` when it is up on its own account.
    fn is_up(&self, list: &str, unit: &str) -> bool {
        let service = self.service(unit);
        list.lines().any(|line| {
            line.rsplit_once("] ").is_some_and(|(state, rest)| {
                rest.split_ascii_whitespace().next() == Some(&service) && state.contains('+')
            })
        })
    }

    fn process(&self) -> &'static str {
        "dinit"
    }
}

fn user(units: &[(&str, &str)], start: Start) -> Option<User> {
    let builder = bind_or_skip(Machine::builder("gnome"))?;
    User::new(builder, Box::new(Dinit), units, start, |user| {
        user.script("mkdir -p ~/.config/dinit.d && printf 'type = internal\\nrestart = false\\n' > ~/.config/dinit.d/boot");
        let daemon = user.command("dinit").args(["--user"]).spawn();
        (daemon, user.path("dinitctl"))
    })
}

#[test]
fn dinit_supervises() {
    behaviour::play(&user);
}
