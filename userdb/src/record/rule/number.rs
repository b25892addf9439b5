//! Rules of numbers, which many fields take as strings too.

use serde_json::Value;

use crate::id;

/// The largest weight of a control group.
pub const WEIGHT_MAX: u64 = 10_000;

/// A u64 from a number, or from a string as systemd reads it.
pub fn u64_of(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => parse_u64(text),
        other => id::as_unsigned(other),
    }
}

/// A file mode from a number, or from a string of octal digits.
pub fn mode_of(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => {
            let digits = skip_space(text);
            (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
            u32::from_str_radix(digits, 8).ok()
        }
        other => u32::try_from(id::as_unsigned(other)?).ok(),
    }
}

/// A weight of a control group: 1 to 10000.
pub fn is_weight(value: &Value) -> bool {
    id::as_unsigned(value).is_some_and(|n| (1..=WEIGHT_MAX).contains(&n))
}

/// Reads what C's strtoull(3) reads in base 0, and the prefixes `0b` and `0o`: space before the number, a sign
/// (minus only before zero), `0x` for hex and `0` for octal. Nothing may follow the number.
pub(crate) fn parse_u64(text: &str) -> Option<u64> {
    let text = skip_space(text);
    let (base, rest) = match text.as_bytes() {
        [b'0', b'b' | b'B', ..] => (2, skip_space(text.get(2..)?)),
        [b'0', b'o' | b'O', ..] => (8, skip_space(text.get(2..)?)),
        _ => (0, text),
    };
    let (negative, digits) = match rest.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] if base == 0 => (16, digits.get(2..)?),
        [b'0', ..] if base == 0 => (8, digits),
        _ if base == 0 => (10, digits),
        _ => (base, digits),
    };
    // from_str_radix would take another sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, base).ok().filter(|n| !negative || *n == 0)
}

/// The text without the space that C's isspace(3) knows at its start.
fn skip_space(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_are_read_as_strtoull_reads_them() {
        for (text, n) in [
            ("0", 0),
            ("-0", 0),
            ("-0x0", 0),
            ("+1", 1),
            (" +1", 1),
            ("\t1", 1),
            ("\u{b}1", 1),
            ("010", 8),
            ("0x10", 16),
            ("0X1", 1),
            ("+0x1", 1),
            ("0b1", 1),
            (" 0b1", 1),
            ("0b+1", 1),
            ("0b 1", 1),
            ("0B1", 1),
            ("0o7", 7),
            ("0O7", 7),
            ("0xffffffffffffffff", u64::MAX),
            ("0o1777777777777777777777", u64::MAX),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(u64_of(&json!(text)), Some(n), "{text:?}");
        }
        for bad in [
            "",
            " ",
            "08",
            "0b2",
            "0b",
            "0o8",
            "0x",
            "0xg",
            "0x+1",
            "+ 1",
            "- 0",
            "++1",
            "+0b1",
            "-0b1",
            "-1",
            "1 ",
            "1.5",
            "1e3",
            "0b12",
            "\u{a0}1",
            "18446744073709551616",
            "0x10000000000000000",
            "0o2777777777777777777777",
            "-18446744073709551615",
        ] {
            assert_eq!(u64_of(&json!(bad)), None, "{bad:?}");
        }
    }

    #[test]
    fn modes_in_strings_are_octal_digits_only() {
        for (text, mode) in [
            ("755", 0o755),
            (" 7", 7),
            ("\t7", 7),
            ("00000777", 0o777),
            ("07777", 0o7777),
            ("10000", 0o10000),
        ] {
            assert_eq!(mode_of(&json!(text)), Some(mode), "{text:?}");
        }
        for bad in ["", "8", "+7", "-0", "0x7", "0o7", "7 ", " ", "77777777777777"] {
            assert_eq!(mode_of(&json!(bad)), None, "{bad:?}");
        }
        assert_eq!(mode_of(&json!(511.0)), Some(0o777));
        assert_eq!(mode_of(&json!(-1)), None);
    }

    #[test]
    fn weights_begin_at_one() {
        for (n, good) in [
            (json!(0), false),
            (json!(1), true),
            (json!(10_000), true),
            (json!(10_001), false),
            (json!("1"), false),
        ] {
            assert_eq!(is_weight(&n), good, "{n}");
        }
    }
}
