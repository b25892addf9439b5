//! The manager's environment for services.

use std::io::Write;

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, output};
use crate::client::Manager;
use crate::unit::environment_d::is_name;

/// Prints it, so that a shell could read it.
pub async fn show(manager: &Manager, arguments: &Arguments, output: &mut dyn Write) -> Result {
    let failed = |error| Failure::call("Failed to get environment", error);
    let variables = manager.environment().await.map_err(failed)?;
    if arguments.json != super::arguments::Json::Off {
        let map: serde_json::Map<String, serde_json::Value> = variables
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        output::json(output, arguments, &map)?;
        return Ok(0);
    }
    for line in variables {
        match line.split_once('=') {
            Some((name, value)) => writeln!(output, "{name}={}", quoted(value))?,
            None => writeln!(output, "{line}")?,
        }
    }
    Ok(0)
}

/// The value as a word of a POSIX shell, `$'…'` where that needs quotes.
pub fn quoted(value: &str) -> String {
    const SPECIAL: &str = "\"\\`$*?['()<>|&;!";
    let is_special = |character: char| {
        character.is_ascii_whitespace() || character.is_control() || SPECIAL.contains(character)
    };
    if !value.contains(is_special) {
        return value.to_owned();
    }
    let mut text = "$'".to_owned();
    for character in value.chars() {
        match character {
            '\\' | '\'' => {
                text.push('\\');
                text.push(character);
            }
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\x07' => text.push_str("\\a"),
            '\x08' => text.push_str("\\b"),
            '\x0b' => text.push_str("\\v"),
            '\x0c' => text.push_str("\\f"),
            character if character.is_ascii_control() => {
                text.push_str(&format!("\\{:03o}", u32::from(character)));
            }
            character => text.push(character),
        }
    }
    text.push('\'');
    text
}

/// Sets variables.
pub async fn set(manager: &Manager, assignments: &[String]) -> Result {
    let failed = |error| Failure::call("Failed to set environment", error);
    manager.call("SetEnvironment", &assignments).await.map_err(failed)?;
    Ok(0)
}

/// Removes variables, named or with the value that they must have.
pub async fn unset(manager: &Manager, names: &[String]) -> Result {
    let failed = |error| Failure::call("Failed to set environment", error);
    manager.call("UnsetEnvironment", &names).await.map_err(failed)?;
    Ok(0)
}

/// Sets variables as they are here; without names, all.
pub async fn import(manager: &Manager, names: &[String]) -> Result {
    let mut assignments = Vec::new();
    if names.is_empty() {
        eprintln!("Calling import-environment without a list of variable names is deprecated.");
        for (name, value) in crate::client::environment::of_process() {
            if is_name(&name) && !value.contains(char::is_control) {
                assignments.push(format!("{name}={value}"));
            }
        }
    }
    for name in names {
        if !is_name(name) {
            return Err(Failure::Other(format!("Not a valid environment variable name: {name}")));
        }
        match std::env::var_os(name).map(std::ffi::OsString::into_string) {
            Some(Ok(value)) => assignments.push(format!("{name}={value}")),
            Some(Err(_)) => return Err(Failure::Other(format!("Environment variable ${name} is no text"))),
            None => eprintln!("Environment variable ${name} not set, ignoring."),
        }
    }
    if assignments.is_empty() {
        return Ok(0);
    }
    let failed = |error| Failure::call("Failed to import environment", error);
    manager.call("SetEnvironment", &assignments).await.map_err(failed)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_words_of_a_shell() {
        assert_eq!(quoted("plain:/a-b_c"), "plain:/a-b_c");
        assert_eq!(quoted("it's a\n\\"), "$'it\\'s a\\n\\\\'");
        assert_eq!(quoted("\x01"), "$'\\001'");
    }
}
