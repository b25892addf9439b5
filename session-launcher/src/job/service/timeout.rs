//! What happens when a service takes too long, or its watchdog hears nothing.

use std::time::Duration;

use crate::job::deadline::Owner;
use crate::job::engine::Engine;
use crate::job::event::Host;
use crate::job::state::{ServiceState, UnitResult};
use crate::job::units::UnitId;
use crate::unit::spec::TimeoutFailureMode;

impl<H: Host> Engine<H> {
    pub(in crate::job) fn service_deadline(&mut self, id: UnitId) {
        let settings = self.service_settings(id);
        let start_mode = settings.timeout_start_failure_mode;
        let stop_mode = settings.timeout_stop_failure_mode;
        let kills = settings.kill.send_sigkill;
        let timeout = UnitResult::Timeout;
        let state = self.service(id).state;
        if !matches!(state, ServiceState::AutoRestart) {
            self.log(id, format!("State '{}' timed out.", state.as_str()));
        }
        match state {
            ServiceState::Condition
            | ServiceState::StartPre
            | ServiceState::Start
            | ServiceState::StartPost => self.give_up(id, start_mode, kills),
            ServiceState::Stop => self.give_up(id, stop_mode, kills),
            ServiceState::Running => self.enter_stop(id, timeout),
            ServiceState::Reload
            | ServiceState::ReloadSignal
            | ServiceState::ReloadNotify
            | ServiceState::ReloadPost => {
                self.kill_control_process(id);
                self.finish_reload(id, timeout);
            }
            ServiceState::StopSigterm if stop_mode == TimeoutFailureMode::Abort => {
                self.enter_signal(id, ServiceState::StopWatchdog, timeout);
            }
            ServiceState::StopSigterm | ServiceState::StopWatchdog if kills => {
                self.enter_signal(id, ServiceState::StopSigkill, timeout);
            }
            // Whatever cannot be killed is left behind.
            ServiceState::StopSigterm | ServiceState::StopWatchdog | ServiceState::StopSigkill => {
                self.enter_stop_post(id, timeout);
            }
            ServiceState::StopPost => match stop_mode {
                TimeoutFailureMode::Terminate => self.enter_signal(id, ServiceState::FinalSigterm, timeout),
                TimeoutFailureMode::Abort => self.enter_signal(id, ServiceState::FinalWatchdog, timeout),
                TimeoutFailureMode::Kill if kills => {
                    self.enter_signal(id, ServiceState::FinalSigkill, timeout);
                }
                TimeoutFailureMode::Kill => self.enter_dead(id, timeout, false),
            },
            ServiceState::FinalSigterm if stop_mode == TimeoutFailureMode::Abort => {
                self.enter_signal(id, ServiceState::FinalWatchdog, timeout);
            }
            ServiceState::FinalSigterm | ServiceState::FinalWatchdog if kills => {
                self.enter_signal(id, ServiceState::FinalSigkill, timeout);
            }
            ServiceState::FinalSigterm | ServiceState::FinalWatchdog => self.enter_dead(id, timeout, false),
            ServiceState::FinalSigkill => self.enter_dead(id, timeout, true),
            ServiceState::AutoRestart => self.enter_restart(id, false),
            ServiceState::Dead
            | ServiceState::Exited
            | ServiceState::Failed
            | ServiceState::DeadBeforeAutoRestart
            | ServiceState::FailedBeforeAutoRestart
            | ServiceState::AutoRestartQueued => {}
        }
    }

    fn give_up(&mut self, id: UnitId, mode: TimeoutFailureMode, kills: bool) {
        let timeout = UnitResult::Timeout;
        match mode {
            TimeoutFailureMode::Terminate => self.enter_signal(id, ServiceState::StopSigterm, timeout),
            TimeoutFailureMode::Abort => self.enter_signal(id, ServiceState::StopWatchdog, timeout),
            TimeoutFailureMode::Kill if kills => self.enter_signal(id, ServiceState::StopSigkill, timeout),
            TimeoutFailureMode::Kill => self.enter_stop_post(id, timeout),
        }
    }

    pub(in crate::job) fn service_watchdog_elapsed(&mut self, id: UnitId) {
        self.log(id, "Watchdog timeout.");
        self.enter_signal(id, ServiceState::StopWatchdog, UnitResult::Watchdog);
    }

    pub(super) fn watchdog_interval(&self, id: UnitId) -> Option<Duration> {
        self.service(id)
            .watchdog_override
            .or(self.service_settings(id).watchdog)
            .filter(|span| !span.is_zero())
    }

    pub(super) fn reset_watchdog(&mut self, id: UnitId) {
        let at = self.watchdog_interval(id).map(|span| self.now + span);
        self.deadlines.set(Owner::Watchdog(id), at);
    }
}
