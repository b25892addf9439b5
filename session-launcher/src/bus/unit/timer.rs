//! `org.freedesktop.systemd1.Timer`.

use std::time::SystemTime;

use super::general::{constant, invalidated, told};
use super::value::{NEVER, monotonic, optional, realtime, span};
use super::{Get, Subject};
use crate::bus::table::{Interface, Property, Value};
use crate::daemon::clock;
use crate::unit::spec::{Settings, TimerBase, TimerSettings, TimerTrigger};

/// The interface.
pub static TIMER: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Timer",
    properties: &[PROPERTIES],
    methods: &[],
    signals: &[],
};

const PROPERTIES: &[Property<Get>] = &[
    constant("Unit", "s", |unit| of(unit, |timer| optional(timer.unit.as_ref()))),
    invalidated("TimersMonotonic", "a(stt)", monotonic_timers),
    invalidated("TimersCalendar", "a(sst)", calendar_timers),
    constant("OnClockChange", "b", |unit| of(unit, |timer| timer.on_clock_change.into())),
    constant("OnTimezoneChange", "b", |unit| of(unit, |timer| timer.on_timezone_change.into())),
    told("NextElapseUSecRealtime", "t", |unit| {
        match unit.status.next_elapse.filter(|_| has_calendar(unit)) {
            Some(at) => realtime(Some(at)),
            None => NEVER.into(),
        }
    }),
    told("NextElapseUSecMonotonic", "t", |unit| {
        match unit.status.next_elapse.filter(|_| !has_calendar(unit)) {
            Some(at) => monotonic(Some(at)),
            None => NEVER.into(),
        }
    }),
    told("LastTriggerUSec", "t", |unit| realtime(unit.status.last_trigger)),
    told("LastTriggerUSecMonotonic", "t", |unit| monotonic(unit.status.last_trigger)),
    told("Result", "s", |unit| unit.status.result.as_str().into()),
    constant("AccuracyUSec", "t", |unit| of(unit, |timer| span(Some(timer.accuracy)))),
    constant("RandomizedDelayUSec", "t", |unit| of(unit, |timer| span(Some(timer.randomized_delay)))),
    constant("RandomizedOffsetUSec", "t", |unit| of(unit, |timer| span(Some(timer.randomized_offset)))),
    constant("FixedRandomDelay", "b", |unit| of(unit, |timer| timer.fixed_random_delay.into())),
    constant("Persistent", "b", |unit| of(unit, |timer| timer.persistent.into())),
    constant("WakeSystem", "b", |unit| of(unit, |timer| timer.wake_system.into())),
    constant("RemainAfterElapse", "b", |unit| of(unit, |timer| timer.remain_after_elapse.into())),
    constant("DeferReactivation", "b", |unit| of(unit, |timer| timer.defer_reactivation.into())),
];

fn of(unit: &Subject<'_>, get: impl Fn(&TimerSettings) -> Value) -> Value {
    match &unit.unit.settings {
        Settings::Timer(timer) => get(timer),
        _ => get(&TimerSettings::default()),
    }
}

fn triggers<'a>(unit: &'a Subject<'_>) -> &'a [TimerTrigger] {
    match &unit.unit.settings {
        Settings::Timer(timer) => &timer.triggers,
        _ => &[],
    }
}

fn has_calendar(unit: &Subject<'_>) -> bool {
    triggers(unit).iter().any(|trigger| matches!(trigger, TimerTrigger::Calendar(_)))
}

/// Name, span, and when it elapses next; the last line first, as systemd has them.
fn monotonic_timers(unit: &Subject<'_>) -> Value {
    let next = unit.status.next_elapse.filter(|_| !has_calendar(unit)).map_or(0, clock::microseconds);
    let rows: Vec<(String, u64, u64)> = triggers(unit)
        .iter()
        .rev()
        .filter_map(|trigger| match trigger {
            TimerTrigger::Monotonic(base, after) => {
                Some((format!("{}USec", base_name(*base)), clock::microseconds(*after), next))
            }
            TimerTrigger::Calendar(_) => None,
        })
        .collect();
    rows.into()
}

fn base_name(base: TimerBase) -> &'static str {
    match base {
        TimerBase::Active => "OnActive",
        TimerBase::Boot => "OnBoot",
        TimerBase::Startup => "OnStartup",
        TimerBase::UnitActive => "OnUnitActive",
        TimerBase::UnitInactive => "OnUnitInactive",
    }
}

/// Name, expression, and when it elapses next on the wall clock.
fn calendar_timers(unit: &Subject<'_>) -> Value {
    let waits = unit.status.next_elapse.is_some();
    let rows: Vec<(String, String, u64)> = triggers(unit)
        .iter()
        .rev()
        .filter_map(|trigger| match trigger {
            TimerTrigger::Calendar(expression) => {
                let next = expression
                    .next_after(SystemTime::now())
                    .filter(|_| waits)
                    .and_then(|next| next.duration_since(SystemTime::UNIX_EPOCH).ok());
                Some(("OnCalendar".to_owned(), expression.to_string(), next.map_or(0, clock::microseconds)))
            }
            TimerTrigger::Monotonic(..) => None,
        })
        .collect();
    rows.into()
}
