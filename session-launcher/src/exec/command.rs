//! Variables in command lines (systemd.service(5), "Command lines"), and where programs are found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::unit::environment_d;
use crate::unit::spec::CommandLine;
use crate::unit::words;

/// The arguments of a command with its variables put in: `${NAME}` anywhere becomes the value; `$NAME` as a whole word
/// becomes as many words as the value has. `$$` is a dollar sign.
pub fn expand_arguments(argv: &[String], environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut expanded = Vec::new();
    for argument in argv {
        match whole_variable(argument) {
            Some(name) => {
                let value = environment.get(name).map(String::as_str).unwrap_or_default();
                expanded.extend(words::split_variable(value));
            }
            None => expanded.push(expand_braces(argument, environment)),
        }
    }
    expanded
}

/// The name in an argument that is nothing but `$NAME`.
fn whole_variable(argument: &str) -> Option<&str> {
    argument.strip_prefix('$').filter(|name| environment_d::is_name(name))
}

/// A word with `${NAME}` replaced by the value, and `$$` by a dollar sign. What is neither stays.
fn expand_braces(argument: &str, environment: &BTreeMap<String, String>) -> String {
    let mut result = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some((name, after)) = braced(after) {
            result.push_str(environment.get(name).map(String::as_str).unwrap_or_default());
            rest = after;
        } else {
            result.push('$');
            rest = after;
        }
    }
    result.push_str(rest);
    result
}

fn braced(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('{')?.split_once('}')?;
    environment_d::is_name(name).then_some((name, rest))
}

/// The program and the arguments that a command comes to, in this environment. A shell command (`|`) goes through `shell`.
pub fn resolve(
    command: &CommandLine,
    environment: &BTreeMap<String, String>,
    search_path: &[String],
    shell: &Path,
) -> (PathBuf, Vec<String>) {
    let mut argv =
        if command.literal { command.argv.clone() } else { expand_arguments(&command.argv, environment) };
    if command.via_shell {
        return shell_command(command, argv, shell);
    }
    if argv.is_empty() {
        argv.push(command.path.clone());
    }
    (find_program(&command.path, environment, search_path), argv)
}

/// `|` hands the words to the user's shell as one line; nothing after it asks for the shell itself.
fn shell_command(command: &CommandLine, argv: Vec<String>, shell: &Path) -> (PathBuf, Vec<String>) {
    let base = shell.file_name().map_or_else(|| "sh".into(), |name| name.to_string_lossy().into_owned());
    let mut arguments = vec![if command.login_shell { format!("-{base}") } else { base }];
    if !command.path.is_empty() {
        arguments.push("-c".to_owned());
        arguments.push(argv.join(" "));
    }
    (shell.to_owned(), arguments)
}

/// A program by absolute path or by name. A name that is nowhere stays as it is; executing it will fail.
fn find_program(name: &str, environment: &BTreeMap<String, String>, search_path: &[String]) -> PathBuf {
    if name.contains('/') {
        return PathBuf::from(name);
    }
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let fixed = crate::daemon::environment::DEFAULT_PATH;
    let directories: Vec<&str> = if search_path.is_empty() {
        // The variable comes second: a unit means the same program whatever a log-in shell prefers.
        fixed.split(':').chain(path.split(':')).collect()
    } else {
        search_path.iter().map(String::as_str).collect()
    };
    directories
        .into_iter()
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join(name))
        .find(|candidate| candidate.is_file() && rustix::fs::access(candidate, Access::EXEC_OK).is_ok())
        .unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(argv: &[&str]) -> Vec<String> {
        let environment =
            BTreeMap::from([("ONE".to_owned(), "one".to_owned()), ("TWO".to_owned(), "a  'b c'".to_owned())]);
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        expand_arguments(&argv, &environment)
    }

    #[test]
    fn braces_stay_one_word_and_a_bare_variable_splits() {
        assert_eq!(expand(&["x${ONE}y", "${TWO}", "$TWO"]), ["xoney", "a  'b c'", "a", "b c"]);
    }

    #[test]
    fn an_unset_variable_vanishes_as_a_word_and_is_empty_in_braces() {
        assert_eq!(expand(&["a", "$NONE", "${NONE}", "b"]), ["a", "", "b"]);
    }

    #[test]
    fn dollars_that_are_no_variable_stay() {
        assert_eq!(
            expand(&["$$HOME", "a$ONE", "100$", "${1}", "${ONE"]),
            ["$HOME", "a$ONE", "100$", "${1}", "${ONE"]
        );
    }
}
