//! A user with a service manager.

use std::ops::{Deref, DerefMut};

use super::Native;
use super::user::{SHELL, User};
use crate::lab::machine::Machine;
use crate::lab::process::Output;

/// Who starts the service manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The user's log-in did.
    Before,
    /// session-launcher does, for itself.
    Private,
}

/// The user, and the service manager.
#[derive(Debug)]
pub struct Supervised {
    user: User,
    /// The service manager.
    pub native: Box<dyn Native>,
}

impl Deref for Supervised {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl DerefMut for Supervised {
    fn deref_mut(&mut self) -> &mut User {
        &mut self.user
    }
}

impl Supervised {
    /// Units are (name, text). `None`: there can be no machine here.
    pub fn new(native: Box<dyn Native>, units: &[(&str, &str)], start: Start) -> Option<Self> {
        let mut user = User::new(native.bind(Machine::builder("gnome")), SHELL, units)?;
        if start == Start::Before {
            user.log_in(&*native);
        }
        user.start_bus();
        if start == Start::Private {
            let manager = format!("--manager={}", native.name());
            user.start_engine(&["--private", &manager], &[]);
        }
        Some(Self { user, native })
    }

    /// The native tool; it must not hang.
    pub fn tool(&self, verb: &str, unit: &str) -> Output {
        self.command("timeout").arg("60").args(self.native.tool(verb, unit)).output()
    }

    /// The native tool, which has to succeed.
    ///
    /// # Panics
    /// When it does not.
    pub fn must_tool(&self, verb: &str, unit: &str) {
        let output = self.tool(verb, unit);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert_eq!(output.code(), 0, "{verb} {unit}: {said}\n{}", self.story());
    }

    /// What the native tool lists.
    pub fn list(&self) -> String {
        self.output_of(&self.native.list())
    }

    /// Whether the native tool shows the unit's service as up.
    pub fn is_shown_up(&self, unit: &str) -> bool {
        self.native.is_up(&self.list(), unit)
    }

    /// Waits until the native tool shows it so.
    ///
    /// # Panics
    /// When it does not come about.
    pub fn wait_for_shown(&self, unit: &str, up: bool) {
        self.wait(&format!("{unit} is shown as up: {up}"), || self.is_shown_up(unit) == up);
    }
}
