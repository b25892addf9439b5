//! `[Timer]` (systemd.timer(5)).

use super::{Applied, Fault, Line};
use crate::unit::name::UnitName;
use crate::unit::spec::{CalendarExpression, TimerBase, TimerSettings, TimerTrigger};

/// Applies a directive; `None` when there is none of that name.
pub fn apply(timer: &mut TimerSettings, owner: &UnitName, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "OnCalendar" => calendar(timer, line),
        "OnActiveSec" => monotonic(timer, TimerBase::Active, line),
        "OnBootSec" => monotonic(timer, TimerBase::Boot, line),
        "OnStartupSec" => monotonic(timer, TimerBase::Startup, line),
        "OnUnitActiveSec" => monotonic(timer, TimerBase::UnitActive, line),
        "OnUnitInactiveSec" => monotonic(timer, TimerBase::UnitInactive, line),
        "OnClockChange" => line.boolean().map(|on| timer.on_clock_change = on),
        "OnTimezoneChange" => line.boolean().map(|on| timer.on_timezone_change = on),
        "Persistent" => line.boolean().map(|on| timer.persistent = on),
        "WakeSystem" => line.boolean().map(|on| timer.wake_system = on),
        "RemainAfterElapse" => line.boolean().map(|on| timer.remain_after_elapse = on),
        "FixedRandomDelay" => line.boolean().map(|on| timer.fixed_random_delay = on),
        "DeferReactivation" => line.boolean().map(|on| timer.defer_reactivation = on),
        "AccuracySec" => line.finite_span().map(|span| timer.accuracy = span),
        "RandomizedDelaySec" => line.finite_span().map(|span| timer.randomized_delay = span),
        "RandomizedOffsetSec" => line.finite_span().map(|span| timer.randomized_offset = span),
        "Unit" => trigger_unit(&mut timer.unit, owner, line),
        _ => return None,
    })
}

/// An empty value of any of them forgets all.
fn calendar(timer: &mut TimerSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        timer.triggers.clear();
        return Ok(());
    }
    let text = line.expanded()?;
    match text.parse::<CalendarExpression>() {
        Ok(expression) => timer.triggers.push(TimerTrigger::Calendar(expression)),
        Err(error) => {
            return Err(Fault::Ignored(format!("OnCalendar={}: {error}, the line is ignored", line.value)));
        }
    }
    Ok(())
}

fn monotonic(timer: &mut TimerSettings, base: TimerBase, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        timer.triggers.clear();
        return Ok(());
    }
    let text = line.expanded()?;
    let Some(span) = crate::unit::value::timespan::parse(&text).and_then(|span| span.finite()) else {
        return line.invalid("a time span");
    };
    timer.triggers.push(TimerTrigger::Monotonic(base, span));
    Ok(())
}

/// `Unit=` of a timer or path: only one.
pub fn trigger_unit(unit: &mut Option<UnitName>, owner: &UnitName, line: &Line<'_>) -> Applied {
    if unit.is_some() {
        return Err(Fault::Ignored(format!(
            "Unit={}: there is one already, the line is ignored",
            line.value
        )));
    }
    *unit = Some(line.unit(owner, line.value)?);
    Ok(())
}
