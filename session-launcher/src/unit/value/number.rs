//! Sizes, modes and limits.

/// Reads a size with a suffix to the base of 1024 (`K`, `M`, `G`, `T`, `P`, `E`), fractions allowed.
pub fn size(text: &str) -> Option<u64> {
    const SUFFIXES: [(&str, u32); 8] =
        [("E", 60), ("P", 50), ("T", 40), ("G", 30), ("M", 20), ("K", 10), ("B", 0), ("", 0)];
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let suffix = suffix.trim_start();
    let (_, shift) = SUFFIXES.iter().find(|(name, _)| *name == suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let factor = 1u64.checked_shl(*shift)?;
    let whole: u64 = whole.parse().ok()?;
    let mut total = whole.checked_mul(factor)?;
    if !fraction.is_empty() {
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut numerator = 0u128;
        let mut denominator = 1u128;
        for digit in fraction.chars().filter_map(|c| c.to_digit(10)).take(18) {
            numerator = numerator * 10 + u128::from(digit);
            denominator *= 10;
        }
        total = total.checked_add(u64::try_from(u128::from(factor) * numerator / denominator).ok()?)?;
    }
    Some(total)
}

/// Reads an octal access mode, 0 to 07777.
pub fn mode(text: &str) -> Option<u32> {
    if text.is_empty() || text.starts_with('+') {
        return None;
    }
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777)
}

/// Reads a decimal unsigned number; `0x`, `0o` and `0b` prefixes and a leading zero for octal are known.
pub fn unsigned(text: &str) -> Option<u32> {
    if text.starts_with(['+', '-']) {
        return None;
    }
    let (digits, radix) = radix_of(text);
    u32::from_str_radix(digits, radix).ok()
}

/// Reads a decimal signed number.
pub fn signed(text: &str) -> Option<i32> {
    text.parse().ok()
}

fn radix_of(text: &str) -> (&str, u32) {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return (digits, radix);
        }
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("1K"), Some(1024));
        assert_eq!(size("1.5G"), Some(1536 << 20));
        assert_eq!(size("7"), Some(7));
        assert_eq!(size("2 M"), Some(2 << 20));
        for bad in ["", "K", "1KB", "-1", "1.5.2", "16E", "1k"] {
            assert_eq!(size(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn modes_and_numbers() {
        assert_eq!(mode("0644"), Some(0o644));
        assert_eq!(mode("7777"), Some(0o7777));
        for bad in ["", "8", "10000", "+7", "rw"] {
            assert_eq!(mode(bad), None, "{bad:?}");
        }
        assert_eq!((unsigned("10"), unsigned("0x10"), unsigned("010")), (Some(10), Some(16), Some(8)));
        assert_eq!((unsigned("-1"), unsigned("+1"), unsigned("")), (None, None, None));
    }
}
