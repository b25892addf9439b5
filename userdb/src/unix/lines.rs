//! Going through the lines of a file.

use std::fmt;

use super::field::Fields;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File<T> {
    /// The accounts, in the file's order. Names may stand twice; the first one counts.
    pub entries: Vec<T>,
    /// What could not be read.
    pub problems: Vec<LineProblem>,
}

/// A line, or a part of one, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it. Hashes are never shown.
    pub message: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl<T> File<T> {
    pub(super) fn parse(text: &[u8], parse: impl Fn(&mut Fields<'_>) -> Result<T, String>) -> Self {
        let mut file = Self { entries: Vec::new(), problems: Vec::new() };
        for (at, line) in text.split(|b| *b == b'\n').enumerate() {
            let line = line.trim_ascii_start();
            // `+` and `-` lines ask NIS for accounts (nsswitch.conf "compat"), which nothing does any more.
            if matches!(line.first(), None | Some(b'#' | b'+' | b'-')) {
                continue;
            }
            let mut fields = Fields::new(line);
            let entry = parse(&mut fields);
            let messages = fields.into_problems();
            let problem = |message| LineProblem { line: at + 1, message };
            match entry {
                Ok(entry) => {
                    file.entries.push(entry);
                    file.problems.extend(messages.into_iter().map(problem));
                }
                Err(message) => {
                    let name = String::from_utf8_lossy(line.split(|b| *b == b':').next().unwrap_or_default());
                    file.problems.push(problem(format!("the line of {name:?} is skipped: {message}")));
                }
            }
        }
        file
    }
}
