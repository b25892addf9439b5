//! The user's Dinit, where it is installed.

use std::path::PathBuf;

use super::Native;
use super::user::User;
use crate::lab::dinit;
use crate::lab::machine::Builder;
use crate::lab::process::Daemon;

/// One version of Dinit.
#[derive(Debug, Clone)]
pub struct Dinit {
    directory: PathBuf,
}

impl Dinit {
    /// With the programs of that directory.
    pub fn of(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The one that tests use which do not care for the version. Says that the test is skipped where there is none.
    pub fn any_or_skip() -> Option<Self> {
        Some(Self::of(dinit::directory_or_skip()?))
    }

    /// All that there are.
    pub fn all() -> Vec<Self> {
        dinit::directories().into_iter().map(Self::of).collect()
    }

    /// What it says of itself.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn version(&self) -> String {
        let program = self.directory.join("dinit");
        let output = std::process::Command::new(&program).arg("--version").output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    }
}

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

    fn bind(&self, builder: Builder) -> Builder {
        dinit::bind(builder, &self.directory)
    }

    fn log_in(&self, user: &User) -> Option<Daemon> {
        user.script("mkdir -p ~/.config/dinit.d && printf 'type = internal\\nrestart = false\\n' > ~/.config/dinit.d/boot");
        let mut daemon = user.command("dinit").args(["--user"]).spawn();
        daemon.wait_for_socket(user.machine.path(user.path("dinitctl")));
        Some(daemon)
    }
}
