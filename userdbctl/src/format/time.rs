//! Points in time and durations, both counted in microseconds.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// A year has 365.25 days, and a month is its twelfth.
const YEAR: u64 = 31_557_600 * SECOND;
const MONTH: u64 = YEAR / 12;

/// Units of a duration, the largest first.
const UNITS: [(u64, &str); 9] = [
    (YEAR, "y"),
    (MONTH, "month"),
    (7 * DAY, "w"),
    (DAY, "d"),
    (HOUR, "h"),
    (MINUTE, "min"),
    (SECOND, "s"),
    (1000, "ms"),
    (1, "us"),
];

/// The time in the zone of this system: `Sun 2020-09-13 12:26:40 UTC`.
pub fn timestamp(microseconds: u64) -> String {
    timestamp_in(microseconds, TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

fn timestamp_in(microseconds: u64, zone: TimeZone) -> String {
    match i64::try_from(microseconds).ok().and_then(|time| Timestamp::from_microsecond(time).ok()) {
        Some(time) => time.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string(),
        // Later than the year 9999.
        None => "--- XXXX-XX-XX XX:XX:XX".to_owned(),
    }
}

/// A duration in all its units: `1d 2h 30min`. Less than a minute is one number: `1.234567s`.
pub fn duration(microseconds: u64) -> String {
    if microseconds == 0 {
        return "0".to_owned();
    }
    let mut rest = microseconds;
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        let (count, remainder) = (rest / unit, rest % unit);
        if count == 0 {
            continue;
        }
        if rest < MINUTE && remainder > 0 {
            let digits = unit.ilog10() as usize;
            parts.push(format!("{count}.{remainder:0digits$}{name}"));
            break;
        }
        parts.push(format!("{count}{name}"));
        rest = remainder;
    }
    parts.join(" ")
}

/// The same to the second; what is less than one is not shown.
pub fn duration_in_seconds(microseconds: u64) -> String {
    duration(microseconds / SECOND * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_use_all_units() {
        for (time, expected) in [
            (0, "0"),
            (1, "1us"),
            (1_500, "1.500ms"),
            (1_500_000, "1.500000s"),
            (1_234_567, "1.234567s"),
            (3 * SECOND, "3s"),
            (61_500_000, "1min 1.500000s"),
            (8_640_000_000_000_000, "273y 9month 1w 5d 19h 30min"),
            (u64::MAX - 1, "584542y 2w 2d 20h 1min 49.551614s"),
        ] {
            assert_eq!(duration(time), expected);
        }
        assert_eq!(duration_in_seconds(61_500_000), "1min 1s");
    }

    #[test]
    fn timestamps_name_day_and_zone() {
        let utc = || TimeZone::UTC;
        assert_eq!(timestamp_in(1_600_000_000_123_456, utc()), "Sun 2020-09-13 12:26:40 UTC");
        assert_eq!(timestamp_in(0, utc()), "Thu 1970-01-01 00:00:00 UTC");
        assert_eq!(timestamp_in(u64::MAX - 1, utc()), "--- XXXX-XX-XX XX:XX:XX");
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(timestamp_in(1_600_000_000_000_000, zone), "Sun 2020-09-13 14:26:40 CEST");
    }
}
