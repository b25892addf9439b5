//! Commands in systemd's syntax, and the variables in them (systemd.service(5), "Command lines").

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::Error;
use crate::exec::command::expand_arguments;
use crate::unit::command_line;
use crate::unit::name::UnitName;
use crate::unit::spec::CommandLine;
use crate::unit::specifier::{Host, Specifiers};

/// The environment of a service.
pub type Environment = BTreeMap<String, String>;

/// Where programs without a path are looked for.
const SEARCH_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Reads commands. `%%` is a percent sign; other specifiers were expanded when the service was translated.
///
/// # Errors
/// One is no command.
pub fn parse(texts: &[String]) -> Result<Vec<CommandLine>, Error> {
    let host = Host::default();
    let name = UnitName::new("run.service").map_err(|error| Error::Argument(error.to_string()))?;
    let specifiers = Specifiers::new(&host, &name, None);
    let mut commands = Vec::new();
    for text in texts {
        let parsed = command_line::parse(text, &specifiers)
            .map_err(|error| Error::Argument(format!("{text}: {error}")))?;
        commands.extend(parsed.commands);
    }
    Ok(commands)
}

/// A process of that command, with its variables expanded.
///
/// # Errors
/// Nothing is left of the command.
pub fn process(command: &CommandLine, environment: &Environment) -> Result<Command, Error> {
    if command.via_shell {
        let mut process = Command::new("/bin/sh");
        if !command.argv.iter().all(String::is_empty) {
            process.arg("-c").arg(command.argv.join(" "));
        }
        process.env_clear().envs(environment);
        return Ok(process);
    }
    let path = located(&command.path);
    let argv =
        if command.literal { command.argv.clone() } else { expand_arguments(&command.argv, environment) };
    let mut process = Command::new(path);
    let mut words = argv.into_iter();
    let name = words.next().unwrap_or_default();
    if name != command.path {
        use std::os::unix::process::CommandExt;
        process.arg0(name);
    }
    process.args(words).env_clear().envs(environment);
    Ok(process)
}

fn located(program: &str) -> String {
    if program.starts_with('/') {
        return program.to_owned();
    }
    let places = SEARCH_PATH.iter().map(|directory| format!("{directory}/{program}"));
    places.into_iter().find(|place| Path::new(place).is_file()).unwrap_or_else(|| program.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(text: &str) -> Vec<String> {
        let environment = Environment::from([
            ("ONE".to_owned(), "one".to_owned()),
            ("LIST".to_owned(), "a 'b c'  d".to_owned()),
        ]);
        expand_arguments(&parse(&[text.to_owned()]).unwrap()[0].argv, &environment)
    }

    #[test]
    fn variables() {
        assert_eq!(argv("/bin/x ${ONE} $ONE a${ONE}b a$ONE"), ["/bin/x", "one", "one", "aoneb", "a$ONE"]);
        assert_eq!(argv("/bin/x $LIST"), ["/bin/x", "a", "b c", "d"]);
        assert_eq!(argv("/bin/x ${LIST}"), ["/bin/x", "a 'b c'  d"]);
        assert_eq!(argv("/bin/x $NONE ${NONE} $$ONE"), ["/bin/x", "", "$ONE"]);
        assert_eq!(argv("/bin/x 5%%"), ["/bin/x", "5%"]);
    }
}
