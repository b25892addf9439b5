//! `Exec...=` lines (systemd.service(5), "Command lines").

use super::spec::CommandLine;
use super::specifier::{SpecifierError, Specifiers};
use super::words::{Backslash, WordError, WordReader};

/// Why a command line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Quotes or escapes.
    #[error("{0}")]
    Word(#[from] WordError),
    /// A `%` that means nothing.
    #[error("{0}")]
    Specifier(#[from] SpecifierError),
    /// Only prefixes, or nothing.
    #[error("empty path in command line")]
    EmptyPath,
    /// `@` without an argument that could be `argv[0]`.
    #[error("no argv[0] is given although the path is prefixed with '@'")]
    NoArgumentZero,
    /// A relative path with a slash.
    #[error("neither a valid executable name nor an absolute path: {0}")]
    NotAbsolute(String),
    /// Ends with a slash.
    #[error("the executable path specifies a directory: {0}")]
    Directory(String),
    /// A control character in the path.
    #[error("the executable path contains special characters: {0:?}")]
    SpecialCharacters(String),
}

/// What is read from a line: its commands, and an escape that systemd would warn of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// The commands.
    pub commands: Vec<CommandLine>,
    /// Unknown escapes, left as written.
    pub warning: Option<WordError>,
    /// A fault behind `-`, for which the command is left out.
    pub passed_over: Option<CommandError>,
}

/// Reads one line: one command, or several with a `;` of its own between them.
///
/// # Errors
/// The line, and with it the unit, is unusable. With the prefix `-` before the fault systemd goes on without it:
/// then the result is what was read before.
pub fn parse(value: &str, specifiers: &Specifiers<'_>) -> Result<Commands, CommandError> {
    let mut result = Commands::default();
    let mut reader = LineReader { reader: WordReader::new(value, Backslash::Escape), warning: None };
    while let Some(first) = reader.next_word()? {
        let mut command = CommandLine::default();
        match read_command(&first, &mut command, &mut reader, specifiers) {
            Ok(()) => result.commands.push(command),
            Err(error) if command.ignore_failure => {
                result.passed_over = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    result.warning = reader.warning;
    Ok(result)
}

fn read_command(
    first: &str,
    command: &mut CommandLine,
    reader: &mut LineReader<'_>,
    specifiers: &Specifiers<'_>,
) -> Result<(), CommandError> {
    let (path, own_argv0) = read_prefixes(first, command);
    let path = specifiers.expand(path)?;
    let shell_alone = path.is_empty() && command.via_shell;
    if path.is_empty() && !shell_alone {
        return Err(CommandError::EmptyPath);
    }
    if path.chars().any(|character| character.is_control()) {
        return Err(CommandError::SpecialCharacters(path));
    }
    if !shell_alone && !command.via_shell {
        if path.ends_with('/') {
            return Err(CommandError::Directory(path));
        }
        if !path.starts_with('/') && (path.contains('/') || path == "." || path == "..") {
            return Err(CommandError::NotAbsolute(path));
        }
    }
    let path = if path.starts_with('/') { simplify(&path) } else { path };
    if own_argv0 && !command.via_shell {
        // systemd takes the next word for argv[0]; one that is missing is refused.
        let word = reader.next_argument()?.ok_or(CommandError::NoArgumentZero)?;
        command.argv.push(specifiers.expand(&word)?);
    } else {
        command.argv.push(path.clone());
    }
    command.path = path;
    while let Some(word) = reader.next_argument()? {
        command.argv.push(specifiers.expand(&word)?);
    }
    Ok(())
}

/// Reads the prefixes; each counts once, the rest belongs to the path. The second value tells of `@`.
fn read_prefixes<'a>(word: &'a str, command: &mut CommandLine) -> (&'a str, bool) {
    let mut own_argv0 = false;
    let mut rest = word;
    loop {
        let mut characters = rest.chars();
        match characters.next() {
            Some('-') if !command.ignore_failure => command.ignore_failure = true,
            Some('@') if !own_argv0 => own_argv0 = true,
            Some(':') if !command.literal => command.literal = true,
            Some('+' | '!') if !command.privileged => command.privileged = true,
            Some('|') if !command.via_shell => command.via_shell = true,
            _ => break,
        }
        rest = characters.as_str();
    }
    if command.via_shell && own_argv0 {
        command.login_shell = true;
    }
    (rest, own_argv0)
}

/// Takes double slashes and `.` out of an absolute path.
fn simplify(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

/// Reads words, and ends a command at a word that is written `;`.
struct LineReader<'a> {
    reader: WordReader<'a>,
    warning: Option<WordError>,
}

impl LineReader<'_> {
    fn next_word(&mut self) -> Result<Option<String>, WordError> {
        let before = self.reader.clone();
        match self.reader.next_word() {
            Err(error @ (WordError::UnknownEscape(_) | WordError::TrailingBackslash)) => {
                self.warning.get_or_insert(error);
                let mut relaxed = before.relaxed();
                let word = relaxed.next_word();
                self.reader = WordReader::new(relaxed.rest(), Backslash::Escape);
                word
            }
            other => other,
        }
    }

    fn next_argument(&mut self) -> Result<Option<String>, WordError> {
        let rest = self.reader.rest().trim_start_matches(super::syntax::is_space);
        if let Some(after) = separator(rest, ";") {
            self.reader = WordReader::new(after, Backslash::Escape);
            return Ok(None);
        }
        if let Some(after) = separator(rest, "\\;") {
            self.reader = WordReader::new(after, Backslash::Escape);
            return Ok(Some(";".to_owned()));
        }
        self.next_word()
    }
}

/// What follows `mark`, when it is a word of its own at the start of the text.
fn separator<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.strip_prefix(mark).filter(|rest| rest.is_empty() || rest.starts_with(super::syntax::is_space))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::specifier::{Host, Specifiers};

    fn read(value: &str) -> Result<Vec<CommandLine>, CommandError> {
        let host = Host::fixed();
        let name = crate::unit::name::UnitName::new("foo@bar.service").unwrap();
        parse(value, &Specifiers::new(&host, &name, None)).map(|commands| commands.commands)
    }

    fn argv(value: &str) -> Vec<String> {
        let mut commands = read(value).unwrap();
        assert_eq!(commands.len(), 1);
        commands.remove(0).argv
    }

    #[test]
    fn words_quotes_and_specifiers() {
        assert_eq!(
            argv("/bin/echo one 'two two' %i %% $X"),
            ["/bin/echo", "one", "two two", "bar", "%", "$X"]
        );
        assert_eq!(argv("echo \"%n\""), ["echo", "foo@bar.service"]);
    }

    #[test]
    fn prefixes_in_any_order() {
        let command = read("-@:+/bin/true argv0 a").unwrap().remove(0);
        assert!(command.ignore_failure && command.literal && command.privileged && !command.via_shell);
        assert_eq!((command.path.as_str(), command.argv), ("/bin/true", vec!["argv0".into(), "a".into()]));
        let command = read("|@echo hello").unwrap().remove(0);
        assert!(command.via_shell && command.login_shell);
        assert_eq!(command.argv, ["echo", "hello"]);
    }

    #[test]
    fn semicolons_separate_commands() {
        let commands = read("/bin/a 1 ; /bin/b \\; 2; 3 ; -/bin/c").unwrap();
        let argvs: Vec<_> = commands.iter().map(|command| command.argv.join(" ")).collect();
        assert_eq!(argvs, ["/bin/a 1", "/bin/b ; 2; 3", "/bin/c"]);
        assert_eq!(argv("echo ';'"), ["echo", ";"], "a quoted one is an argument");
    }

    #[test]
    fn the_documented_example() {
        let text = "echo / >/dev/null & \\;   ls";
        assert_eq!(argv(text), ["echo", "/", ">/dev/null", "&", ";", "ls"]);
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(read("bin/x"), Err(CommandError::NotAbsolute("bin/x".into())));
        assert_eq!(read("/bin/"), Err(CommandError::Directory("/bin/".into())));
        assert_eq!(read("+"), Err(CommandError::EmptyPath));
        assert_eq!(read("@/bin/x"), Err(CommandError::NoArgumentZero));
        assert!(matches!(read("/bin/x %z"), Err(CommandError::Specifier(_))));
        assert!(matches!(read("/bin/x 'a"), Err(CommandError::Word(_))));
        assert_eq!(read("-bin/x").unwrap(), [], "a fault behind '-' is passed over");
    }

    #[test]
    fn unknown_escapes_stay_with_a_warning() {
        let host = Host::fixed();
        let name = crate::unit::name::UnitName::new("a.service").unwrap();
        let commands = parse(r"/bin/sed s/\./x/ \t", &Specifiers::new(&host, &name, None)).unwrap();
        assert_eq!(commands.commands[0].argv, ["/bin/sed", r"s/\./x/", "\t"]);
        assert_eq!(commands.warning, Some(WordError::UnknownEscape(".".into())));
    }

    #[test]
    fn paths_are_simplified() {
        assert_eq!(argv("//usr/./bin//x")[0], "/usr/bin/x");
    }
}
