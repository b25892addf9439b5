//! Rules of strings with a small grammar.

use std::borrow::Cow;

use crate::text;

/// A locale name: 1 to 127 bytes of `[A-Za-z0-9_.@-]`, not `.` or `..`. Whether it exists is not asked.
pub fn is_locale(s: &str) -> bool {
    (1..=127).contains(&s.len())
        && !matches!(s, "." | "..")
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@' | b'-'))
}

/// An environment assignment: `[A-Za-z_][A-Za-z0-9_]*=` and any value.
pub fn is_assignment(s: &str) -> bool {
    let Some((name, _)) = s.split_once('=') else { return false };
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A storage type of systemd-homed.
pub fn is_storage(s: &str) -> bool {
    matches!(s, "classic" | "luks" | "directory" | "subvolume" | "fscrypt" | "cifs")
}

/// A named mode of `autoResizeMode`.
pub fn is_auto_resize_mode(s: &str) -> bool {
    matches!(s, "off" | "grow" | "shrink-and-grow")
}

/// Reads a UUID: 32 hex digits, or the form with dashes after 8, 12, 16 and 20 of them.
pub fn parse_uuid(s: &str) -> Option<u128> {
    let dashed = s.len() == 36;
    if !dashed && s.len() != 32 {
        return None;
    }
    let mut id: u128 = 0;
    for (at, c) in s.chars().enumerate() {
        if dashed && matches!(at, 8 | 13 | 18 | 23) {
            if c != '-' {
                return None;
            }
            continue;
        }
        id = id << 4 | u128::from(c.to_digit(16)?);
    }
    Some(id)
}

/// True if passwd's gecos field can carry the string.
pub fn is_gecos(s: &str) -> bool {
    !s.contains(':') && !text::has_control(s)
}

/// The string as passwd's gecos field can carry it: each bad character becomes a space.
pub fn mangle_gecos(s: &str) -> Cow<'_, str> {
    if is_gecos(s) {
        return Cow::Borrowed(s);
    }
    Cow::Owned(s.chars().map(|c| if c == ':' || c.is_ascii_control() { ' ' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_judged_by_their_characters() {
        let (longest, too_long) = ("a".repeat(127), "a".repeat(128));
        for good in ["C", "C.UTF-8", "de_DE@euro", "-", "_", ".a", "a.", "..a", &longest] {
            assert!(is_locale(good), "{good:?}");
        }
        for bad in ["", ".", "..", "de DE", "de/DE", "C.UTF-8:de", "a+b", "é", "a\n", &too_long] {
            assert!(!is_locale(bad), "{bad:?}");
        }
    }

    #[test]
    fn assignments_need_a_name_a_shell_can_use() {
        for good in ["A=b", "A=", "A=b=c", "_=1", "A=\u{1}", "A=\n", "A=é", "a1_=x"] {
            assert!(is_assignment(good), "{good:?}");
        }
        for bad in ["", "A", "=b", "1A=b", "A b=c", "Aé=b", "a.b=c", "a-b=c", "A\u{1}=1"] {
            assert!(!is_assignment(bad), "{bad:?}");
        }
    }

    #[test]
    fn uuids_come_in_two_spellings() {
        let id = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
        for good in [
            "0123456789abcdef0123456789abcdef",
            "0123456789ABCDEF0123456789ABCDEF",
            "01234567-89ab-cdef-0123-456789abcdef",
            "01234567-89AB-cdef-0123-456789abcdef",
        ] {
            assert_eq!(parse_uuid(good), Some(id), "{good:?}");
        }
        assert_eq!(parse_uuid(&"0".repeat(32)), Some(0));
        for bad in [
            "",
            "0123456789abcdef-0123-456789abcdef",
            "{01234567-89ab-cdef-0123-456789abcdef}",
            "0123456789abcdef0123456789abcdeg",
            "0123456789abcdef0123456789abcde",
            "012345678-9ab-cdef-0123-456789abcdef",
            "éééééééééééééééé",
            "+123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(parse_uuid(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn gecos_is_mangled_never_refused() {
        assert_eq!(mangle_gecos("Ann Éx"), "Ann Éx");
        assert_eq!(mangle_gecos("a:b\tc\nd\u{7f}é"), "a b c d é");
    }
}
