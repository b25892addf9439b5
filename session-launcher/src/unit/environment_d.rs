//! environment.d: variables for the user's services (environment.d(5)), and files of the same syntax.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::conf_files;
use super::specifier::Host;

/// One `NAME=value` line; `$` still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The variable.
    pub name: String,
    /// Its value, quotes removed.
    pub value: String,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentText {
    /// The assignments in order; a name may come twice.
    pub assignments: Vec<Entry>,
    /// Lines that are none.
    pub bad_lines: Vec<u32>,
}

/// Reads the syntax of `EnvironmentFile=`, environment.d and os-release: `#` and `;` comments, single and double
/// quotes, a backslash that escapes, and lines continued with one. Never fails: what is wrong is listed.
pub fn parse(text: &str) -> EnvironmentText {
    let mut result = EnvironmentText::default();
    let mut reader = Reader { rest: text.chars().peekable(), line: 1 };
    while reader.skip_to_assignment() {
        let line = reader.line;
        match reader.name() {
            Some(name) => {
                let value = reader.value();
                if is_name(&name) {
                    result.assignments.push(Entry { name, value, line });
                } else {
                    result.bad_lines.push(line);
                }
            }
            None => result.bad_lines.push(line),
        }
    }
    result
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.next();
        if character == Some('\n') {
            self.line = self.line.saturating_add(1);
        }
        character
    }

    /// Skips white space, empty lines and comments. False at the end.
    fn skip_to_assignment(&mut self) -> bool {
        while let Some(character) = self.rest.peek().copied() {
            match character {
                '#' | ';' => self.skip_line(),
                _ if character.is_ascii_whitespace() => {
                    self.next();
                }
                _ => return true,
            }
        }
        false
    }

    /// A comment goes on in the next line after a backslash.
    fn skip_line(&mut self) {
        while let Some(character) = self.next() {
            match character {
                '\\' => {
                    self.next();
                }
                '\n' | '\r' => return,
                _ => {}
            }
        }
    }

    /// The text before `=`; `None` when the line ends first.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            match self.next()? {
                '=' => return Some(name.trim_end().to_owned()),
                '\n' | '\r' => return None,
                character => name.push(character),
            }
        }
    }

    /// Quotes count only at the beginning, and after other quotes; white space there is dropped.
    fn value(&mut self) -> String {
        let mut value = String::new();
        // White space at the end goes, unless it was quoted or escaped.
        let mut kept = 0;
        let mut beginning = true;
        while let Some(character) = self.next() {
            match character {
                '\n' | '\r' => break,
                '\'' if beginning => {
                    while let Some(inner) = self.next().filter(|c| *c != '\'') {
                        value.push(inner);
                    }
                    kept = value.len();
                }
                '"' if beginning => {
                    self.double_quoted(&mut value);
                    kept = value.len();
                }
                '\\' => {
                    beginning = false;
                    if let Some(escaped) = self.next().filter(|c| *c != '\n') {
                        value.push(escaped);
                        kept = value.len();
                    }
                }
                ' ' | '\t' if beginning => {}
                ' ' | '\t' => value.push(character),
                _ => {
                    beginning = false;
                    value.push(character);
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        value
    }

    /// In double quotes a backslash escapes only what a shell would expand.
    fn double_quoted(&mut self, value: &mut String) {
        while let Some(character) = self.next() {
            match character {
                '"' => return,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(escaped @ ('"' | '\\' | '`' | '$')) => value.push(escaped),
                    Some(other) => value.extend(['\\', other]),
                },
                _ => value.push(character),
            }
        }
    }
}

/// Whether a text may name an environment variable.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The directories, the most important first.
pub fn directories(host: &Host) -> Vec<PathBuf> {
    let mut directories = vec![host.config_home.join("environment.d")];
    directories.extend(
        [
            "/etc/environment.d",
            "/run/environment.d",
            "/usr/local/lib/environment.d",
            "/usr/lib/environment.d",
        ]
        .map(PathBuf::from),
    );
    directories
}

/// Reads all files of the directories in the order of their names, and expands them over `base`. The result has
/// only what the files set. Files that cannot be read are left out.
pub fn load(
    directories: &[PathBuf],
    root: Option<&Path>,
    base: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut set = BTreeMap::new();
    for path in conf_files::list(directories, root, "conf") {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let entries = parse(&String::from_utf8_lossy(&bytes)).assignments;
        // systemd calls an empty value a mistake here, though not in EnvironmentFile=.
        for entry in entries.into_iter().filter(|entry| !entry.value.is_empty()) {
            let value = expand(&entry.value, &|name| set.get(name).or_else(|| base.get(name)).cloned());
            set.insert(entry.name, value);
        }
    }
    set
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-word}` (when unset or empty) and `${NAME:+word}` (when set and not empty);
/// `$$` is a dollar sign. What is none of these stays.
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (value, remaining) = expand_one(after, lookup, 0);
        result.push_str(&value);
        rest = remaining;
    }
    result.push_str(rest);
    result
}

/// Alternatives may nest that deep.
const MAX_NESTING: u32 = 16;

/// Expands what follows a dollar sign.
fn expand_one<'a>(after: &'a str, lookup: &dyn Fn(&str) -> Option<String>, depth: u32) -> (String, &'a str) {
    if let Some(rest) = after.strip_prefix('$') {
        return ("$".to_owned(), rest);
    }
    if let Some(inside) = after.strip_prefix('{') {
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        let (name, rest) = inside.split_at_checked(end).unwrap_or((inside, ""));
        if let Some(rest) = rest.strip_prefix('}')
            && is_name(name)
        {
            return (lookup(name).unwrap_or_default(), rest);
        }
        let alternative = rest
            .strip_prefix(":-")
            .map(|rest| (false, rest))
            .or_else(|| rest.strip_prefix(":+").map(|rest| (true, rest)));
        if let Some((when_set, rest)) = alternative
            && is_name(name)
            && depth < MAX_NESTING
            && let Some((word, rest)) = split_at_brace(rest)
        {
            let value = lookup(name).filter(|value| !value.is_empty());
            let result = match (when_set, value) {
                (false, Some(value)) => value,
                (true, None) => String::new(),
                _ => expand(word, lookup),
            };
            return (result, rest);
        }
        return ("$".to_owned(), after);
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    match after.split_at_checked(end) {
        Some((name, rest)) if is_name(name) => (lookup(name).unwrap_or_default(), rest),
        _ => ("$".to_owned(), after),
    }
}

/// Splits at the brace that closes, past nested ones.
fn split_at_brace(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0u32;
    for (position, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                let (word, rest) = text.split_at_checked(position)?;
                return Some((word, rest.strip_prefix('}')?));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).assignments.into_iter().map(|entry| (entry.name, entry.value)).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn quotes_escapes_and_comments() {
        let text = "# c \\\nstill comment\nA=1\n ; x\nB = 'a b' \nC=\"x\\\"y\\z\"  tail \nD=a\\\nb\nE=\n";
        assert_eq!(
            pairs(text),
            [pair("A", "1"), pair("B", "a b"), pair("C", "x\"y\\ztail"), pair("D", "ab"), pair("E", "")]
        );
    }

    /// What systemd 262's environment generator makes of the same file, with HOME and PATH given.
    #[test]
    fn as_systemd_does() {
        let text = r#"A=plain
B = spaced value
C="double $A \$x \"q\" \n end"
D='single $A \n'
E=$A:$UNSET:${A}x${UNSET:-def}${A:+alt}${UNSET:+no}
F=${A:-${B}}
G=a\
b
H=$$x
I=a "b c" d
1BAD=x
K=$HOME/x:$PATH
novalue
L=
M=${L:-empty}
N=x # not a comment
O=\$A
Q='it'"'"'s'
A=$A-again
R=${A
S=$A$B
T=${A:-x}y}
U=a\tb
V="a\tb"
export X=1
"#;
        let expected = [
            ("A", "plain-again"),
            ("B", "spaced value"),
            ("C", r#"double plain  "q" \n end"#),
            ("D", r"single plain \n"),
            ("E", "plain::plainxdefalt"),
            ("F", "plain"),
            ("G", "ab"),
            ("H", "$x"),
            ("I", r#"a "b c" d"#),
            ("K", "/home/u/x:/usr/bin:/bin"),
            ("M", "empty"),
            ("N", "x # not a comment"),
            ("O", "plain"),
            ("Q", "it's"),
            ("R", "${A"),
            ("S", "plain-againspaced value"),
            ("T", "plain-againy}"),
            ("U", "atb"),
            ("V", r"a\tb"),
        ];
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.conf"), text).unwrap();
        let base = [("HOME", "/home/u"), ("PATH", "/usr/bin:/bin")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let set = load(&[dir.path().to_owned()], None, &base.into());
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(set, expected.into());
    }

    #[test]
    fn bad_lines_are_listed() {
        let file = parse("nonsense\n1A=2\nOK=1");
        assert_eq!(file.bad_lines, [1, 2]);
        assert_eq!(file.assignments.len(), 1);
        assert_eq!(file.assignments[0].line, 3);
    }

    #[test]
    fn expansion() {
        let lookup = |name: &str| match name {
            "FOO" => Some("foo".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("$FOO:/x", "foo:/x"),
            ("${FOO}bar", "foobar"),
            ("$FOObar|", "|"),
            ("${NO:-d}", "d"),
            ("${EMPTY:-d}", "d"),
            ("${FOO:-d}", "foo"),
            ("${FOO:+alt}", "alt"),
            ("${NO:+alt}", ""),
            ("${NO:-${FOO}/x}", "foo/x"),
            ("$$FOO", "$FOO"),
            ("a$", "a$"),
            ("${bad", "${bad"),
            ("$1", "$1"),
            ("$NO", ""),
        ] {
            assert_eq!(expand(text, &lookup), expected, "{text}");
        }
    }

    #[test]
    fn files_in_order_and_masked_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let (high, low) = (dir.path().join("high"), dir.path().join("low"));
        std::fs::create_dir_all(&high).unwrap();
        std::fs::create_dir_all(&low).unwrap();
        std::fs::write(low.join("10-a.conf"), "A=low\nP=$PATH:/x").unwrap();
        std::fs::write(low.join("20-b.conf"), "A=$A+b").unwrap();
        std::fs::write(low.join("30-c.conf"), "A=never").unwrap();
        std::fs::write(high.join("10-a.conf"), "A=high\nP=$PATH:/y").unwrap();
        std::os::unix::fs::symlink("/dev/null", high.join("30-c.conf")).unwrap();
        let base = BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]);
        let set = load(&[high, low], None, &base);
        assert_eq!(set.get("A").unwrap(), "high+b");
        assert_eq!(set.get("P").unwrap(), "/bin:/y");
    }
}
