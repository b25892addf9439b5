//! Validity of user and group names.
//!
//! Two rules exist. The strict one is what a tool should create (`useradd` and `sysusers` agree on it); the relaxed
//! one is what a record may carry, because directories hold names that no tool here would create.

use crate::text;

/// The longest name that the strict rule allows, in bytes: utmp has 32 bytes with the final NUL.
pub const STRICT_MAX: usize = 31;

/// True if a record may carry this user or group name.
///
/// Refused are: the empty name, leading and trailing spaces, control characters, `:` and `/`, names made of digits
/// only (they are ids), `-` followed by digits only, `.` and `..`, and what cannot be carried as text.
/// There is no limit of length.
pub fn is_valid_relaxed(name: &str) -> bool {
    if name.is_empty() || name.starts_with(' ') || name.ends_with(' ') {
        return false;
    }
    if name == "." || name == ".." || name.contains([':', '/']) {
        return false;
    }
    if text::has_control(name) || !text::is_transportable(name) {
        return false;
    }
    // "-" alone counts as a minus sign with no digits after it.
    let digits = name.strip_prefix('-').unwrap_or(name);
    !digits.bytes().all(|b| b.is_ascii_digit())
}

/// True if a tool should create a user or group of this name: `[A-Za-z_][A-Za-z0-9_-]*`, at most [`STRICT_MAX`] bytes.
pub fn is_valid_strict(name: &str) -> bool {
    let mut bytes = name.bytes();
    let Some(first) = bytes.next() else { return false };
    (first.is_ascii_alphabetic() || first == b'_')
        && name.len() <= STRICT_MAX
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxed_takes_what_directories_hold() {
        let long = "a".repeat(4096);
        for good in [
            "a",
            "+1",
            "0x10",
            "1.5",
            "a b",
            "a\\b",
            "é",
            "\u{85}",
            "...",
            ".a",
            "--",
            "-a",
            "-1a",
            "12a",
            "a@b",
            "$a",
            "*",
            "DOMAIN\\user",
            &long,
        ] {
            assert!(is_valid_relaxed(good), "{good:?}");
        }
    }

    #[test]
    fn relaxed_refuses_ids_paths_and_controls() {
        for bad in [
            "",
            "0",
            "010",
            "1234",
            "4294967296",
            "-",
            "-1",
            "-007",
            " a",
            "a ",
            "a:b",
            "a/b",
            "a\tb",
            "\n",
            "\u{7f}",
            ".",
            "..",
            "\u{ffff}",
            "a\0",
        ] {
            assert!(!is_valid_relaxed(bad), "{bad:?}");
        }
    }

    #[test]
    fn strict_is_what_useradd_takes() {
        let longest = "a".repeat(31);
        for good in ["a", "_a", "A9-_", "root", &longest] {
            assert!(is_valid_strict(good), "{good:?}");
        }
        let too_long = "a".repeat(32);
        for bad in ["", "9a", "-a", "a.b", "a b", "é", "a$", &too_long] {
            assert!(!is_valid_strict(bad), "{bad:?}");
        }
    }
}
