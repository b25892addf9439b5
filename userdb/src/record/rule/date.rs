//! The rule of `birthDate`.

/// A date as strptime(3) reads `%Y-%m-%d`, if the calendar has it: leading zeros may be missing, and space may come
/// before each number. Years go from 0 to 9999.
pub fn is_date(s: &str) -> bool {
    parse(s).is_some_and(|(year, month, day)| day >= 1 && day <= days_in(year, month))
}

fn parse(s: &str) -> Option<(u32, u32, u32)> {
    let (year, rest) = number(s, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
    rest.is_empty().then_some((year, month, day))
}

/// Up to `digits` digits after any space, and what follows them.
fn number(s: &str, digits: usize) -> Option<(u32, &str)> {
    let s = s.trim_start_matches(' ');
    let end = s.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    let (number, rest) = s.split_at_checked(end)?;
    Some((number.parse().ok()?, rest))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for good in [
            "2000-01-01",
            "1900-01-01",
            "0000-01-01",
            "9999-12-31",
            "2000-02-29",
            "2000-1-1",
            "99-01-01",
            "1-1-1",
            " 2000-01-01",
            "2000- 1- 1",
            "00-02-29",
        ] {
            assert!(is_date(good), "{good:?}");
        }
        for bad in [
            "",
            "2000",
            "2000-01",
            "2000-13-01",
            "2000-00-01",
            "2000-01-00",
            "2000-01-32",
            "2000-04-31",
            "1900-02-29",
            "2001-02-29",
            "1500-02-29",
            "10000-01-01",
            "02000-01-01",
            "2000-01-001",
            "2000-01-01 ",
            "2000 -01-01",
            "+2000-01-01",
            "-2000-01-01",
            "2000/01/01",
            "20000101",
            "2000-01-01T00:00:00Z",
            "é",
        ] {
            assert!(!is_date(bad), "{bad:?}");
        }
    }
}
