//! The syntax of unit files: sections, assignments, comments, continued lines (systemd.syntax(7)).

/// The longest logical line, in bytes, as in systemd.
pub const MAX_LINE: usize = 1024 * 1024;

/// One `Key=value` line. The value is trimmed and otherwise as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The section, without brackets.
    pub section: String,
    /// What stands before the `=`.
    pub key: String,
    /// What stands after it; empty to reset a list.
    pub value: String,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// A line that is no assignment, comment or section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Ends the reading of the file: no closing bracket.
    #[error("invalid section header {0:?}")]
    SectionHeader(String),
    /// Ends the reading of the file: not UTF-8.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// Ends the reading of the file: a line longer than [`MAX_LINE`].
    #[error("the line is longer than 1 MiB")]
    LineTooLong,
    /// The line is ignored.
    #[error("missing '=', the line is ignored")]
    MissingEquals,
    /// The line is ignored.
    #[error("missing key name before '=', the line is ignored")]
    MissingKey,
    /// The line is ignored.
    #[error("assignment outside of a section, the line is ignored")]
    OutsideSection,
}

impl SyntaxError {
    /// Whether systemd gives up the whole file.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::SectionHeader(_) | Self::NotUtf8 | Self::LineTooLong)
    }
}

/// A file, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFile {
    /// All assignments in order.
    pub assignments: Vec<Assignment>,
    /// All section headers with their lines, in order; those without assignments too.
    pub sections: Vec<(String, u32)>,
    /// What went wrong, with the line. After a fatal one nothing more was read.
    pub errors: Vec<(u32, SyntaxError)>,
}

/// Takes a file apart. Never fails: what is wrong is listed.
pub fn parse(text: &[u8]) -> UnitFile {
    let mut file = UnitFile::default();
    let mut section = None;
    for line in LogicalLines::new(text) {
        let result = line.text.and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| SyntaxError::NotUtf8)?;
            read_line(&text, line.number, &mut section, &mut file)
        });
        if let Err(error) = result {
            let fatal = error.is_fatal();
            file.errors.push((line.number, error));
            if fatal {
                break;
            }
        }
    }
    file
}

fn read_line(
    text: &str,
    line: u32,
    section: &mut Option<String>,
    file: &mut UnitFile,
) -> Result<(), SyntaxError> {
    let text = trim(text);
    if text.is_empty() {
        return Ok(());
    }
    if let Some(rest) = text.strip_prefix('[') {
        let name = rest.strip_suffix(']').ok_or_else(|| SyntaxError::SectionHeader(text.to_owned()))?;
        file.sections.push((name.to_owned(), line));
        *section = Some(name.to_owned());
        return Ok(());
    }
    let Some(section) = section else { return Err(SyntaxError::OutsideSection) };
    let (key, value) = text.split_once('=').ok_or(SyntaxError::MissingEquals)?;
    let key = trim(key);
    if key.is_empty() {
        return Err(SyntaxError::MissingKey);
    }
    file.assignments.push(Assignment {
        section: section.clone(),
        key: key.to_owned(),
        value: trim(value).to_owned(),
        line,
    });
    Ok(())
}

/// Trims what systemd calls white space; other Unicode spaces belong to the value.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// systemd's white space.
pub const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

struct LogicalLine {
    number: u32,
    text: Result<Vec<u8>, SyntaxError>,
}

/// Joins continued lines and drops comments, also those inside a continued line.
struct LogicalLines<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> LogicalLines<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text), number: 0 }
    }

    /// The next line without its end. An end is LF, CR, NUL, or LF and CR together.
    fn physical_line(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number = self.number.saturating_add(1);
        let end = self.rest.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 0));
        let Some((line, after)) = end.and_then(|end| self.rest.split_at_checked(end)) else {
            return Some(std::mem::take(&mut self.rest));
        };
        self.rest = match after {
            [b'\n', b'\r', rest @ ..] | [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => after,
        };
        Some(line)
    }
}

impl Iterator for LogicalLines<'_> {
    type Item = LogicalLine;

    fn next(&mut self) -> Option<LogicalLine> {
        let mut joined: Option<(u32, Vec<u8>)> = None;
        while let Some(line) = self.physical_line() {
            if is_comment(line) {
                continue;
            }
            let (number, text) = joined.get_or_insert_with(|| (self.number, Vec::new()));
            let number = *number;
            if text.len().saturating_add(line.len()) > MAX_LINE {
                return Some(LogicalLine { number, text: Err(SyntaxError::LineTooLong) });
            }
            text.extend_from_slice(line);
            if ends_escaped(text) {
                text.pop();
                text.push(b' ');
                continue;
            }
            break;
        }
        joined.map(|(number, text)| LogicalLine { number, text: Ok(text) })
    }
}

fn is_comment(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    matches!(first, Some(b'#' | b';'))
}

/// Whether the last backslash escapes the line's end: an even number of them escape each other.
fn ends_escaped(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests;
