//! A user whose services OpenRC runs, seen as OpenRC's tools show them.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use usher_tests::lab::Process;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Output;
use usher_tests::native::Native;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::user::{SHELL, User as AnyUser};

pub struct User(AnyUser);

impl Deref for User {
    type Target = AnyUser;

    fn deref(&self) -> &AnyUser {
        &self.0
    }
}

impl DerefMut for User {
    fn deref_mut(&mut self) -> &mut AnyUser {
        &mut self.0
    }
}

impl User {
    /// Units are (name, text). `None`: there can be no machine here.
    pub fn with_units(units: &[(&str, &str)]) -> Option<Self> {
        Self::new(units, SHELL, true)
    }

    /// With this login shell, and with OpenRC or without.
    pub fn new(units: &[(&str, &str)], shell: &str, openrc: bool) -> Option<Self> {
        let version = OpenRc::chosen();
        let mut user = AnyUser::new(version.bind(Machine::builder("gnome")), shell, units)?;
        if openrc {
            user.log_in(&version);
        }
        user.start_bus();
        Some(Self(user))
    }

    /// `rc-service`; it must not hang.
    pub fn rc_service(&self, service: &str, verb: &str) -> Output {
        self.command("timeout").args(["60", "rc-service", "--user", service, verb]).output()
    }

    /// What `rc-status` says of each service: `started`, `failed`...; stopped ones are not listed.
    pub fn rc_status(&self) -> BTreeMap<String, String> {
        let output = self.command("rc-status").args(["--user", "--format", "ini"]).run();
        output
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .filter_map(|(name, state)| {
                Some((name.to_owned(), state.split_ascii_whitespace().next()?.to_owned()))
            })
            .collect()
    }

    pub fn shown(&self, service: &str) -> String {
        self.rc_status().remove(service).unwrap_or_default()
    }

    pub fn wait_for_shown(&self, service: &str, state: &str) {
        self.wait(&format!("{service} is shown as {state:?}"), || self.shown(service) == state);
    }

    /// The supervise-daemon processes of a service.
    pub fn supervisors(&self, service: &str) -> Vec<Process> {
        let mut processes = self.processes();
        processes.retain(|process| {
            process.command_line.starts_with(&format!("supervise-daemon {service} "))
                || process.command_line.contains(&format!("/supervise-daemon {service} "))
        });
        processes
    }
}
