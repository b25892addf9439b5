//! Path units (systemd.path(5)).

use super::engine::Engine;
use super::event::{Action, Host};
use super::kind::JobKind;
use super::rate_limit::RateLimit;
use super::relation::Relation;
use super::runtime::Runtime;
use super::start::Refusal;
use super::state::{PathState, UnitResult};
use super::units::UnitId;
use crate::unit::spec::{JobMode, PathSettings, PathWatchKind, Settings};

/// A path unit at run time.
#[derive(Debug)]
pub(super) struct PathRuntime {
    pub state: PathState,
    pub result: UnitResult,
    trigger_limit: Option<RateLimit>,
    /// Whether each watched path was there when it was last looked at.
    existed: Vec<bool>,
}

impl Default for PathRuntime {
    fn default() -> Self {
        Self { state: PathState::Dead, result: UnitResult::Success, trigger_limit: None, existed: Vec::new() }
    }
}

impl<H: Host> Engine<H> {
    fn path(&mut self, id: UnitId) -> &mut PathRuntime {
        match &mut self.units[id].runtime {
            Runtime::Path(path) => path,
            _ => unreachable!("not a path unit"),
        }
    }

    fn path_settings(&self, id: UnitId) -> &PathSettings {
        match &self.units[id].spec.settings {
            Settings::Path(settings) => settings,
            _ => unreachable!("not a path unit"),
        }
    }

    fn set_path_state(&mut self, id: UnitId, state: PathState) {
        let old = std::mem::replace(&mut self.path(id).state, state);
        if state != PathState::Waiting && old == PathState::Waiting {
            self.watch_paths(id, false);
        }
        self.state_changed(id, (old.as_str(), old.active()), (state.as_str(), state.active()), true);
    }

    fn watch_paths(&mut self, id: UnitId, watch: bool) {
        let watches = if watch { self.path_settings(id).watches.clone() } else { Vec::new() };
        let unit = self.units[id].name().clone();
        self.actions.push(Action::WatchPaths { unit, watches });
    }

    pub(super) fn path_start(&mut self, id: UnitId) -> Result<(), Refusal> {
        if !self.start_limit_allows(id) {
            self.path_enter_dead(id, UnitResult::StartLimitHit);
            return Err(Refusal::Failed);
        }
        if !self.has_loaded_trigger(id) {
            return Err(Refusal::Failed);
        }
        self.path(id).result = UnitResult::Success;
        self.path_enter_waiting(id, true, false);
        Ok(())
    }

    /// Whether the unit that this one triggers can be started at all.
    pub(super) fn has_loaded_trigger(&self, id: UnitId) -> bool {
        let triggered = self.units.related(id, &[Relation::Triggers]);
        triggered.first().is_some_and(|other| self.units[*other].is_loaded())
    }

    pub(super) fn path_stop(&mut self, id: UnitId) {
        self.path_enter_dead(id, UnitResult::Success);
    }

    fn path_enter_dead(&mut self, id: UnitId, result: UnitResult) {
        let path = self.path(id);
        if path.result == UnitResult::Success {
            path.result = result;
        }
        let end = if path.result == UnitResult::Success { PathState::Dead } else { PathState::Failed };
        self.set_path_state(id, end);
    }

    fn path_enter_waiting(&mut self, id: UnitId, initial: bool, from_trigger: bool) {
        let triggered = self.units.related(id, &[Relation::Triggers]);
        if triggered.iter().any(|other| !self.units[*other].active_state().is_inactive_or_failed()) {
            self.set_path_state(id, PathState::Running);
            return;
        }
        if self.path_is_good(id, initial, from_trigger) {
            self.path_enter_running(id);
            return;
        }
        self.watch_paths(id, true);
        // It may have appeared between the first look and the watch.
        if self.path_is_good(id, false, from_trigger) {
            self.path_enter_running(id);
            return;
        }
        self.set_path_state(id, PathState::Waiting);
    }

    fn path_is_good(&mut self, id: UnitId, initial: bool, from_trigger: bool) -> bool {
        let name = self.units[id].name().clone();
        let watches = self.path_settings(id).watches.clone();
        let mut good = false;
        for (place, watch) in watches.iter().enumerate() {
            let ready = self.host.path_is_ready(&name, watch);
            let path = self.path(id);
            if path.existed.len() <= place {
                path.existed.resize(place + 1, false);
            }
            let before = path.existed.get_mut(place).map(|slot| std::mem::replace(slot, ready));
            good |= match watch.kind {
                PathWatchKind::PathChanged | PathWatchKind::PathModified => {
                    !initial && !from_trigger && before != Some(ready)
                }
                _ => ready,
            };
        }
        good
    }

    fn path_enter_running(&mut self, id: UnitId) {
        if self.has_job(id, JobKind::Stop) {
            return;
        }
        let limit = self.path_settings(id).trigger_limit;
        let now = self.now;
        let allowed = self
            .path(id)
            .trigger_limit
            .get_or_insert_with(|| RateLimit::new(limit.interval, limit.burst))
            .allows(now);
        if !allowed {
            self.log(id, "Trigger limit hit, refusing further activation.");
            self.path_enter_dead(id, UnitResult::TriggerLimitHit);
            return;
        }
        if self.start_triggered(id) {
            self.set_path_state(id, PathState::Running);
        } else {
            self.path_enter_dead(id, UnitResult::Resources);
        }
    }

    /// Queues the start of the unit that this one triggers.
    pub(super) fn start_triggered(&mut self, id: UnitId) -> bool {
        let Some(other) = self.units.related(id, &[Relation::Triggers]).first().copied() else {
            return false;
        };
        let trigger = self.units[id].name().clone();
        if !self.add_job_quietly(other, JobKind::Start, JobMode::Replace) {
            return false;
        }
        self.units[other].triggered_by = Some(trigger);
        true
    }

    pub(super) fn path_changed(&mut self, id: UnitId, watch: usize) {
        if self.path(id).state != PathState::Waiting {
            return;
        }
        let by_change = self.path_settings(id).watches.get(watch).is_some_and(|watch| {
            matches!(watch.kind, PathWatchKind::PathChanged | PathWatchKind::PathModified)
        });
        if by_change {
            self.path_enter_running(id);
        } else {
            self.path_enter_waiting(id, false, false);
        }
    }

    pub(super) fn path_trigger_changed(&mut self, id: UnitId, other: UnitId) {
        if !matches!(self.path(id).state, PathState::Waiting | PathState::Running) {
            return;
        }
        if self.units[other].start_limit_hit {
            self.path_enter_dead(id, UnitResult::UnitStartLimitHit);
            return;
        }
        if self.units[other].job.is_some() {
            return;
        }
        let down = self.units[other].active_state().is_inactive_or_failed();
        if (self.path(id).state == PathState::Running) == down {
            self.path_enter_waiting(id, false, true);
        }
    }

    pub(super) fn path_reload(&mut self, id: UnitId) {
        if self.path(id).state == PathState::Waiting {
            self.watch_paths(id, true);
        }
    }

    pub(super) fn path_reset_failed(&mut self, id: UnitId) {
        if self.path(id).state == PathState::Failed {
            self.set_path_state(id, PathState::Dead);
        }
        self.path(id).result = UnitResult::Success;
    }
}
