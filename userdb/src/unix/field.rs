//! Reading the fields of a line.

use crate::{id, name, text};

/// The fields of a line from the left, and what was dropped of them.
pub(super) struct Fields<'a> {
    rest: Option<&'a [u8]>,
    problems: Vec<String>,
}

impl<'a> Fields<'a> {
    pub fn new(line: &'a [u8]) -> Self {
        Self { rest: Some(line), problems: Vec::new() }
    }

    pub fn into_problems(self) -> Vec<String> {
        self.problems
    }

    /// The bytes up to the next colon. `None` if the line has ended.
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut parts = rest.splitn(2, |b| *b == b':');
        let field = parts.next()?;
        self.rest = parts.next();
        Some(field)
    }

    /// All that is left of the line, colons included.
    fn last(&mut self) -> &'a [u8] {
        self.rest.take().unwrap_or_default()
    }

    /// The name that a line begins with.
    pub fn name(&mut self) -> Result<String, String> {
        let bytes = self.next().unwrap_or_default();
        let name = std::str::from_utf8(bytes).ok().filter(|name| name::is_valid_relaxed(name));
        name.map(str::to_owned)
            .ok_or_else(|| format!("{:?} is not a valid name", String::from_utf8_lossy(bytes)))
    }

    /// A uid or gid as strtoul(3) reads it: space, a plus sign and zeros may come first.
    pub fn id(&mut self, what: &str) -> Result<u32, String> {
        let bytes = self.next().ok_or_else(|| format!("{what} is missing"))?;
        let text = std::str::from_utf8(bytes).unwrap_or_default().trim_ascii_start();
        let digits = text.strip_prefix('+').unwrap_or(text);
        let id = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse().ok());
        id.filter(|id| id::is_valid(*id))
            .ok_or_else(|| format!("{:?} is not a valid {what}", String::from_utf8_lossy(bytes)))
    }

    /// A number of days. Empty means unset; the C library takes no negative ones.
    pub fn days(&mut self, what: &str) -> Result<Option<u64>, String> {
        let text = std::str::from_utf8(self.next().unwrap_or_default()).unwrap_or("?").trim_ascii();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| format!("{what} is not a number of days"))
    }

    /// A string. What is no text is dropped and leaves the field empty.
    pub fn text(&mut self, what: &str) -> String {
        let bytes = self.next().unwrap_or_default();
        self.text_of(bytes, what).unwrap_or_default()
    }

    /// The last string of a line.
    pub fn last_text(&mut self, what: &str) -> String {
        let bytes = self.last();
        self.text_of(bytes, what).unwrap_or_default()
    }

    /// The real name and what else stands there.
    pub fn gecos(&mut self) -> String {
        gecos_text(self.next().unwrap_or_default())
    }

    /// A gid that, where it is not valid, is left out of the record, which then has the gid of its uid.
    pub fn gid_or(&mut self, uid: u32) -> Result<u32, String> {
        let reserved = |bytes: &[u8]| matches!(bytes, b"65535" | b"4294967295");
        let next = self.rest.and_then(|rest| rest.split(|b| *b == b':').next());
        if next.is_some_and(reserved) {
            self.next();
            self.problems.push(format!("the gid is reserved; {uid} is taken instead"));
            return Ok(uid);
        }
        self.id("gid")
    }

    /// A hash. `None` if it is no text or there is no such field.
    pub fn hash(&mut self) -> Option<String> {
        let bytes = self.next()?;
        self.text_of(bytes, "hash")
    }

    /// Names with commas between them, up to the next colon.
    pub fn names(&mut self) -> Vec<String> {
        let bytes = self.next().unwrap_or_default();
        self.names_of(bytes)
    }

    /// Names with commas between them, up to the end of the line.
    pub fn last_names(&mut self) -> Vec<String> {
        let bytes = self.last();
        self.names_of(bytes)
    }

    fn text_of(&mut self, bytes: &[u8], what: &str) -> Option<String> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text::is_transportable(text) => Some(text.to_owned()),
            _ => {
                self.problems.push(format!("{what} is not UTF-8 text and is left out"));
                None
            }
        }
    }

    fn names_of(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        // Space before a name is skipped as the C library does; space after one is part of it, so that it is none.
        for item in bytes.split(|b| *b == b',').map(<[u8]>::trim_ascii_start).filter(|item| !item.is_empty())
        {
            let shown = String::from_utf8_lossy(item);
            match std::str::from_utf8(item) {
                Ok(name) if text::is_transportable(name) => {
                    if !name::is_valid_relaxed(name) {
                        self.problems
                            .push(format!("{shown:?} is not a valid name, so that nobody can be meant"));
                    }
                    names.push(name.to_owned());
                }
                _ => self.problems.push(format!("{shown:?} is not UTF-8 text and is left out")),
            }
        }
        names
    }
}

/// The real name and what else stands in its field as text. Every byte that is none becomes a space.
pub fn gecos_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| ' '));
    }
    text
}
