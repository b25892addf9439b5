//! Booleans (systemd.syntax(7)).

/// Reads a boolean; case does not matter.
pub fn parse(text: &str) -> Option<bool> {
    const TRUE: [&str; 6] = ["1", "yes", "y", "true", "t", "on"];
    const FALSE: [&str; 6] = ["0", "no", "n", "false", "f", "off"];
    if TRUE.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Some(true);
    }
    FALSE.iter().any(|word| word.eq_ignore_ascii_case(text)).then_some(false)
}

/// How systemctl prints one.
pub const fn format(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(parse("YES"), Some(true));
        assert_eq!(parse("off"), Some(false));
        assert_eq!(parse("t"), Some(true));
        for bad in ["", "2", "maybe", "yes "] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
