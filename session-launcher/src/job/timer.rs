//! Timers (systemd.timer(5)).

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Host, Moment};
use super::kind::JobKind;
use super::relation::Relation;
use super::runtime::Runtime;
use super::start::Refusal;
use super::state::{TimerState, UnitResult};
use super::units::UnitId;
use crate::unit::spec::{Settings, TimerBase, TimerSettings, TimerTrigger};

/// A timer at run time.
#[derive(Debug)]
pub(super) struct TimerRuntime {
    pub state: TimerState,
    pub result: UnitResult,
    pub last_trigger: Option<Moment>,
    /// The `On...Sec=` lines that have had their one time, by place.
    spent: Vec<usize>,
}

impl Default for TimerRuntime {
    fn default() -> Self {
        Self { state: TimerState::Dead, result: UnitResult::Success, last_trigger: None, spent: Vec::new() }
    }
}

impl<H: Host> Engine<H> {
    fn timer(&mut self, id: UnitId) -> &mut TimerRuntime {
        match &mut self.units[id].runtime {
            Runtime::Timer(timer) => timer,
            _ => unreachable!("not a timer"),
        }
    }

    fn timer_settings(&self, id: UnitId) -> &TimerSettings {
        match &self.units[id].spec.settings {
            Settings::Timer(settings) => settings,
            _ => unreachable!("not a timer"),
        }
    }

    fn set_timer_state(&mut self, id: UnitId, state: TimerState) {
        let old = std::mem::replace(&mut self.timer(id).state, state);
        if state != TimerState::Waiting {
            self.deadlines.set(Owner::Unit(id), None);
        }
        self.state_changed(id, (old.as_str(), old.active()), (state.as_str(), state.active()), true);
    }

    pub(super) fn timer_start(&mut self, id: UnitId) -> Result<(), Refusal> {
        if !self.start_limit_allows(id) {
            self.timer_enter_dead(id, UnitResult::StartLimitHit);
            return Err(Refusal::Failed);
        }
        if !self.has_loaded_trigger(id) {
            return Err(Refusal::Failed);
        }
        self.timer(id).result = UnitResult::Success;
        self.revive(id, &[TimerBase::Active]);
        self.timer_enter_waiting(id);
        Ok(())
    }

    /// Lets lines of these bases elapse again.
    fn revive(&mut self, id: UnitId, bases: &[TimerBase]) {
        let places: Vec<_> = self
            .timer_settings(id)
            .triggers
            .iter()
            .enumerate()
            .filter(
                |(_, trigger)| matches!(trigger, TimerTrigger::Monotonic(base, _) if bases.contains(base)),
            )
            .map(|(place, _)| place)
            .collect();
        self.timer(id).spent.retain(|place| !places.contains(place));
    }

    pub(super) fn timer_stop(&mut self, id: UnitId) {
        self.timer_enter_dead(id, UnitResult::Success);
    }

    fn timer_enter_dead(&mut self, id: UnitId, result: UnitResult) {
        let timer = self.timer(id);
        if timer.result == UnitResult::Success {
            timer.result = result;
        }
        let end = if timer.result == UnitResult::Success { TimerState::Dead } else { TimerState::Failed };
        self.set_timer_state(id, end);
    }

    fn timer_enter_waiting(&mut self, id: UnitId) {
        let Some(target) = self.units.related(id, &[Relation::Triggers]).first().copied() else {
            self.timer_enter_dead(id, UnitResult::Resources);
            return;
        };
        let triggers = self.timer_settings(id).triggers.clone();
        let mut soonest: Option<Moment> = None;
        let mut recurring = false;
        for (place, trigger) in triggers.iter().enumerate() {
            if self.timer(id).spent.contains(&place) {
                continue;
            }
            let at = match trigger {
                TimerTrigger::Calendar(expression) => self.host.calendar_next(expression),
                TimerTrigger::Monotonic(base, span) => {
                    recurring |= matches!(base, TimerBase::UnitActive | TimerBase::UnitInactive);
                    let Some(since) = self.timer_base(id, target, *base) else { continue };
                    let at = since + *span;
                    let once = matches!(base, TimerBase::Active | TimerBase::Boot | TimerBase::Startup);
                    if once && at < self.now && self.timer(id).last_trigger.is_some() {
                        self.timer(id).spent.push(place);
                        continue;
                    }
                    Some(at)
                }
            };
            soonest = match (soonest, at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        let Some(at) = soonest else {
            if recurring || self.timer_settings(id).remain_after_elapse {
                self.set_timer_state(id, TimerState::Elapsed);
            } else {
                self.timer_enter_dead(id, UnitResult::Success);
            }
            return;
        };
        self.deadlines.set(Owner::Unit(id), Some(at));
        self.set_timer_state(id, TimerState::Waiting);
    }

    fn timer_base(&mut self, id: UnitId, target: UnitId, base: TimerBase) -> Option<Moment> {
        let own = self.units[id].times;
        let other = self.units[target].times;
        let is_up = self.units[id].active_state().is_active_or_reloading();
        let last = self.timer(id).last_trigger;
        match base {
            TimerBase::Active if is_up => own.inactive_exit.or(Some(self.now)),
            TimerBase::Active => Some(self.now),
            TimerBase::Boot => Some(Moment::ZERO),
            TimerBase::Startup => Some(self.startup),
            TimerBase::UnitActive => other.inactive_exit.max(last),
            TimerBase::UnitInactive => other.inactive_enter.max(last),
        }
    }

    pub(super) fn timer_deadline(&mut self, id: UnitId) {
        if self.timer(id).state != TimerState::Waiting || self.has_job(id, JobKind::Stop) {
            return;
        }
        if !self.start_triggered(id) {
            self.timer_enter_dead(id, UnitResult::Resources);
            return;
        }
        let now = self.now;
        self.timer(id).last_trigger = Some(now);
        self.set_timer_state(id, TimerState::Running);
    }

    pub(super) fn timer_trigger_changed(&mut self, id: UnitId, other: UnitId) {
        if !self.units[other].is_loaded() {
            return;
        }
        self.revive(id, &[TimerBase::UnitActive, TimerBase::UnitInactive]);
        let down = self.units[other].active_state().is_inactive_or_failed();
        match self.timer(id).state {
            TimerState::Waiting | TimerState::Elapsed => self.timer_enter_waiting(id),
            TimerState::Running if down => {
                self.timer_enter_waiting(id);
            }
            _ => {}
        }
    }

    pub(super) fn timer_reload(&mut self, id: UnitId) {
        if self.timer(id).state == TimerState::Waiting {
            self.timer_enter_waiting(id);
        }
    }

    pub(super) fn timer_reset_failed(&mut self, id: UnitId) {
        if self.timer(id).state == TimerState::Failed {
            self.set_timer_state(id, TimerState::Dead);
        }
        self.timer(id).result = UnitResult::Success;
    }
}
