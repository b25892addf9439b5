//! From running, or from any other state, to dead.

use super::kill::KillOperation;
use crate::job::engine::Engine;
use crate::job::event::Host;
use crate::job::kind::JobKind;
use crate::job::phase::Phase;
use crate::job::state::{ServiceState, UnitResult};
use crate::job::units::UnitId;
use crate::unit::spec::RestartMode;

impl<H: Host> Engine<H> {
    pub(in crate::job) fn service_stop(&mut self, id: UnitId) {
        self.service_mut(id).forbid_restart = true;
        match self.service(id).state {
            ServiceState::Stop
            | ServiceState::StopSigterm
            | ServiceState::StopSigkill
            | ServiceState::StopPost
            | ServiceState::FinalWatchdog
            | ServiceState::FinalSigterm
            | ServiceState::FinalSigkill
            | ServiceState::Dead
            | ServiceState::Failed
            | ServiceState::DeadBeforeAutoRestart
            | ServiceState::FailedBeforeAutoRestart => {}
            ServiceState::AutoRestart | ServiceState::AutoRestartQueued => {
                self.set_service_state(id, ServiceState::Dead);
            }
            // What is under way is not let finish.
            ServiceState::Condition
            | ServiceState::StartPre
            | ServiceState::Start
            | ServiceState::StartPost
            | ServiceState::Reload
            | ServiceState::ReloadSignal
            | ServiceState::ReloadNotify
            | ServiceState::ReloadPost
            | ServiceState::StopWatchdog => {
                self.enter_signal(id, ServiceState::StopSigterm, UnitResult::Success);
            }
            ServiceState::Running | ServiceState::Exited => self.enter_stop(id, UnitResult::Success),
        }
    }

    pub(super) fn enter_stop(&mut self, id: UnitId, result: UnitResult) {
        self.note_service_result(id, result);
        let timeout = self.service_settings(id).timeout_stop;
        if self.spawn_control_list(id, Phase::Stop, timeout) {
            self.set_service_state(id, ServiceState::Stop);
        } else {
            self.enter_signal(id, ServiceState::StopSigterm, UnitResult::Success);
        }
    }

    /// The service said STOPPING=1: it is as if it had been told to.
    pub(super) fn enter_stop_by_notify(&mut self, id: UnitId) {
        let timeout = self.service_settings(id).timeout_stop;
        self.set_service_deadline(id, timeout);
        self.set_service_state(id, ServiceState::StopSigterm);
    }

    /// Sends the state's signal. Without anybody to wait for, goes on to the next state at once.
    pub(super) fn enter_signal(&mut self, id: UnitId, state: ServiceState, result: UnitResult) {
        self.note_service_result(id, result);
        let operation = match state {
            ServiceState::StopWatchdog | ServiceState::FinalWatchdog => KillOperation::Watchdog,
            ServiceState::StopSigterm if self.has_job(id, JobKind::Restart) => KillOperation::Restart,
            ServiceState::StopSigterm | ServiceState::FinalSigterm => KillOperation::Terminate,
            _ => KillOperation::Kill,
        };
        let settings = self.service_settings(id);
        let send_sigkill = settings.kill.send_sigkill;
        let timeout = match operation {
            KillOperation::Watchdog => settings.timeout_abort,
            _ => settings.timeout_stop,
        };
        if self.kill_service(id, operation) {
            self.set_service_deadline(id, timeout);
            self.set_service_state(id, state);
            return;
        }
        match state {
            ServiceState::StopWatchdog | ServiceState::StopSigterm if send_sigkill => {
                self.enter_signal(id, ServiceState::StopSigkill, UnitResult::Success);
            }
            ServiceState::StopWatchdog | ServiceState::StopSigterm | ServiceState::StopSigkill => {
                self.enter_stop_post(id, UnitResult::Success);
            }
            ServiceState::FinalWatchdog | ServiceState::FinalSigterm if send_sigkill => {
                self.enter_signal(id, ServiceState::FinalSigkill, UnitResult::Success);
            }
            _ => self.enter_dead(id, UnitResult::Success, true),
        }
    }

    pub(super) fn enter_stop_post(&mut self, id: UnitId, result: UnitResult) {
        self.note_service_result(id, result);
        let timeout = self.service_settings(id).timeout_stop;
        if self.spawn_control_list(id, Phase::StopPost, timeout) {
            self.set_service_state(id, ServiceState::StopPost);
        } else {
            self.enter_signal(id, ServiceState::FinalSigterm, UnitResult::Success);
        }
    }

    pub(super) fn enter_dead(&mut self, id: UnitId, result: UnitResult, allow_restart: bool) {
        // What has been queued since is not to be undone.
        let allow_restart = allow_restart && !self.has_job(id, JobKind::Stop);
        self.note_service_result(id, result);
        let (end, passing) = match self.service(id).result {
            UnitResult::Success => (ServiceState::Dead, ServiceState::DeadBeforeAutoRestart),
            UnitResult::ExecCondition => (ServiceState::Dead, ServiceState::DeadBeforeAutoRestart),
            _ => (ServiceState::Failed, ServiceState::FailedBeforeAutoRestart),
        };
        if allow_restart && self.shall_restart(id) {
            if self.service_settings(id).restart_mode != RestartMode::Direct {
                self.set_service_state(id, passing);
            }
            let delay = self.restart_delay(id);
            self.set_service_deadline(id, delay);
            self.set_service_state(id, ServiceState::AutoRestart);
        } else {
            self.set_service_state(id, end);
        }
        let service = self.service_mut(id);
        service.forbid_restart = false;
        service.notify_access = None;
        service.notify_state = None;
    }
}
