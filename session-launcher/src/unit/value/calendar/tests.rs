use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn normal(text: &str) -> Option<String> {
    text.parse::<Calendar>().ok().map(|calendar| calendar.to_string())
}

#[test]
fn normalized() {
    for (text, expected) in [
        ("daily", "*-*-* 00:00:00"),
        ("weekly UTC", "Mon *-*-* 00:00:00 UTC"),
        ("Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"),
        ("Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00"),
        ("Wed *-1", "Wed *-*-01 00:00:00"),
        ("Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00"),
        ("Wed, 17:48", "Wed *-*-* 17:48:00"),
        ("*-*-7 0:0:0", "*-*-07 00:00:00"),
        ("10-15", "*-10-15 00:00:00"),
        ("Fri 2012-11-23 11:12:13", "Fri 2012-11-23 11:12:13"),
        ("11:12", "*-*-* 11:12:00"),
        ("*:2/3", "*-*-* *:02/3:00"),
        ("2015-10-25 01:00:00 uTc", "2015-10-25 01:00:00 UTC"),
        ("*-*~05", "*-*~05 00:00:00"),
        ("1..3-1", "*-01..03-01 00:00:00"),
        ("00:00:1.5", "*-*-* 00:00:01.500000"),
        ("@1395716396", "2014-03-25 02:59:56 UTC"),
    ] {
        assert_eq!(normal(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn refused() {
    for text in [
        "",
        "test",
        "7",
        "121212:1:2",
        "2000-03-05.23 00:00:00",
        "2000-03-05 00:00:60",
        "*-13-01",
        "*-*-32",
        "25:00",
        "00:61",
        "Mon..",
        "*-*-* 00:00:00 Nowhere/City",
        "10:00/0",
        "2000-*..*-01",
        "5..3:00",
    ] {
        assert_eq!(normal(text), None, "{text}");
    }
}

fn next(text: &str, after: u64) -> Option<u64> {
    let calendar: Calendar = text.parse().unwrap();
    let next = calendar.next_after(UNIX_EPOCH + Duration::from_secs(after))?;
    Some(next.duration_since(UNIX_EPOCH).unwrap().as_secs())
}

#[test]
fn next_time() {
    // 2026-01-01 00:00:00 UTC was a Thursday.
    const START: u64 = 1_767_225_600;
    const DAY: u64 = 86_400;
    assert_eq!(next("daily UTC", START), Some(START + DAY), "strictly after");
    assert_eq!(next("*:0/15 UTC", START + 1), Some(START + 900));
    assert_eq!(next("Mon *-*-* 12:00 UTC", START), Some(START + 4 * DAY + DAY / 2));
    assert_eq!(next("*-02-29 UTC", START), Some(1_835_395_200), "the next leap year");
    assert_eq!(next("*-02~1 UTC", START), Some(START + 58 * DAY));
    assert_eq!(next("2020-*-* UTC", START), None);
    assert_eq!(next("*-02-30 UTC", START), None);
    assert_eq!(next("Fri *-*-13 UTC", START), Some(START + 43 * DAY));
}

#[test]
fn a_time_that_the_clock_skips_does_not_come() {
    // Berlin has no 02:30 on 2026-03-29.
    let before = 1_774_738_800;
    assert_eq!(next("*-*-* 02:30 Europe/Berlin", before), Some(1_774_830_600));
}

/// Measured with `systemd-analyze calendar --iterations=4` of systemd 262: expression, normalized form (`-` when it is
/// refused), the times that follow 2026-11-24 12:34:56 UTC in whole seconds, in UTC.
#[test]
fn as_systemd_does() {
    const BASE: u64 = 1_795_523_696;
    for line in include_str!("systemd-262.tsv").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [text, form, times] = fields[..] else { panic!("{line}") };
        assert_eq!(normal(text).as_deref().unwrap_or("-"), form, "{text}");
        let mut after = UNIX_EPOCH + Duration::from_secs(BASE);
        for expected in times.split_whitespace() {
            // Events without a zone are in the system's, which was UTC.
            let utc = if form.ends_with("UTC") || form.contains('/') && form.contains("Europe") {
                text.to_owned()
            } else {
                format!("{form} UTC")
            };
            let calendar: Calendar = utc.parse().unwrap();
            after = calendar.next_after(after).unwrap_or_else(|| panic!("{text} ends before {expected}"));
            assert_eq!(after.duration_since(UNIX_EPOCH).unwrap().as_secs().to_string(), expected, "{text}");
        }
    }
}
