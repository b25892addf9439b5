//! The output of units, as the manager keeps it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The most of a file's end that is looked at for its last lines.
const TAIL_BYTES: u64 = 256 * 1024;

/// The directory of logs: `$XDG_STATE_HOME/session-launcher/log`. `None` without a home.
pub fn directory() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("session-launcher/log"))
}

/// The log of a unit.
pub fn path(unit: &str) -> Option<PathBuf> {
    Some(directory()?.join(format!("{unit}.log")))
}

/// The last `count` lines of a file, with no more than 256 KiB. Bytes that are no UTF-8 are replaced.
///
/// # Errors
/// It cannot be read.
pub fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may have lost its beginning.
    let mut lines: Vec<&str> = text.lines().skip(usize::from(from > 0)).collect();
    let last = lines.split_off(lines.len().saturating_sub(count));
    Ok(last.into_iter().map(str::to_owned).collect())
}

/// A line as a terminal may show it: control characters are written out, so that no program's output can move the
/// cursor or ring the bell.
pub fn printable(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\t' => shown.push(character),
            character if character.is_control() => {
                shown.push_str(&format!("\\x{:02x}", u32::from(character)));
            }
            character => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "one\ntwo\nthree").unwrap();
        assert_eq!(last_lines(file.path(), 2).unwrap(), ["two", "three"]);
        assert_eq!(last_lines(file.path(), 9).unwrap(), ["one", "two", "three"]);
        assert!(last_lines(file.path(), 0).unwrap().is_empty());
        let long = format!("{}\nlast\n", "x".repeat(300 * 1024));
        std::fs::write(file.path(), long).unwrap();
        assert_eq!(last_lines(file.path(), 5).unwrap(), ["last"]);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\tb\x1b[2J\u{9b}é"), "a\tb\\x1b[2J\\x9bé");
    }
}
