//! When a calendar event comes next.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Calendar, Component, Item, MICROS};

/// systemd looks no further either.
const LAST_YEAR: i16 = 2199;
/// Steps of a search; each skips at least one day, month, year or gap of the clock.
const MAX_STEPS: u32 = 100_000;

impl Calendar {
    /// The first time after `after`, in the event's time zone or the system's. `None` when it never comes again.
    pub fn next_after(&self, after: SystemTime) -> Option<SystemTime> {
        let zone = self.time_zone();
        let micros = i64::try_from(after.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()?;
        let next = self.next_micros(micros, &zone)?;
        Some(UNIX_EPOCH + Duration::from_micros(u64::try_from(next).ok()?))
    }

    fn time_zone(&self) -> TimeZone {
        match &self.zone {
            _ if self.utc => TimeZone::UTC,
            Some(name) => TimeZone::get(name).unwrap_or(TimeZone::UTC),
            None => TimeZone::system(),
        }
    }

    fn next_micros(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let start = jiff::Timestamp::from_microsecond(after.checked_add(1)?).ok()?;
        let mut civil = zone.to_datetime(start);
        for _ in 0..MAX_STEPS {
            civil = self.next_civil(civil)?;
            let time = zone.to_zoned(civil).ok()?;
            let found = time.timestamp().as_microsecond();
            // In the hour that a clock skips the time does not exist; the search goes on after it.
            if time.datetime() != civil {
                civil = time.datetime();
            } else if found > after {
                return Some(found);
            } else {
                civil = add_micros(civil, 1)?;
            }
        }
        None
    }

    /// The first date and time, not before `from`, that fits.
    fn next_civil(&self, from: DateTime) -> Option<DateTime> {
        let mut date = from.date();
        let mut time = micros_of_day(from);
        for _ in 0..MAX_STEPS {
            if date.year() > LAST_YEAR {
                return None;
            }
            match self.fit_date(date)? {
                fitting if fitting != date => {
                    date = fitting;
                    time = 0;
                }
                _ => match self.fit_time(time) {
                    Some(found) => return combine(date, found),
                    None => {
                        date = date.tomorrow().ok()?;
                        time = 0;
                    }
                },
            }
        }
        None
    }

    /// The same date if it fits, else the first day of the next candidate.
    fn fit_date(&self, date: Date) -> Option<Date> {
        let year = next_value(&self.year, i64::from(date.year()))?;
        if year != i64::from(date.year()) {
            return Date::new(i16::try_from(year).ok()?, 1, 1).ok();
        }
        let month = match next_value(&self.month, i64::from(date.month())) {
            Some(month) if month <= 12 => month,
            _ => return Date::new(date.year().checked_add(1)?, 1, 1).ok(),
        };
        if month != i64::from(date.month()) {
            return Date::new(date.year(), i8::try_from(month).ok()?, 1).ok();
        }
        let length = i64::from(date.days_in_month());
        let days = if self.from_month_end { from_end(&self.day, length) } else { self.day.clone() };
        let fits = |day: i64| next_value(&days, day) == Some(day);
        match (i64::from(date.day())..=length).find(|day| fits(*day)) {
            Some(day) if day == i64::from(date.day()) => {
                let weekday = date.weekday().to_monday_zero_offset();
                if self.any_weekday() || self.weekdays & (1 << weekday) != 0 {
                    Some(date)
                } else {
                    date.tomorrow().ok()
                }
            }
            Some(day) => Date::new(date.year(), date.month(), i8::try_from(day).ok()?).ok(),
            None => date.last_of_month().tomorrow().ok(),
        }
    }

    /// The first time of the day, not before `from`, in microseconds.
    fn fit_time(&self, from: i64) -> Option<i64> {
        let (mut hour, mut minute, mut second) =
            (from / (3600 * MICROS), from / (60 * MICROS) % 60, from % (60 * MICROS));
        loop {
            let next = next_value(&self.hour, hour).filter(|hour| *hour < 24)?;
            if next != hour {
                (hour, minute, second) = (next, 0, 0);
            }
            match next_value(&self.minute, minute).filter(|minute| *minute < 60) {
                None => {
                    (hour, minute, second) = (hour + 1, 0, 0);
                    continue;
                }
                Some(next) if next != minute => (minute, second) = (next, 0),
                Some(_) => {}
            }
            match next_value(&self.second, second).filter(|second| *second < 60 * MICROS) {
                Some(second) => return Some((hour * 60 + minute) * 60 * MICROS + second),
                None => (minute, second) = (minute + 1, 0),
            }
        }
    }
}

fn micros_of_day(time: DateTime) -> i64 {
    let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    // Rounded up: what lies between two microseconds is past the first.
    seconds * MICROS + (i64::from(time.subsec_nanosecond()) + 999) / 1000
}

fn combine(date: Date, micros: i64) -> Option<DateTime> {
    add_micros(date.at(0, 0, 0, 0), micros)
}

fn add_micros(time: DateTime, micros: i64) -> Option<DateTime> {
    time.checked_add(jiff::SignedDuration::from_micros(micros)).ok()
}

/// Days that count from the end of a month as days that count from its beginning. A repetition goes on towards the end.
fn from_end(days: &Component, length: i64) -> Component {
    let turn = |day: i64| length - day + 1;
    let turned = |item: &Item| match item.stop {
        Some(stop) => Item { start: turn(stop), stop: Some(turn(item.start)), repeat: item.repeat },
        None => Item { start: turn(item.start), ..*item },
    };
    days.as_ref().map(|items| items.iter().map(turned).collect())
}

/// The smallest value of a component that is not below `from`.
fn next_value(component: &Component, from: i64) -> Option<i64> {
    let Some(items) = component else { return Some(from) };
    let next = |item: &Item| {
        if from <= item.start {
            return Some(item.start);
        }
        if item.repeat == 0 {
            return None;
        }
        let steps = (from - item.start + item.repeat - 1) / item.repeat;
        let value = item.start.checked_add(steps.checked_mul(item.repeat)?)?;
        item.stop.is_none_or(|stop| value <= stop).then_some(value)
    };
    items.iter().filter_map(next).min()
}
