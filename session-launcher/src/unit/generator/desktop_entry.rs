//! Desktop entries, as far as starting them needs (Desktop Entry Specification 1.5).

use std::collections::BTreeMap;

use crate::unit::words;

/// The keys of `[Desktop Entry]`, without translations; of a key that comes twice the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesktopEntry {
    keys: BTreeMap<String, String>,
}

impl DesktopEntry {
    /// Reads the group; what is no assignment is passed over.
    pub fn parse(text: &str) -> Self {
        let mut entry = Self::default();
        let mut inside = false;
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.starts_with('[') {
                inside = line == "[Desktop Entry]";
            } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
                entry.keys.entry(key.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
            }
        }
        entry
    }

    /// A string, its escapes resolved; `None` when it is not given or empty.
    pub fn string(&self, key: &str) -> Option<String> {
        self.keys.get(key).map(|value| unescape(value)).filter(|value| !value.is_empty())
    }

    /// A boolean; false when it is not given.
    pub fn boolean(&self, key: &str) -> bool {
        self.keys.get(key).is_some_and(|value| value == "true" || value == "1")
    }

    /// A list of strings with semicolons.
    pub fn list(&self, key: &str) -> Vec<String> {
        let mut items = vec![String::new()];
        let mut characters = self.keys.get(key).map(String::as_str).unwrap_or_default().chars();
        while let Some(character) = characters.next() {
            match character {
                ';' => items.push(String::new()),
                '\\' => {
                    if let (Some(item), Some(escaped)) = (items.last_mut(), characters.next()) {
                        item.push_str(&unescape_one(escaped));
                    }
                }
                _ => {
                    if let Some(item) = items.last_mut() {
                        item.push(character);
                    }
                }
            }
        }
        items.retain(|item| !item.is_empty());
        items
    }

    /// The words of `Exec=`. Field codes that are words of their own are dropped, as there are no files to open.
    pub fn command(&self) -> Option<Vec<String>> {
        let text = self.string("Exec")?;
        let words = words::split_shell(&text).ok()?;
        let is_code = |word: &String| word.len() == 2 && word.starts_with('%') && word != "%%";
        Some(words.into_iter().filter(|word| !is_code(word)).map(|word| word.replace("%%", "%")).collect())
    }
}

fn unescape(value: &str) -> String {
    let mut result = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped) => result.push_str(&unescape_one(escaped)),
                None => result.push('\\'),
            },
            _ => result.push(character),
        }
    }
    result
}

fn unescape_one(escaped: char) -> String {
    match escaped {
        's' => " ".to_owned(),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        'r' => "\r".to_owned(),
        ';' => ";".to_owned(),
        '\\' => "\\".to_owned(),
        other => format!("\\{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(line: &str) -> Vec<String> {
        DesktopEntry::parse(&format!("[Desktop Entry]\nExec={line}\n")).command().unwrap()
    }

    #[test]
    fn commands() {
        assert_eq!(exec(r#"a "b c" %U %% $X"#), ["a", "b c", "%", "$X"]);
        assert_eq!(
            exec(r#"sh -c "echo \\"x\\" \\$HOME" --x=%k %i"#),
            ["sh", "-c", "echo \"x\" $HOME", "--x=%k"]
        );
    }

    #[test]
    fn groups_translations_and_repetitions() {
        let entry = DesktopEntry::parse(
            "Name=early\n[Desktop Entry]\nName[de]=d\nName=a\\sb\nName=second\n[Desktop Action x]\nExec=no",
        );
        assert_eq!(entry.string("Name").as_deref(), Some("a b"));
        assert_eq!(entry.string("Exec"), None);
    }

    #[test]
    fn lists() {
        let entry = DesktopEntry::parse("[Desktop Entry]\nOnlyShowIn=GNOME;a\\;b;\nHidden=true");
        assert_eq!(entry.list("OnlyShowIn"), ["GNOME", "a;b"]);
        assert!(entry.boolean("Hidden"));
    }
}
