//! Starting, stopping and reloading a unit of any type.

use super::engine::Engine;
use super::event::Host;
use super::relation::{self, Relation};
use super::runtime::Runtime;
use super::state::{ActiveState, PlainState};
use super::units::UnitId;
use crate::unit::spec::ConditionSet;

/// Why a job did nothing to its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is there already.
    Already,
    /// Not yet; the unit's next change of state tries again.
    Later,
    /// A condition does not hold.
    Condition,
    /// An assert does not hold.
    Assert,
    /// The unit's type cannot do that.
    Skipped,
    /// Only an active unit can be reloaded.
    NotActive,
    /// The system manager alone has such units.
    Unsupported,
    /// A unit that it is bound to is down.
    Dependency,
    /// A scope starts once.
    Once,
    /// It did not work.
    Failed,
}

impl<H: Host> Engine<H> {
    pub(super) fn start_unit(&mut self, id: UnitId) -> Result<(), Refusal> {
        let state = self.units[id].active_state();
        if state.is_active_or_reloading() {
            return Err(Refusal::Already);
        }
        if state == ActiveState::Maintenance {
            return Err(Refusal::Later);
        }
        if !self.units[id].is_loaded() {
            return Err(Refusal::Failed);
        }
        if matches!(self.units[id].runtime, Runtime::Scope(_))
            && self.units[id].times.inactive_enter.is_some()
        {
            return Err(Refusal::Once);
        }
        // A unit that waits for its restart has passed them.
        if state != ActiveState::Activating {
            if !self.test_conditions(id) {
                return Err(Refusal::Condition);
            }
            if !self.test_asserts(id) {
                return Err(Refusal::Assert);
            }
        }
        if !self.bindings_hold(id) {
            return Err(Refusal::Dependency);
        }
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_start(id),
            Runtime::Socket(_) => self.socket_start(id),
            Runtime::Timer(_) => self.timer_start(id),
            Runtime::Path(_) => self.path_start(id),
            Runtime::Scope(_) => self.scope_start(id),
            Runtime::Plain(_) if self.is_foreign(id) => Err(Refusal::Unsupported),
            Runtime::Plain(_) => {
                self.set_plain(id, PlainState::Active);
                Ok(())
            }
        }
    }

    pub(super) fn stop_unit(&mut self, id: UnitId) -> Result<(), Refusal> {
        if self.units[id].active_state().is_inactive_or_failed() {
            return Err(Refusal::Already);
        }
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_stop(id),
            Runtime::Socket(_) => self.socket_stop(id),
            Runtime::Timer(_) => self.timer_stop(id),
            Runtime::Path(_) => self.path_stop(id),
            Runtime::Scope(_) => self.scope_stop(id),
            Runtime::Plain(_) => self.set_plain(id, PlainState::Dead),
        }
        Ok(())
    }

    pub(super) fn reload_unit(&mut self, id: UnitId) -> Result<(), Refusal> {
        if !self.can_reload(id) {
            return Err(Refusal::Skipped);
        }
        match self.units[id].active_state() {
            ActiveState::Reloading => Err(Refusal::Later),
            ActiveState::Active => {
                if matches!(self.units[id].runtime, Runtime::Service(_)) {
                    self.service_reload(id);
                } else {
                    // Only the propagation was asked for, and the transaction has that.
                    let state = (self.units[id].runtime.sub_state(), ActiveState::Active);
                    self.state_changed(id, state, state, true);
                }
                Ok(())
            }
            _ => Err(Refusal::NotActive),
        }
    }

    fn is_foreign(&self, id: UnitId) -> bool {
        matches!(self.units[id].spec.settings, crate::unit::spec::Settings::Foreign)
    }

    fn set_plain(&mut self, id: UnitId, state: PlainState) {
        let Runtime::Plain(old) = self.units[id].runtime else { return };
        self.units[id].runtime = Runtime::Plain(state);
        let coarse = |state| match state {
            PlainState::Active => ActiveState::Active,
            PlainState::Dead => ActiveState::Inactive,
        };
        self.state_changed(id, (old.as_str(), coarse(old)), (state.as_str(), coarse(state)), true);
    }

    fn test_conditions(&mut self, id: UnitId) -> bool {
        let conditions = self.units[id].spec.conditions.clone();
        let (result, each) = self.test(id, &conditions);
        let unit = &mut self.units[id];
        unit.condition_result = result;
        unit.condition_results = each;
        unit.times.condition = Some(self.now);
        result
    }

    fn test_asserts(&mut self, id: UnitId) -> bool {
        let asserts = self.units[id].spec.asserts.clone();
        let (result, each) = self.test(id, &asserts);
        let unit = &mut self.units[id];
        unit.assert_result = result;
        unit.assert_results = each;
        unit.times.assertion = Some(self.now);
        result
    }

    /// Whether all hold, and what each came to, after `!`.
    fn test(&mut self, id: UnitId, set: &ConditionSet) -> (bool, Vec<bool>) {
        let name = self.units[id].name().clone();
        let mut each = Vec::new();
        let result = set.holds(|condition| {
            let holds = self.host.condition(&name, condition);
            each.push(holds != condition.negate);
            holds
        });
        (result, each)
    }

    /// Whether every unit that it is bound to and ordered after is up.
    fn bindings_hold(&self, id: UnitId) -> bool {
        self.units.related(id, relation::CANNOT_BE_ACTIVE_WITHOUT).into_iter().all(|other| {
            !self.units.has(id, Relation::After, other)
                || self.units[other].active_state().is_active_or_reloading()
        })
    }

    /// Counts a start; false when it is one too many, and then the unit has to enter its failed state.
    pub(super) fn start_limit_allows(&mut self, id: UnitId) -> bool {
        let now = self.now;
        let allowed = self.units[id].start_limit.allows(now);
        self.units[id].start_limit_hit = !allowed;
        if allowed {
            return true;
        }
        self.log(id, "Start request repeated too quickly.");
        let action = self.units[id].spec.flags.start_limit.action;
        let reason = format!("unit {} failed", self.units[id].name());
        self.emergency(action, None, reason);
        false
    }

    pub(super) fn reset_failed_unit(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_reset_failed(id),
            Runtime::Socket(_) => self.socket_reset_failed(id),
            Runtime::Timer(_) => self.timer_reset_failed(id),
            Runtime::Path(_) => self.path_reset_failed(id),
            Runtime::Scope(_) => self.scope_reset_failed(id),
            Runtime::Plain(_) => {}
        }
        self.units[id].start_limit.reset();
        self.units[id].start_limit_hit = false;
        self.collect_queue.insert(id);
    }
}
