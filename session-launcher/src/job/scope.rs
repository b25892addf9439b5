//! Scopes: processes that somebody else started (systemd.scope(5)).

use super::deadline::Owner;
use super::engine::Engine;
use super::event::Host;
use super::runtime::Runtime;
use super::service::KillOperation;
use super::start::Refusal;
use super::state::{ScopeState, UnitResult};
use super::units::UnitId;
use crate::unit::spec::{OomPolicy, ScopeSettings, Settings};

/// A scope at run time.
#[derive(Debug)]
pub(super) struct ScopeRuntime {
    pub state: ScopeState,
    pub result: UnitResult,
}

impl Default for ScopeRuntime {
    fn default() -> Self {
        Self { state: ScopeState::Dead, result: UnitResult::Success }
    }
}

impl<H: Host> Engine<H> {
    fn scope(&mut self, id: UnitId) -> &mut ScopeRuntime {
        match &mut self.units[id].runtime {
            Runtime::Scope(scope) => scope,
            _ => unreachable!("not a scope"),
        }
    }

    fn scope_settings(&self, id: UnitId) -> &ScopeSettings {
        match &self.units[id].spec.settings {
            Settings::Scope(settings) => settings,
            _ => unreachable!("not a scope"),
        }
    }

    fn set_scope_state(&mut self, id: UnitId, state: ScopeState) {
        let old = std::mem::replace(&mut self.scope(id).state, state);
        if matches!(state, ScopeState::Dead | ScopeState::Failed) {
            self.deadlines.set(Owner::Unit(id), None);
        }
        self.state_changed(id, (old.as_str(), old.active()), (state.as_str(), state.active()), true);
    }

    pub(super) fn scope_start(&mut self, id: UnitId) -> Result<(), Refusal> {
        match self.scope(id).state {
            ScopeState::Failed => Err(Refusal::Failed),
            ScopeState::StopSigterm | ScopeState::StopSigkill => Err(Refusal::Later),
            ScopeState::Running | ScopeState::Abandoned => Err(Refusal::Already),
            ScopeState::Dead => {
                if !self.has_other_processes(id) {
                    self.scope_enter_dead(id, UnitResult::Resources);
                    return Err(Refusal::Failed);
                }
                self.scope(id).result = UnitResult::Success;
                self.set_scope_state(id, ScopeState::Running);
                let at = self.scope_settings(id).runtime_max.map(|span| self.now + span);
                self.deadlines.set(Owner::Unit(id), at);
                Ok(())
            }
        }
    }

    pub(super) fn scope_stop(&mut self, id: UnitId) {
        if matches!(self.scope(id).state, ScopeState::Running | ScopeState::Abandoned) {
            self.scope_enter_signal(id, ScopeState::StopSigterm, UnitResult::Success);
        }
    }

    fn note_scope_result(&mut self, id: UnitId, result: UnitResult) {
        let scope = self.scope(id);
        if scope.result == UnitResult::Success {
            scope.result = result;
        }
    }

    fn scope_enter_signal(&mut self, id: UnitId, state: ScopeState, result: UnitResult) {
        self.note_scope_result(id, result);
        let operation =
            if state == ScopeState::StopSigterm { KillOperation::Terminate } else { KillOperation::Kill };
        let settings = self.scope_settings(id);
        let (kill, timeout) = (settings.kill.clone(), settings.timeout_stop);
        if self.kill_processes(id, &kill, operation, None, None) {
            let at = timeout.map(|span| self.now + span);
            self.deadlines.set(Owner::Unit(id), at);
            self.set_scope_state(id, state);
        } else if state == ScopeState::StopSigterm {
            self.scope_enter_signal(id, ScopeState::StopSigkill, UnitResult::Success);
        } else {
            self.scope_enter_dead(id, UnitResult::Success);
        }
    }

    fn scope_enter_dead(&mut self, id: UnitId, result: UnitResult) {
        self.note_scope_result(id, result);
        let end =
            if self.scope(id).result == UnitResult::Success { ScopeState::Dead } else { ScopeState::Failed };
        self.set_scope_state(id, end);
    }

    pub(super) fn scope_is_empty(&mut self, id: UnitId) {
        if !matches!(self.scope(id).state, ScopeState::Dead | ScopeState::Failed) {
            self.scope_enter_dead(id, UnitResult::Success);
        }
    }

    pub(super) fn scope_abandon(&mut self, id: UnitId) {
        if self.scope(id).state == ScopeState::Running {
            self.set_scope_state(id, ScopeState::Abandoned);
        }
    }

    pub(super) fn scope_out_of_memory(&mut self, id: UnitId) {
        if self.scope_settings(id).oom_policy == OomPolicy::Continue {
            return;
        }
        match self.scope(id).state {
            ScopeState::Running => {
                self.scope_enter_signal(id, ScopeState::StopSigterm, UnitResult::OomKill);
            }
            ScopeState::StopSigterm => {
                self.scope_enter_signal(id, ScopeState::StopSigkill, UnitResult::OomKill);
            }
            _ => {}
        }
    }

    pub(super) fn scope_deadline(&mut self, id: UnitId) {
        let kills = self.scope_settings(id).kill.send_sigkill;
        match self.scope(id).state {
            ScopeState::Running => {
                self.scope_enter_signal(id, ScopeState::StopSigterm, UnitResult::Timeout);
            }
            ScopeState::StopSigterm if kills => {
                self.scope_enter_signal(id, ScopeState::StopSigkill, UnitResult::Timeout);
            }
            ScopeState::StopSigterm | ScopeState::StopSigkill => {
                self.scope_enter_dead(id, UnitResult::Timeout);
            }
            _ => {}
        }
    }

    pub(super) fn scope_reset_failed(&mut self, id: UnitId) {
        if self.scope(id).state == ScopeState::Failed {
            self.set_scope_state(id, ScopeState::Dead);
        }
        self.scope(id).result = UnitResult::Success;
    }
}
