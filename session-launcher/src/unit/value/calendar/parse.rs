//! Reads calendar events.

use std::str::FromStr;

use super::{Calendar, CalendarError, Component, DAYS, EVERY_SECOND, Item, MICROS};

/// A component may list that many items.
const MAX_ITEMS: usize = 240;

const SHORTHANDS: [(&str, &str); 12] = [
    ("minutely", "*-*-* *:*:00"),
    ("hourly", "*-*-* *:00:00"),
    ("daily", "*-*-* 00:00:00"),
    ("monthly", "*-*-01 00:00:00"),
    ("weekly", "Mon *-*-* 00:00:00"),
    ("yearly", "*-01-01 00:00:00"),
    ("annually", "*-01-01 00:00:00"),
    ("anually", "*-01-01 00:00:00"),
    ("quarterly", "*-01,04,07,10-01 00:00:00"),
    ("semiannually", "*-01,07-01 00:00:00"),
    ("semi-annually", "*-01,07-01 00:00:00"),
    ("biannually", "*-01,07-01 00:00:00"),
];

impl FromStr for Calendar {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let text = text.trim();
        let (text, utc, zone) = split_zone(text)?;
        let lower = text.to_ascii_lowercase();
        let lower = if lower == "bi-annually" { "biannually" } else { &lower };
        let full = SHORTHANDS.iter().find(|(name, _)| *name == lower).map_or(text, |(_, full)| *full);
        let mut calendar = parse_parts(full)?;
        calendar.utc |= utc;
        calendar.zone = zone;
        calendar.check()?;
        Ok(calendar)
    }
}

fn split_zone(text: &str) -> Result<(&str, bool, Option<String>), CalendarError> {
    if let Some(rest) = strip_word(text, "UTC") {
        return Ok((rest, true, None));
    }
    let Some((rest, last)) = text.rsplit_once(' ') else { return Ok((text, false, None)) };
    // A time zone has letters and is no weekday.
    let is_zone = last.contains(|c: char| c.is_ascii_alphabetic()) && parse_weekdays(last).is_none();
    if !is_zone {
        return Ok((text, false, None));
    }
    if jiff::tz::TimeZone::get(last).is_err() {
        return Err(CalendarError::TimeZone);
    }
    Ok((rest.trim_end(), false, Some(last.to_owned())))
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(word.len())?;
    let (rest, last) = text.split_at_checked(at)?;
    (last.eq_ignore_ascii_case(word) && rest.ends_with(' ')).then(|| rest.trim_end())
}

fn parse_parts(text: &str) -> Result<Calendar, CalendarError> {
    let mut calendar = Calendar {
        weekdays: 0,
        year: None,
        month: None,
        day: None,
        from_month_end: false,
        hour: single(0),
        minute: single(0),
        second: single(0),
        utc: false,
        zone: None,
    };
    let mut words = text.split_whitespace().peekable();
    if words.peek().is_none() {
        return Err(CalendarError::Syntax);
    }
    if let Some(first) = words.peek()
        && first.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        calendar.weekdays = parse_weekdays(first).ok_or(CalendarError::Syntax)?;
        words.next();
    }
    if let Some(word) = words.peek()
        && !word.contains(':')
    {
        parse_date(word, &mut calendar)?;
        words.next();
    }
    if let Some(word) = words.next() {
        parse_time(word, &mut calendar)?;
    }
    if words.next().is_some() { Err(CalendarError::Syntax) } else { Ok(calendar) }
}

fn single(value: i64) -> Component {
    Some(vec![Item { start: value, stop: None, repeat: 0 }])
}

/// `Mon,Wed..Fri`; a comma may follow.
fn parse_weekdays(text: &str) -> Option<u8> {
    let mut set = 0u8;
    for part in text.strip_suffix(',').unwrap_or(text).split(',') {
        let range = part.split_once("..").or_else(|| part.split_once('-'));
        match range {
            Some((first, last)) => {
                let (first, last) = (weekday(first)?, weekday(last)?);
                let mut day = first;
                loop {
                    set |= 1 << day;
                    if day == last {
                        break;
                    }
                    day = (day + 1) % 7;
                    // A range that runs over Sunday is refused by systemd.
                    if day == 0 {
                        return None;
                    }
                }
            }
            None => set |= 1 << weekday(part)?,
        }
    }
    Some(set)
}

fn weekday(text: &str) -> Option<u8> {
    const FULL: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let found = (0..7u8)
        .zip(DAYS.iter().zip(FULL))
        .find(|(_, (short, full))| short.eq_ignore_ascii_case(text) || full.eq_ignore_ascii_case(text));
    found.map(|(day, _)| day)
}

fn parse_date(word: &str, calendar: &mut Calendar) -> Result<(), CalendarError> {
    if let Some(seconds) = word.strip_prefix('@') {
        return parse_epoch(seconds, calendar);
    }
    let (rest, day) = match word.rsplit_once('~') {
        Some((rest, day)) => {
            calendar.from_month_end = true;
            (rest, day)
        }
        None => word.rsplit_once('-').ok_or(CalendarError::Syntax)?,
    };
    calendar.day = parse_component(day, 1)?;
    match rest.rsplit_once('-') {
        Some((year, month)) => {
            calendar.year = parse_component(year, 1)?.map(|items| items.into_iter().map(century).collect());
            calendar.month = parse_component(month, 1)?;
        }
        None => calendar.month = parse_component(rest, 1)?,
    }
    Ok(())
}

/// Two-digit years mean 1970 to 2069.
fn century(item: Item) -> Item {
    let full = |year: i64| match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    };
    Item { start: full(item.start), stop: item.stop.map(full), ..item }
}

fn parse_epoch(seconds: &str, calendar: &mut Calendar) -> Result<(), CalendarError> {
    let seconds: i64 = seconds.parse().map_err(|_| CalendarError::Syntax)?;
    let time = jiff::Timestamp::from_second(seconds).map_err(|_| CalendarError::Range)?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    calendar.utc = true;
    calendar.year = single(i64::from(time.year()));
    calendar.month = single(i64::from(time.month()));
    calendar.day = single(i64::from(time.day()));
    calendar.hour = single(i64::from(time.hour()));
    calendar.minute = single(i64::from(time.minute()));
    calendar.second = single(i64::from(time.second()) * MICROS);
    Ok(())
}

fn parse_time(word: &str, calendar: &mut Calendar) -> Result<(), CalendarError> {
    let parts: Vec<&str> = word.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, *second),
        _ => return Err(CalendarError::Syntax),
    };
    calendar.hour = parse_component(hour, 1)?;
    calendar.minute = parse_component(minute, 1)?;
    calendar.second = match second {
        // Every second is a repetition from zero.
        "*" => Some(vec![EVERY_SECOND]),
        _ => parse_component(second, MICROS)?,
    };
    Ok(())
}

fn parse_component(text: &str, scale: i64) -> Result<Component, CalendarError> {
    if text == "*" {
        return Ok(None);
    }
    let mut items = Vec::new();
    for part in text.split(',') {
        let (range, repeat) = match part.split_once('/') {
            Some((range, repeat)) => (range, parse_number(repeat, scale)?),
            None => (part, 0),
        };
        let repeated = part.contains('/');
        if repeated && repeat == 0 {
            return Err(CalendarError::Range);
        }
        let item = match range.split_once("..") {
            Some((start, stop)) => {
                let (start, stop) = (parse_number(start, scale)?, parse_number(stop, scale)?);
                if start > stop {
                    return Err(CalendarError::Range);
                }
                ranged(start, stop, if repeated { repeat } else { scale })
            }

            None => Item { start: parse_number(range, scale)?, stop: None, repeat },
        };
        items.push(item);
        if items.len() > MAX_ITEMS {
            return Err(CalendarError::Range);
        }
    }
    items.sort_unstable();
    items.dedup();
    Ok(Some(items))
}

/// The end of a range is the last value that its steps reach.
fn ranged(start: i64, stop: i64, repeat: i64) -> Item {
    if repeat > stop - start {
        return Item { start, stop: None, repeat: 0 };
    }
    let stop = stop - (stop - start) % repeat;
    Item { start, stop: Some(stop), repeat }
}

fn parse_number(text: &str, scale: i64) -> Result<i64, CalendarError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if scale > 1 => (whole, fraction),
        Some(_) => return Err(CalendarError::Syntax),
        None => (text, ""),
    };
    let digits =
        |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !(fraction.is_empty() || digits(fraction)) {
        return Err(CalendarError::Syntax);
    }
    let mut value = whole.parse::<i64>().map_err(|_| CalendarError::Range)? * scale;
    let mut place = scale / 10;
    for digit in fraction.chars().filter_map(|c| c.to_digit(10)) {
        value += i64::from(digit) * place;
        place /= 10;
    }
    Ok(value)
}

impl Calendar {
    fn check(&self) -> Result<(), CalendarError> {
        let in_range = |component: &Component, least: i64, most: i64| {
            component
                .iter()
                .flatten()
                .all(|item| item.start >= least && item.stop.unwrap_or(item.start) <= most)
        };
        let fine = in_range(&self.year, 1970, 2199)
            && in_range(&self.month, 1, 12)
            && in_range(&self.day, 1, if self.from_month_end { 28 } else { 31 })
            && in_range(&self.hour, 0, 23)
            && in_range(&self.minute, 0, 59)
            && in_range(&self.second, 0, 60 * MICROS - 1);
        if fine { Ok(()) } else { Err(CalendarError::Range) }
    }
}
