//! `Limit...=` (systemd.exec(5), "Process Properties").

use crate::unit::spec::Limit;
use crate::unit::value::{number, timespan};

/// The names after `Limit`.
pub const NAMES: [&str; 16] = [
    "CPU",
    "FSIZE",
    "DATA",
    "STACK",
    "CORE",
    "RSS",
    "NOFILE",
    "AS",
    "NPROC",
    "MEMLOCK",
    "LOCKS",
    "SIGPENDING",
    "MSGQUEUE",
    "NICE",
    "RTPRIO",
    "RTTIME",
];

/// Reads `soft:hard`, or one value for both.
pub fn parse(name: &str, text: &str) -> Option<Limit> {
    let (soft, hard) = text.split_once(':').unwrap_or((text, text));
    let limit = Limit { soft: value(name, soft.trim())?, hard: value(name, hard.trim())? };
    let in_order = match (limit.soft, limit.hard) {
        (Some(soft), Some(hard)) => soft <= hard,
        (None, Some(_)) => false,
        _ => true,
    };
    in_order.then_some(limit)
}

fn value(name: &str, text: &str) -> Option<Option<u64>> {
    if text == "infinity" {
        return Some(None);
    }
    match name {
        "CPU" => {
            let span = timespan::parse(text)?.finite()?;
            Some(Some(span.as_secs() + u64::from(span.subsec_nanos() > 0)))
        }
        "RTTIME" => {
            let span = timespan::parse_with_unit(text, 1)?.finite()?;
            u64::try_from(span.as_micros()).ok().map(Some)
        }
        "NICE" if text.starts_with(['+', '-']) => {
            let nice: i64 = text.parse().ok()?;
            (-20..=19).contains(&nice).then(|| u64::try_from(20 - nice).ok())
        }
        "NICE" => text.parse::<u64>().ok().filter(|limit| (1..=40).contains(limit)).map(Some),
        "NOFILE" | "NPROC" | "LOCKS" | "SIGPENDING" | "RTPRIO" => {
            number::unsigned(text).map(|limit| Some(u64::from(limit)))
        }
        _ => number::size(text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let limit = |soft, hard| Some(Limit { soft, hard });
        assert_eq!(parse("NOFILE", "4K:1M"), None);
        assert_eq!(parse("NOFILE", "1024:524288"), limit(Some(1024), Some(524_288)));
        assert_eq!(parse("MEMLOCK", "1M:infinity"), limit(Some(1 << 20), None));
        assert_eq!(parse("CPU", "1500ms"), limit(Some(2), Some(2)));
        assert_eq!(parse("RTTIME", "500"), limit(Some(500), Some(500)));
        assert_eq!(parse("NICE", "+5"), limit(Some(15), Some(15)));
        assert_eq!(parse("AS", "infinity"), limit(None, None));
        assert_eq!(parse("NOFILE", "2:1"), None);
    }
}
