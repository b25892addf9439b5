//! The rule of `realm`: a DNS domain in presentation form.

/// The longest label in bytes, once its escapes are read.
const LABEL_MAX: usize = 63;
/// The longest domain in bytes, written with as many escapes as it needs.
const DOMAIN_MAX: usize = 253;

/// A DNS domain as RFC 1035 writes it: labels of 1 to 63 bytes with dots between them and maybe one at the end,
/// `\.`, `\\` and `\DDD` as escapes. Any bytes but control characters may stand in a label. The empty string and
/// `.` are the root domain.
pub fn is_valid(domain: &str) -> bool {
    if matches!(domain, "" | ".") {
        return true;
    }
    let (mut label, mut total, mut labels) = (0, 0, 0);
    let mut bytes = domain.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'.' => {
                if label == 0 {
                    return false;
                }
                (label, labels) = (0, labels + 1);
                continue;
            }
            b'\\' => match unescape(&mut bytes) {
                Some(byte) => byte,
                None => return false,
            },
            byte if byte.is_ascii_control() => return false,
            byte => byte,
        };
        label += 1;
        total += escaped_len(byte);
        if label > LABEL_MAX {
            return false;
        }
    }
    // A dot at the end leaves an empty last label, which does not count.
    labels += usize::from(label > 0);
    total + labels.saturating_sub(1) <= DOMAIN_MAX
}

/// The byte that an escape stands for, after its backslash.
fn unescape(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let first = bytes.next()?;
    if matches!(first, b'.' | b'\\') {
        return Some(first);
    }
    let mut code = 0;
    for digit in [Some(first), bytes.next(), bytes.next()] {
        code = code * 10 + char::from(digit?).to_digit(10)?;
    }
    u8::try_from(code).ok().filter(|byte| *byte != 0)
}

/// How many bytes the presentation form needs for a byte of a label.
fn escaped_len(byte: u8) -> usize {
    match byte {
        b'.' | b'\\' => 2,
        b'-' | b'_' => 1,
        byte if byte.is_ascii_alphanumeric() => 1,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_labels_of_63_bytes_and_253_in_all() {
        let label = "a".repeat(63);
        let longest = [label.as_str(), &label, &label, &"a".repeat(61)].join(".");
        let (dotted, accents) = (format!("{longest}."), "é".repeat(31));
        for good in [
            "",
            ".",
            "example.com",
            "example.com.",
            "-a.b",
            "ex ample",
            "bücher.de",
            "a\\.b",
            "\\.",
            "a\\\\b",
            "a\\007b",
            "a\\255b",
            "a@b",
            "_",
            &label,
            &longest,
            &dotted,
            &accents,
        ] {
            assert!(is_valid(good), "{good:?}");
        }
        let (long_label, too_long, accents) =
            ("a".repeat(64), [label.as_str(), &label, &label, &"a".repeat(62)].join("."), "é".repeat(32));
        for bad in [
            "..",
            ".a",
            "a..b",
            "...",
            "\\",
            "a\\",
            "a\\b",
            "a\\0",
            "a\\ab",
            "a\\256b",
            "a\\000",
            "a\tb",
            "\u{7f}",
            &long_label,
            &too_long,
            &accents,
        ] {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }
}
