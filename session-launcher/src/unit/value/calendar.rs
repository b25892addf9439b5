//! Calendar events (systemd.time(7), "Calendar Events").

mod next;
mod parse;

use std::fmt;

/// Why a text is no calendar event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It does not have the form `weekdays date time zone`.
    #[error("not a calendar event such as Mon *-*-* 12:00:00")]
    Syntax,
    /// A number is outside of what its place allows.
    #[error("a number of the calendar event is out of range")]
    Range,
    /// The time zone is not known.
    #[error("the calendar event's time zone is not known")]
    TimeZone,
}

/// One item of a list: a value, a range, or a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    start: i64,
    stop: Option<i64>,
    repeat: i64,
}

/// `None` is `*`.
type Component = Option<Vec<Item>>;

/// A parsed calendar event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Bit 0 is Monday; all seven or none set means any day.
    weekdays: u8,
    year: Component,
    month: Component,
    day: Component,
    /// `~`: the day counts from the end of the month, 1 is the last.
    from_month_end: bool,
    hour: Component,
    minute: Component,
    /// In microseconds.
    second: Component,
    utc: bool,
    zone: Option<String>,
}

const MICROS: i64 = 1_000_000;
/// What `*` means for seconds.
const EVERY_SECOND: Item = Item { start: 0, stop: None, repeat: MICROS };
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Calendar {
    fn any_weekday(&self) -> bool {
        self.weekdays == 0 || self.weekdays == 0x7f
    }
}

/// The normalized form, as `systemd-analyze calendar` writes it.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.any_weekday() {
            write!(f, "{} ", weekdays(self.weekdays))?;
        }
        component(f, &self.year, 4, 1)?;
        f.write_str("-")?;
        component(f, &self.month, 2, 1)?;
        f.write_str(if self.from_month_end { "~" } else { "-" })?;
        component(f, &self.day, 2, 1)?;
        f.write_str(" ")?;
        component(f, &self.hour, 2, 1)?;
        f.write_str(":")?;
        component(f, &self.minute, 2, 1)?;
        f.write_str(":")?;
        component(f, &self.second, 2, MICROS)?;
        if self.utc {
            f.write_str(" UTC")?;
        } else if let Some(zone) = &self.zone {
            write!(f, " {zone}")?;
        }
        Ok(())
    }
}

/// Three or more in a row are a range; two are a list.
fn weekdays(set: u8) -> String {
    let mut parts = Vec::new();
    let mut day = 0;
    while day < 7 {
        if set & (1 << day) == 0 {
            day += 1;
            continue;
        }
        let first = day;
        while day < 7 && set & (1 << day) != 0 {
            day += 1;
        }
        let name = |day: usize| DAYS.get(day).copied().unwrap_or_default();
        match day - first {
            1 => parts.push(name(first).to_owned()),
            2 => parts.extend([name(first).to_owned(), name(day - 1).to_owned()]),
            _ => parts.push(format!("{}..{}", name(first), name(day - 1))),
        }
    }
    parts.join(",")
}

fn component(f: &mut fmt::Formatter<'_>, items: &Component, width: usize, scale: i64) -> fmt::Result {
    let Some(items) = items else { return f.write_str("*") };
    if scale == MICROS && items.as_slice() == [EVERY_SECOND] {
        return f.write_str("*");
    }
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            f.write_str(",")?;
        }
        number(f, item.start, width, scale)?;
        if let Some(stop) = item.stop {
            f.write_str("..")?;
            number(f, stop, width, scale)?;
        }
        if item.repeat > 0 && !(item.stop.is_some() && item.repeat == scale) {
            f.write_str("/")?;
            number(f, item.repeat, 1, scale)?;
        }
    }
    Ok(())
}

fn number(f: &mut fmt::Formatter<'_>, value: i64, width: usize, scale: i64) -> fmt::Result {
    write!(f, "{:0width$}", value / scale)?;
    let fraction = value % scale;
    if fraction > 0 { write!(f, ".{fraction:06}") } else { Ok(()) }
}

#[cfg(test)]
mod tests;
