//! Conditions that have to hold all the time: what is upheld runs, what is bound does not outlive its partner, what
//! nobody needs stops (`Upholds=`, `BindsTo=`, `StopWhenUnneeded=`).

use super::engine::Engine;
use super::event::Host;
use super::kind::JobKind;
use super::relation;
use super::runtime::Runtime;
use super::state::ActiveState;
use super::units::UnitId;
use crate::unit::spec::JobMode;

impl<H: Host> Engine<H> {
    /// True when a job was queued.
    pub(super) fn start_upheld_units(&mut self) -> bool {
        let mut any = false;
        while let Some(id) = self.upheld_queue.pop_first() {
            if self.units.contains(id) && self.is_upheld(id) && self.may_act_by_itself(id) {
                any |= self.add_job_quietly(id, JobKind::Start, JobMode::Fail);
            }
        }
        any
    }

    /// True when a job was queued.
    pub(super) fn stop_unbound_units(&mut self) -> bool {
        let mut any = false;
        while let Some(id) = self.bound_queue.pop_first() {
            if self.units.contains(id) && self.has_lost_partner(id) && self.may_act_by_itself(id) {
                any |= self.add_job_quietly(id, JobKind::Stop, JobMode::Replace);
            }
        }
        any
    }

    /// True when a job was queued.
    pub(super) fn stop_unneeded_units(&mut self) -> bool {
        let mut any = false;
        while let Some(id) = self.unneeded_queue.pop_first() {
            if self.units.contains(id) && self.is_unneeded(id) && self.may_act_by_itself(id) {
                any |= self.add_job_quietly(id, JobKind::Stop, JobMode::Fail);
            }
        }
        any
    }

    fn is_upheld(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        unit.active_state().is_inactive_or_failed()
            && unit.job.is_none()
            && self.units.related(id, relation::UPHELD_BY).into_iter().any(|other| {
                self.units[other].job.is_none() && self.units[other].active_state().is_active_or_reloading()
            })
    }

    fn has_lost_partner(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        unit.active_state() == ActiveState::Active
            && unit.job.is_none()
            && self.units.related(id, relation::CANNOT_BE_ACTIVE_WITHOUT).into_iter().any(|other| {
                self.units[other].job.is_none() && self.units[other].active_state().is_inactive_or_failed()
            })
    }

    fn is_unneeded(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        unit.spec.flags.stop_when_unneeded
            && unit.active_state() == ActiveState::Active
            && unit.job.is_none()
            && !self.units.related(id, relation::NEEDED_BY).into_iter().any(|other| {
                self.units[other].job.is_some()
                    || !self.units[other].active_state().is_inactive_or_failed()
                    || self.will_restart(other)
            })
    }

    pub(super) fn will_restart(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        if matches!(&unit.runtime, Runtime::Service(service) if service.state.is_auto_restart()) {
            return true;
        }
        unit.job.and_then(|job| self.jobs.get(&job)).is_some_and(|job| job.kind == JobKind::Restart)
    }

    fn may_act_by_itself(&mut self, id: UnitId) -> bool {
        let now = self.now;
        let allowed = self.units[id].auto_limit.allows(now);
        if !allowed {
            self.log(id, "Not started or stopped automatically: this was tried too often recently.");
        }
        allowed
    }
}
