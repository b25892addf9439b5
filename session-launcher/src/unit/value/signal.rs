//! Signal names of Linux (signal(7)).

const NAMES: [(&str, i32); 33] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
    ("POLL", 29),
    ("CLD", 17),
];
const REAL_TIME_FIRST: i32 = 34;
const REAL_TIME_LAST: i32 = 64;

/// Reads a signal: a name with or without `SIG`, `RTMIN+2`, `RTMAX-1`, or a number.
pub fn parse(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (1..=REAL_TIME_LAST).contains(&number).then_some(number);
    }
    let name = text.strip_prefix("SIG").unwrap_or(text);
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    let number = if let Some(offset) = name.strip_prefix("RTMIN") {
        REAL_TIME_FIRST.checked_add(if offset.is_empty() {
            0
        } else {
            offset.strip_prefix('+')?.parse().ok()?
        })?
    } else {
        let offset = name.strip_prefix("RTMAX")?;
        REAL_TIME_LAST.checked_sub(if offset.is_empty() {
            0
        } else {
            offset.strip_prefix('-')?.parse().ok()?
        })?
    };
    (REAL_TIME_FIRST..=REAL_TIME_LAST).contains(&number).then_some(number)
}

/// The name without `SIG`, as systemd writes it.
pub fn name(number: i32) -> String {
    if let Some((name, _)) = NAMES.iter().find(|(_, known)| *known == number) {
        return (*name).to_owned();
    }
    match number - REAL_TIME_FIRST {
        0 => "RTMIN".to_owned(),
        offset if (1..=REAL_TIME_LAST - REAL_TIME_FIRST).contains(&offset) => format!("RTMIN+{offset}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(parse("SIGTERM"), Some(15));
        assert_eq!(parse("HUP"), Some(1));
        assert_eq!(parse("9"), Some(9));
        assert_eq!(parse("RTMIN+3"), Some(37));
        assert_eq!(parse("SIGRTMAX-1"), Some(63));
        for bad in ["", "0", "65", "SIGFOO", "RTMIN+99", "RTMIN3", "term", "RTMIN+-9"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(name(15), "TERM");
        assert_eq!(name(36), "RTMIN+2");
    }
}
