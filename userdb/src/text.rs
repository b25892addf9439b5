//! Which strings can be carried at all.

use serde_json::Value;

/// True for a code point that Unicode sets aside as a noncharacter (U+FDD0..U+FDEF, and the last two of each plane).
///
/// systemd refuses a whole JSON message that holds one, so a record must not carry it.
pub const fn is_noncharacter(c: char) -> bool {
    let code = c as u32;
    (code >= 0xFDD0 && code <= 0xFDEF) || code & 0xFFFE == 0xFFFE
}

/// True if systemd's JSON parser takes the string: no NUL and no noncharacters.
pub fn is_transportable(s: &str) -> bool {
    // Noncharacters and NUL aside, ASCII is always fine, and most strings are ASCII.
    if s.is_ascii() {
        return !s.as_bytes().contains(&0);
    }
    !s.chars().any(|c| c == '\0' || is_noncharacter(c))
}

/// True if all strings and keys in a value can be carried.
pub fn value_is_transportable(value: &Value) -> bool {
    match value {
        Value::String(s) => is_transportable(s),
        Value::Array(items) => items.iter().all(value_is_transportable),
        Value::Object(fields) => {
            fields.iter().all(|(key, value)| is_transportable(key) && value_is_transportable(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// True if an ASCII control character is in the string (C1 controls do not count, as in systemd).
pub fn has_control(s: &str) -> bool {
    s.bytes().any(|b| b.is_ascii_control())
}

/// True for a string that is safe to print and to quote: no control characters, no quotes, no backslash.
pub fn is_safe(s: &str) -> bool {
    !s.bytes().any(|b| b.is_ascii_control() || matches!(b, b'"' | b'\'' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noncharacters_and_nul_cannot_be_carried() {
        for bad in ["\u{fdd0}", "\u{fdef}", "a\u{fffe}", "\u{ffff}", "\u{1fffe}", "\u{10ffff}", "\0", "é\0"]
        {
            assert!(!is_transportable(bad), "{bad:?}");
        }
        for good in ["", "a", "\u{fdcf}", "\u{fdf0}", "\u{fffd}", "\u{1f600}", "\u{1}", "\u{85}"] {
            assert!(is_transportable(good), "{good:?}");
        }
    }

    #[test]
    fn safe_refuses_what_a_shell_or_terminal_would_take_amiss() {
        for bad in ["a\\b", "a'b", "a\"b", "a\tb", "\u{7f}", "\n"] {
            assert!(!is_safe(bad), "{bad:?}");
        }
        for good in ["", "a b", "$a;`", "\u{85}", "é"] {
            assert!(is_safe(good), "{good:?}");
        }
    }
}
