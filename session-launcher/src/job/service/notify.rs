//! What a service says of itself (sd_notify(3)).

use super::NotifyState;
use crate::job::deadline::Owner;
use crate::job::engine::Engine;
use crate::job::event::{Host, Moment, Notification, NotifySender};
use crate::job::state::{ServiceState, UnitResult};
use crate::job::units::UnitId;
use crate::unit::spec::{NotifyAccess, ServiceType};

impl<H: Host> Engine<H> {
    pub(in crate::job) fn service_notified(
        &mut self,
        id: UnitId,
        sender: NotifySender,
        message: &Notification,
    ) {
        if !self.may_notify(id, sender) {
            return;
        }
        let state = self.service(id).state;
        let takes_main = (state.has_main_process() || state == ServiceState::Start)
            && !matches!(
                state,
                ServiceState::StopPost
                    | ServiceState::StopWatchdog
                    | ServiceState::StopSigkill
                    | ServiceState::FinalWatchdog
                    | ServiceState::FinalSigterm
                    | ServiceState::FinalSigkill
            );
        if let Some(process) = message.main_process
            && takes_main
            && self.service(id).main != Some(process)
        {
            self.set_main_process(id, process);
        }
        self.take_notify_state(id, message);
        if let Some(status) = &message.status {
            self.service_mut(id).status_text = (!status.is_empty()).then(|| status.clone());
        }
        if let Some(access) = message.access {
            self.service_mut(id).notify_access = Some(access);
        }
        if let Some(span) = message.extend_timeout {
            let at = self.now + span;
            self.extend_deadline(Owner::Unit(id), at);
            self.extend_deadline(Owner::Watchdog(id), at);
        }
        if message.watchdog {
            self.reset_watchdog(id);
        }
        if message.watchdog_trigger {
            self.enter_signal(id, ServiceState::StopWatchdog, UnitResult::Watchdog);
        }
        if let Some(interval) = message.watchdog_interval {
            self.service_mut(id).watchdog_override = Some(interval);
            self.reset_watchdog(id);
        }
        if message.restart_reset
            && matches!(self.service(id).state, ServiceState::Running | ServiceState::Stop)
        {
            self.service_mut(id).restarts = 0;
        }
    }

    fn may_notify(&self, id: UnitId, sender: NotifySender) -> bool {
        let service = self.service(id);
        let process = match sender {
            NotifySender::Process(process) => Some(process),
            NotifySender::Other => None,
        };
        let is_main = process.is_some() && service.main == process;
        let is_control = process.is_some() && service.control == process;
        match self.notify_access(id) {
            NotifyAccess::None => false,
            NotifyAccess::Main => is_main,
            NotifyAccess::Exec => is_main || is_control,
            NotifyAccess::All => true,
        }
    }

    /// STOPPING= wins over the others, and READY= over RELOADING=.
    fn take_notify_state(&mut self, id: UnitId, message: &Notification) {
        let state = self.service(id).state;
        if message.stopping {
            self.service_mut(id).notify_state = Some(NotifyState::Stopping);
            if matches!(
                state,
                ServiceState::Running | ServiceState::ReloadSignal | ServiceState::ReloadNotify
            ) {
                self.enter_stop_by_notify(id);
            }
            return;
        }
        // A dying service does not come back.
        if self.service(id).notify_state == Some(NotifyState::Stopping) {
            return;
        }
        let answers_signal = state == ServiceState::ReloadSignal
            && message
                .monotonic
                .zip(self.service(id).reload_begin)
                .is_some_and(|(sent, begin)| sent >= begin);
        if message.ready {
            let service = self.service_mut(id);
            service.notify_state = Some(if service.notify_state == Some(NotifyState::Reloading) {
                NotifyState::ReloadReady
            } else {
                NotifyState::Ready
            });
            if message.reloading {
                if answers_signal {
                    self.enter_reload_post(id);
                } else if state == ServiceState::Running {
                    self.propagate_reload(id);
                }
            }
            let service_type = self.service_settings(id).service_type;
            match self.service(id).state {
                ServiceState::Start
                    if matches!(service_type, ServiceType::Notify | ServiceType::NotifyReload) =>
                {
                    self.enter_start_post(id);
                }
                ServiceState::ReloadNotify => self.enter_reload_post(id),
                _ => {}
            }
        } else if message.reloading {
            self.service_mut(id).notify_state = Some(NotifyState::Reloading);
            if answers_signal {
                self.set_service_state(id, ServiceState::ReloadNotify);
            }
            if state == ServiceState::Running {
                self.enter_reload_by_notify(id);
            }
        }
    }

    fn extend_deadline(&mut self, owner: Owner, at: Moment) {
        if self.deadlines.get(owner).is_some_and(|old| old < at) {
            self.deadlines.set(owner, Some(at));
        }
    }
}
