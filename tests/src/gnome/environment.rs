//! Variables of a session's processes, from /proc.

use crate::lab::Process;
use std::collections::BTreeMap;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// The environment of the first process called `name`.
///
/// # Panics
/// When none of the processes has that name.
pub fn of(processes: &[Process], name: &str) -> Variables {
    let process = processes.iter().find(|process| process.name == name).unwrap_or_else(|| {
        let names: Vec<_> = processes.iter().map(|process| process.name.as_str()).collect();
        panic!("no {name} runs, but {}", names.join(" "))
    });
    process.environment().into_iter().collect()
}

/// Names that only one side has, without the exceptions (name, why).
pub fn differences(ours: &Variables, reference: &Variables, exceptions: &[(&str, &str)]) -> Vec<String> {
    let excepted = |name: &str| exceptions.iter().any(|(exception, _)| *exception == name);
    let only = |these: &Variables, others: &Variables, whose: &str| -> Vec<String> {
        these
            .iter()
            .filter(|(name, _)| !others.contains_key(*name) && !excepted(name))
            .map(|(name, value)| format!("only {whose}: {name}={value}"))
            .collect()
    };
    let mut found = only(ours, reference, "ours");
    found.extend(only(reference, ours, "on systemd"));
    found
}

/// For a file.
pub fn text(variables: &Variables) -> String {
    variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}
