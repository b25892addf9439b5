//! Which requests are taken.

use super::engine::Engine;
use super::event::{Host, RequestError};
use super::kind::{JobId, JobKind};
use super::runtime::Runtime;
use super::state::ActiveState;
use super::transaction::Transaction;
use super::units::UnitId;
use crate::unit::spec::{JobMode, LoadState, ServiceType};

impl<H: Host> Engine<H> {
    /// What is checked for a request from outside only; dependencies may do more.
    pub(super) fn may_request(&self, id: UnitId, kind: JobKind) -> Result<(), RequestError> {
        let unit = &self.units[id];
        let flags = &unit.spec.flags;
        if kind == JobKind::Stop
            && matches!(unit.spec.load_state, LoadState::NotFound | LoadState::Error | LoadState::BadSetting)
            && unit.active_state() == ActiveState::Inactive
        {
            return Err(RequestError::NotLoaded(unit.name().clone()));
        }
        let refused = match kind {
            JobKind::Start => flags.refuse_manual_start,
            JobKind::Stop => flags.refuse_manual_stop,
            JobKind::Restart | JobKind::TryRestart => flags.refuse_manual_start || flags.refuse_manual_stop,
            JobKind::ReloadOrStart => {
                flags.refuse_manual_start && kind.collapsed(unit.active_state()) == JobKind::Start
            }
            _ => false,
        };
        if refused { Err(RequestError::OnlyByDependency(unit.name().clone())) } else { Ok(()) }
    }

    /// Builds the transaction of one job and queues its jobs. `reenqueue`: a job that runs for this unit begins again.
    pub(super) fn add_job(
        &mut self,
        id: UnitId,
        kind: JobKind,
        mode: JobMode,
        reenqueue: bool,
    ) -> Result<JobId, RequestError> {
        let invalid = |mode, kind| Err(RequestError::InvalidMode { mode, kind });
        match mode {
            JobMode::Isolate if kind != JobKind::Start => return invalid("isolate", "start"),
            JobMode::Isolate if !self.units[id].spec.flags.allow_isolate => {
                return Err(RequestError::NoIsolation(self.units[id].name().clone()));
            }
            JobMode::Triggering if kind != JobKind::Stop => return invalid("triggering", "stop"),
            JobMode::RestartDependencies if kind != JobKind::Start => {
                return invalid("restart-dependencies", "start");
            }
            _ => {}
        }
        let kind = kind.collapsed(self.units[id].active_state());
        let transaction = Transaction::build(self, id, kind, mode)?;
        transaction.activate(self, mode, reenqueue)
    }

    /// Whether a unit can be had at all.
    pub(super) fn known(&self, id: UnitId) -> Result<(), RequestError> {
        let unit = &self.units[id];
        let name = unit.name().clone();
        match unit.spec.load_state {
            LoadState::Loaded => Ok(()),
            LoadState::NotFound => Err(RequestError::NoSuchUnit(name)),
            LoadState::BadSetting => Err(RequestError::BadUnitSetting(name)),
            LoadState::Masked => Err(RequestError::UnitMasked(name)),
            LoadState::Error => Err(RequestError::LoadFailed {
                unit: name,
                reason: unit.spec.load_error.clone().unwrap_or_else(|| "it cannot be read".to_owned()),
            }),
        }
    }

    /// Whether a kind of job means anything to the unit.
    pub(super) fn is_applicable(&self, id: UnitId, kind: JobKind) -> bool {
        match kind {
            JobKind::VerifyActive | JobKind::Start | JobKind::Nop => true,
            JobKind::Stop => !self.is_perpetual(id),
            JobKind::Restart | JobKind::TryRestart => self.can_start(id) && self.can_stop(id),
            JobKind::Reload | JobKind::TryReload => self.can_reload(id),
            JobKind::ReloadOrStart => self.can_reload(id) && self.can_start(id),
        }
    }

    /// The root slice is always there, and so is the manager's own scope.
    pub(super) fn is_perpetual(&self, id: UnitId) -> bool {
        matches!(self.units[id].name().as_str(), "-.slice" | "init.scope")
    }

    pub(super) fn can_start(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        match unit.runtime {
            Runtime::Scope(_) => unit.is_loaded() && unit.times.inactive_exit.is_none(),
            _ => unit.is_loaded(),
        }
    }

    pub(super) fn can_stop(&self, id: UnitId) -> bool {
        !self.is_perpetual(id)
    }

    pub(super) fn can_reload(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        match unit.spec.service() {
            Some(service) => {
                !service.commands.reload.is_empty() || service.service_type == ServiceType::NotifyReload
            }
            None => unit.has_any(super::relation::PROPAGATES_RELOAD),
        }
    }
}
