//! Texts from records, safe to show.

use std::borrow::Cow;

/// The text with control characters spelt out: a record may hold what a terminal would obey.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            safe.push_str(&format!("\\x{:02x}", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// `yes` or `no`.
pub fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// A UUID in its usual form, with dashes.
pub fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_spelt_out() {
        assert_eq!(printable("a\u{1b}[31m\nb\u{7f}\u{9b}é"), "a\\x1b[31m\\x0ab\\x7f\\x9bé");
        assert!(matches!(printable("plain é"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_uuid_has_its_dashes() {
        assert_eq!(uuid(0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
        assert_eq!(uuid(1), "00000000-0000-0000-0000-000000000001");
    }
}
