//! Which variables of a log-in go on to the manager and the bus. The rules are those of gnome-session's leader.

use std::collections::BTreeMap;

use super::{Manager, Result};
use crate::unit::environment_d::is_name;

/// Never passed on, and removed from the manager: they belong to one process or one log-in.
const NEVER: [&str; 4] = ["NOTIFY_SOCKET", "XDG_SEAT", "XDG_SESSION_ID", "XDG_VTNR"];

/// Removed from the manager when they are not set now: what an earlier session left behind.
const STALE: [&str; 19] = [
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "WAYLAND_SOCKET",
    "GNOME_SHELL_SESSION_MODE",
    "GNOME_SETUP_DISPLAY",
    "LC_CTYPE",
    "LC_NUMERIC",
    "LC_TIME",
    "LC_COLLATE",
    "LC_MONETARY",
    "LC_MESSAGES",
    "LC_PAPER",
    "LC_NAME",
    "LC_ADDRESS",
    "LC_TELEPHONE",
    "LC_MEASUREMENT",
    "LC_IDENTIFICATION",
    "LC_ALL",
];

/// The variables of this process that are text.
pub fn of_process() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// What of an environment is passed on: names that a shell could have, values of one line.
pub fn passed_on(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    environment
        .iter()
        .filter(|(name, value)| is_name(name) && !NEVER.contains(&name.as_str()) && !value.contains('\n'))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Gives the manager these variables, and takes from it what an earlier session left.
///
/// # Errors
/// The manager refuses.
pub async fn export(manager: &Manager, variables: &BTreeMap<String, String>) -> Result<()> {
    let unset: Vec<&str> = STALE.into_iter().chain(NEVER).collect();
    let set: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    manager.call("UnsetAndSetEnvironment", &(unset, set)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unsafe_stays() {
        let given = [
            ("HOME", "/home/ann"),
            ("XDG_SEAT", "seat0"),
            ("XDG_SESSION_ID", "3"),
            ("NOTIFY_SOCKET", "/x"),
            ("XDG_VTNR", "2"),
            ("BASH_FUNC_x%%", "() { :; }"),
            ("1A", "a"),
            ("LINES_", "a\nb"),
            ("LC_ALL", "C"),
            ("_", ""),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let passed = passed_on(&given);
        assert_eq!(passed.keys().collect::<Vec<_>>(), ["HOME", "LC_ALL", "_"]);
    }
}
