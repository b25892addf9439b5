//! Reloading: by `ExecReload=`, by signal, or because the service says that it does.

use super::NotifyState;
use crate::job::engine::Engine;
use crate::job::event::{Action, Host, KillTarget};
use crate::job::phase::Phase;
use crate::job::state::{ServiceState, UnitResult};
use crate::job::transaction::Transaction;
use crate::job::units::UnitId;
use crate::unit::spec::{JobMode, ServiceType};

impl<H: Host> Engine<H> {
    pub(in crate::job) fn service_reload(&mut self, id: UnitId) {
        let now = self.now;
        let timeout = self.service_settings(id).timeout_start;
        let service = self.service_mut(id);
        service.reload_result = UnitResult::Success;
        if matches!(service.notify_state, Some(NotifyState::Reloading | NotifyState::ReloadReady)) {
            service.notify_state = None;
        }
        service.reload_begin = Some(now);
        if self.spawn_control_list(id, Phase::Reload, timeout) {
            self.set_service_state(id, ServiceState::Reload);
        } else {
            self.enter_reload_signal(id);
        }
    }

    pub(super) fn enter_reload_signal(&mut self, id: UnitId) {
        let settings = self.service_settings(id);
        if settings.service_type != ServiceType::NotifyReload {
            self.enter_reload_post(id);
            return;
        }
        let (timeout, signal) = (settings.timeout_start, settings.reload_signal);
        if self.service(id).state == ServiceState::Reload {
            // ExecReload= has made the service report already.
            match self.service(id).notify_state {
                Some(NotifyState::Reloading) => {
                    self.set_service_state(id, ServiceState::ReloadNotify);
                    return;
                }
                Some(NotifyState::ReloadReady) => {
                    self.enter_reload_post(id);
                    return;
                }
                _ => {}
            }
        }
        let Some(main) = self.service(id).main else {
            self.enter_reload_post(id);
            return;
        };
        self.set_service_deadline(id, timeout);
        let unit = self.units[id].name().clone();
        self.actions.push(Action::Kill { unit, target: KillTarget::Process(main), signal });
        self.set_service_state(id, ServiceState::ReloadSignal);
    }

    /// The service reloads by itself: it says so, and its dependents reload too.
    pub(super) fn enter_reload_by_notify(&mut self, id: UnitId) {
        let timeout = self.service_settings(id).timeout_start;
        self.set_service_deadline(id, timeout);
        self.set_service_state(id, ServiceState::ReloadNotify);
        self.propagate_reload(id);
    }

    pub(super) fn propagate_reload(&mut self, id: UnitId) {
        let outcome = Transaction::build_reload(self, id)
            .and_then(|transaction| transaction.activate(self, JobMode::Fail, false));
        if let Err(error) = outcome {
            self.log(id, format!("the reload was not passed on: {error}"));
        }
    }

    pub(super) fn enter_reload_post(&mut self, id: UnitId) {
        let timeout = self.service_settings(id).timeout_start;
        if self.spawn_control_list(id, Phase::ReloadPost, timeout) {
            self.set_service_state(id, ServiceState::ReloadPost);
        } else {
            self.finish_reload(id, UnitResult::Success);
        }
    }

    pub(super) fn finish_reload(&mut self, id: UnitId, result: UnitResult) {
        let service = self.service_mut(id);
        service.reload_result = result;
        service.reload_begin = None;
        if service.notify_state == Some(NotifyState::Reloading) {
            service.notify_state = None;
        }
        self.enter_running(id, UnitResult::Success);
    }
}
