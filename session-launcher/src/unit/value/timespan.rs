//! Time spans (systemd.time(7), "Parsing Time Spans").

use std::time::Duration;

/// A time span; `Infinite` is the word `infinity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So long.
    Finite(Duration),
    /// For ever.
    Infinite,
}

impl Span {
    /// `None` for ever.
    pub const fn finite(self) -> Option<Duration> {
        match self {
            Self::Finite(duration) => Some(duration),
            Self::Infinite => None,
        }
    }
}

const SECOND: u64 = 1_000_000;
/// Units with their length in microseconds. A month is 30.44 days and a year 365.25 days, as in systemd.
const UNITS: [(&str, u64); 30] = [
    ("seconds", SECOND),
    ("second", SECOND),
    ("sec", SECOND),
    ("s", SECOND),
    ("minutes", 60 * SECOND),
    ("minute", 60 * SECOND),
    ("min", 60 * SECOND),
    ("months", MONTH),
    ("month", MONTH),
    ("M", MONTH),
    ("msec", 1000),
    ("ms", 1000),
    ("m", 60 * SECOND),
    ("hours", 3600 * SECOND),
    ("hour", 3600 * SECOND),
    ("hr", 3600 * SECOND),
    ("h", 3600 * SECOND),
    ("days", DAY),
    ("day", DAY),
    ("d", DAY),
    ("weeks", 7 * DAY),
    ("week", 7 * DAY),
    ("w", 7 * DAY),
    ("years", YEAR),
    ("year", YEAR),
    ("y", YEAR),
    ("usec", 1),
    ("us", 1),
    ("\u{3bc}s", 1),
    ("\u{b5}s", 1),
];
const DAY: u64 = 24 * 3600 * SECOND;
const MONTH: u64 = 2_629_800 * SECOND;
const YEAR: u64 = 31_557_600 * SECOND;

/// Reads a time span; a number without a unit counts in seconds. `None` when it is none, or too long for 64 bits of
/// microseconds.
pub fn parse(text: &str) -> Option<Span> {
    parse_with_unit(text, SECOND)
}

/// Reads a time span; a number without a unit counts in `default_unit` microseconds.
pub fn parse_with_unit(text: &str, default_unit: u64) -> Option<Span> {
    let mut rest = text.trim_matches(super::super::syntax::is_space);
    if rest == "infinity" {
        return Some(Span::Infinite);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let whole_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, after) = rest.split_at_checked(whole_end)?;
        let (fraction, after) = match after.strip_prefix('.') {
            None => ("", after),
            Some(after) => {
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                after.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?
            }
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let after = after.trim_start_matches(super::super::syntax::is_space);
        let unit_end =
            after.find(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end)?;
        let length = if unit.is_empty() {
            default_unit
        } else {
            // Units may follow each other without white space only if a digit comes between.
            let unit = unit.trim_end_matches(super::super::syntax::is_space);
            UNITS.iter().find(|(name, _)| *name == unit)?.1
        };
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        total = total.checked_add(whole.checked_mul(length)?)?.checked_add(fraction_of(fraction, length))?;
        rest = after.trim_start_matches(super::super::syntax::is_space);
    }
    // The largest value stands for infinity in systemd and cannot be written as a number.
    (total < u64::MAX).then_some(Span::Finite(Duration::from_micros(total)))
}

/// The digits after the point, of a unit's length: each digit truncates as systemd does.
fn fraction_of(digits: &str, length: u64) -> u64 {
    let mut scale = length / 10;
    let mut sum = 0u64;
    for digit in digits.chars().filter_map(|c| c.to_digit(10)) {
        sum = sum.saturating_add(u64::from(digit).saturating_mul(scale));
        scale /= 10;
    }
    sum
}

/// Writes a time span as systemctl does, exactly: `1min 30s`, `100ms`, `0`, `infinity`.
pub fn format(span: Option<Duration>) -> String {
    const PARTS: [(&str, u64); 9] = [
        ("y", YEAR),
        ("month", MONTH),
        ("w", 7 * DAY),
        ("d", DAY),
        ("h", 3600 * SECOND),
        ("min", 60 * SECOND),
        ("s", SECOND),
        ("ms", 1000),
        ("us", 1),
    ];
    let Some(span) = span else { return "infinity".to_owned() };
    let mut rest = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0".to_owned();
    }
    let mut words = Vec::new();
    for (name, length) in PARTS {
        if rest < length {
            continue;
        }
        // Below a minute systemd writes one number with a fraction.
        if length < 60 * SECOND && length > 1 && rest % length != 0 {
            let digits = if length == SECOND { 6 } else { 3 };
            let fraction = format!("{:0digits$}", rest % length);
            words.push(format!("{}.{fraction}{name}", rest / length));
            break;
        }
        let plural = if name == "month" && rest / length > 1 { "s" } else { "" };
        words.push(format!("{}{name}{plural}", rest / length));
        rest %= length;
        if rest == 0 {
            break;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<u64> {
        parse(text).map(|span| span.finite().map_or(u64::MAX, |d| d.as_micros() as u64))
    }

    #[test]
    fn spans() {
        for (text, expected) in [
            ("50", 50 * SECOND),
            ("2min 200ms", 120_200_000),
            ("2min200ms", 120_200_000),
            ("1.5h", 5400 * SECOND),
            (".5", SECOND / 2),
            ("1 d 2 h", DAY + 7200 * SECOND),
            ("55s500ms", 55_500_000),
            ("300ms20s 5day", 20_300_000 + 5 * DAY),
            ("1M", MONTH),
            ("1m", 60 * SECOND),
            ("1y 12month", YEAR + 12 * MONTH),
            ("5\u{b5}s", 5),
            ("0", 0),
            (" 7 ", 7 * SECOND),
            ("0.1us", 0),
            ("infinity", u64::MAX),
        ] {
            assert_eq!(micros(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_span() {
        for bad in [
            "",
            "-5",
            "5 bananas",
            "s",
            "1.",
            ".",
            "1..5",
            "1e3",
            "infinity 5",
            "5 infinity",
            "18446744073709551616",
            "99999999999999y",
            "5sec6",
        ] {
            if bad == "5sec6" {
                assert_eq!(micros(bad), Some(11 * SECOND));
            } else {
                assert_eq!(micros(bad), None, "{bad:?}");
            }
        }
    }

    #[test]
    fn formatted() {
        for (text, expected) in [
            ("90", "1min 30s"),
            ("100ms", "100ms"),
            ("0", "0"),
            ("infinity", "infinity"),
            ("1.5", "1.500000s"),
            ("62.25", "1min 2.250000s"),
            ("1d", "1d"),
            ("2month", "2months"),
            ("1234us", "1.234ms"),
        ] {
            let span = parse(text).unwrap().finite();
            assert_eq!(format(span), expected);
        }
    }

    /// Measured with `systemd-analyze timespan` of systemd 262: input, and what it is in words; nothing when refused.
    #[test]
    fn as_systemd_does() {
        for line in include_str!("timespan/systemd-262.tsv").lines() {
            let (text, expected) = line.split_once('\t').unwrap();
            let ours = parse(text).map(|span| format(span.finite())).unwrap_or_default();
            assert_eq!(ours, expected, "{text:?}");
        }
    }
}
