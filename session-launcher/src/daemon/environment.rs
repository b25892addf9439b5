//! The manager's environment: what its services start with, and what conditions look at.
//!
//! As in systemd it lies in layers: over the variables of the manager's own process those of environment.d(5), which are
//! read again at every reload, and over these what clients have set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::unit::environment_d;
use crate::unit::specifier::Host;

/// Variables of the process that started the manager which mean nothing to its services: they name that process's own
/// socket, seat or descriptors. The list is what gnome-session keeps to itself, and what systemd and D-Bus give a child.
const NOT_INHERITED: [&str; 17] = [
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PID",
    "MANAGERPID",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "SYSTEMD_EXEC_PID",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "DBUS_STARTER_ADDRESS",
    "DBUS_STARTER_BUS_TYPE",
    "XDG_SEAT",
    "XDG_SESSION_ID",
    "XDG_VTNR",
    "_",
    "OLDPWD",
];

/// Where programs are when nobody says so.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A text that is no assignment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid environment assignment: {0:?}")]
pub struct InvalidAssignment(pub String);

/// The environment block (`systemctl --user show-environment`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Of the manager's own process.
    inherited: BTreeMap<String, String>,
    /// Of environment.d(5), as read last.
    files: BTreeMap<String, String>,
    /// What clients have set.
    set: BTreeMap<String, String>,
    /// All of them, the latter over the former.
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The process's own variables and those of environment.d(5).
    pub fn detect() -> Self {
        let mut inherited: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, value)| is_assignable(name, value) && !NOT_INHERITED.contains(&name.as_str()))
            .collect();
        inherited.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
        let mut environment = Self { inherited, ..Self::default() };
        environment.read_files();
        environment
    }

    /// Reads environment.d(5) again. A variable that is no more in it has the value again that it had without.
    pub fn read_files(&mut self) {
        let host = Host::detect(&self.inherited, None);
        self.files = environment_d::load(&environment_d::directories(&host), None, &self.inherited);
        self.merge();
    }

    fn merge(&mut self) {
        let layers = [&self.inherited, &self.files, &self.set];
        self.variables =
            layers.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    }

    /// The variables of environment.d(5) alone.
    pub fn from_files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    /// The variables by name.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Takes variables away: each is a name, or `NAME=VALUE`, which goes only when it has that value. What environment.d(5)
    /// says comes through again. Other than in systemd, the variables of the manager's own process can be taken away too:
    /// here it may have been started from within a session, whose variables mean nothing to the next one.
    ///
    /// # Errors
    /// One is neither; then nothing has changed.
    pub fn unset(&mut self, names: &[String]) -> Result<(), InvalidAssignment> {
        for entry in names {
            let name = entry.split_once('=').map_or(entry.as_str(), |(name, _)| name);
            if !environment_d::is_name(name) {
                return Err(InvalidAssignment(entry.clone()));
            }
        }
        for layer in [&mut self.inherited, &mut self.set] {
            for entry in names {
                let (name, value) = match entry.split_once('=') {
                    None => (entry.as_str(), None),
                    Some((name, value)) => (name, Some(value)),
                };
                if layer.get(name).is_some_and(|set| value.is_none_or(|value| set == value)) {
                    layer.remove(name);
                }
            }
        }
        self.merge();
        Ok(())
    }

    /// Sets variables, each given as `NAME=VALUE`.
    ///
    /// # Errors
    /// One is no assignment; then nothing has changed.
    pub fn set(&mut self, assignments: &[String]) -> Result<(), InvalidAssignment> {
        let mut pairs = Vec::new();
        for assignment in assignments {
            match assignment.split_once('=') {
                Some((name, value)) if is_assignable(name, value) => {
                    pairs.push((name.to_owned(), value.to_owned()));
                }
                _ => return Err(InvalidAssignment(assignment.clone())),
            }
        }
        self.set.extend(pairs);
        self.merge();
        Ok(())
    }

    /// All as `NAME=VALUE`, in the order of the names.
    pub fn assignments(&self) -> Vec<String> {
        self.variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }
}

/// A variable that a manager takes: a plain name, and a value without control characters other than tab and newline.
fn is_assignable(name: &str, value: &str) -> bool {
    environment_d::is_name(name)
        && value.chars().all(|character| !character.is_control() || matches!(character, '\t' | '\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(assignments: &[&str]) -> Environment {
        let mut environment = Environment::default();
        environment.set(&texts(assignments)).unwrap();
        environment
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn one_bad_assignment_changes_nothing() {
        let mut environment = environment(&["A=1"]);
        assert!(environment.set(&texts(&["A=2", "B"])).is_err());
        assert!(environment.set(&texts(&["A=2", "1B=x"])).is_err());
        assert!(environment.unset(&texts(&["A", "B C"])).is_err());
        assert_eq!(environment.assignments(), ["A=1"]);
    }

    #[test]
    fn layers_lie_over_each_other() {
        let one = |value: &str| BTreeMap::from([("A".to_owned(), value.to_owned())]);
        let mut environment =
            Environment { inherited: one("own"), files: one("file"), ..Environment::default() };
        environment.set(&texts(&["A=client"])).unwrap();
        assert_eq!(environment.assignments(), ["A=client"]);
        environment.unset(&texts(&["A=client"])).unwrap();
        assert_eq!(environment.assignments(), ["A=file"]);
        environment.files.clear();
        environment.merge();
        assert_eq!(environment.assignments(), ["A=own"]);
        environment.unset(&texts(&["A"])).unwrap();
        assert_eq!(environment.assignments(), [""; 0]);
    }

    #[test]
    fn a_pair_is_unset_only_with_its_value() {
        let mut environment = environment(&["A=1", "B=2"]);
        environment.unset(&texts(&["A=2", "B"])).unwrap();
        assert_eq!(environment.assignments(), ["A=1"]);
    }
}
