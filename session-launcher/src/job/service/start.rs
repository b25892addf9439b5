//! From a start job to running.

use super::ServiceRuntime;
use crate::job::engine::Engine;
use crate::job::event::{Action, Host, ProcessId};
use crate::job::phase::Phase;
use crate::job::start::Refusal;
use crate::job::state::{ServiceState, UnitResult};
use crate::job::units::UnitId;
use crate::unit::spec::{ExitType, KillMode, ServiceType};

use super::NotifyState;

impl<H: Host> Engine<H> {
    pub(in crate::job) fn service_start(&mut self, id: UnitId) -> Result<(), Refusal> {
        match self.service(id).state {
            // Somebody asks for it before the delay is over.
            ServiceState::AutoRestart => {
                self.enter_restart(id, true);
                return Err(Refusal::Later);
            }
            ServiceState::Dead | ServiceState::Failed | ServiceState::AutoRestartQueued => {}
            // Stopping: the state in which that ends tries again.
            state if state.active(false) == super::super::state::ActiveState::Deactivating => {
                return Err(Refusal::Later);
            }
            // Already on it.
            _ => return Ok(()),
        }
        if !self.start_limit_allows(id) {
            self.service_mut(id).result = UnitResult::StartLimitHit;
            self.enter_dead(id, UnitResult::StartLimitHit, false);
            return Err(Refusal::Failed);
        }
        let old = self.service(id);
        let restarts = if old.state == ServiceState::AutoRestartQueued { old.restarts } else { 0 };
        let fresh = ServiceRuntime {
            state: old.state,
            restarts,
            bus_name_owned: old.bus_name_owned,
            ..ServiceRuntime::default()
        };
        *self.service_mut(id) = fresh;
        self.enter_condition(id);
        Ok(())
    }

    fn enter_condition(&mut self, id: UnitId) {
        if self.refuses_leftovers(id, Phase::Condition) {
            return;
        }
        let timeout = self.service_settings(id).timeout_start;
        if self.spawn_control_list(id, Phase::Condition, timeout) {
            self.set_service_state(id, ServiceState::Condition);
        } else {
            self.enter_start_pre(id);
        }
    }

    pub(super) fn enter_start_pre(&mut self, id: UnitId) {
        if self.refuses_leftovers(id, Phase::StartPre) {
            return;
        }
        let timeout = self.service_settings(id).timeout_start;
        if self.spawn_control_list(id, Phase::StartPre, timeout) {
            self.set_service_state(id, ServiceState::StartPre);
        } else {
            self.enter_start(id);
        }
    }

    /// A service that is never killed must not start beside what an earlier run has left.
    fn refuses_leftovers(&mut self, id: UnitId, phase: Phase) -> bool {
        let settings = self.service_settings(id);
        if phase.of_service(&settings.commands).is_empty() || !self.is_adverse_to_leftovers(id) {
            return false;
        }
        self.enter_dead(id, UnitResult::Resources, true);
        true
    }

    fn is_adverse_to_leftovers(&mut self, id: UnitId) -> bool {
        let kill = &self.service_settings(id).kill;
        !kill.send_sigkill
            && matches!(kill.mode, KillMode::Mixed | KillMode::ControlGroup)
            && self.has_other_processes(id)
    }

    pub(super) fn enter_start(&mut self, id: UnitId) {
        self.drop_control_process(id);
        if self.is_adverse_to_leftovers(id) {
            self.enter_signal(id, ServiceState::StopSigterm, UnitResult::Resources);
            return;
        }
        let settings = self.service_settings(id);
        let service_type = settings.service_type;
        let timeout = match service_type {
            ServiceType::Simple | ServiceType::Idle => None,
            _ => settings.timeout_start,
        };
        if settings.commands.start.is_empty() {
            if service_type != ServiceType::Oneshot {
                self.log(id, "There is no ExecStart= to start.");
                self.enter_signal(id, ServiceState::StopSigterm, UnitResult::Resources);
                return;
            }
            // So that it goes through activating even with nothing to do.
            self.set_service_state(id, ServiceState::Start);
            self.enter_start_post(id);
            return;
        }
        match service_type {
            ServiceType::Forking => {
                self.spawn_control_list(id, Phase::Start, timeout);
                self.set_service_state(id, ServiceState::Start);
            }
            ServiceType::Simple | ServiceType::Idle => {
                self.spawn_main(id, 0, timeout);
                self.enter_start_post(id);
            }
            ServiceType::Oneshot
            | ServiceType::Exec
            | ServiceType::Dbus
            | ServiceType::Notify
            | ServiceType::NotifyReload => {
                self.spawn_main(id, 0, timeout);
                self.set_service_state(id, ServiceState::Start);
            }
        }
    }

    pub(super) fn enter_start_post(&mut self, id: UnitId) {
        self.drop_control_process(id);
        self.reset_watchdog(id);
        let timeout = self.service_settings(id).timeout_start;
        if self.spawn_control_list(id, Phase::StartPost, timeout) {
            self.set_service_state(id, ServiceState::StartPost);
        } else {
            self.enter_running(id, UnitResult::Success);
        }
    }

    /// Running, or what is left of it: exited, or on its way down.
    pub(super) fn enter_running(&mut self, id: UnitId, result: UnitResult) {
        self.note_service_result(id, result);
        self.drop_control_process(id);
        if self.service(id).result != UnitResult::Success {
            self.enter_signal(id, ServiceState::StopSigterm, result);
        } else if self.service_is_good(id) {
            match self.service(id).notify_state {
                Some(NotifyState::Reloading) => self.enter_reload_by_notify(id),
                Some(NotifyState::Stopping) => self.enter_stop_by_notify(id),
                _ => {
                    self.set_service_state(id, ServiceState::Running);
                    self.set_runtime_deadline(id);
                }
            }
        } else if self.service_settings(id).remain_after_exit {
            self.set_service_state(id, ServiceState::Exited);
        } else {
            self.enter_stop(id, UnitResult::Success);
        }
    }

    fn set_runtime_deadline(&mut self, id: UnitId) {
        if self.service(id).state != ServiceState::Running {
            return;
        }
        let at = self.service_settings(id).runtime_max.zip(self.units[id].times.active_enter);
        self.deadlines.set(super::Owner::Unit(id), at.map(|(span, since)| since + span));
    }

    fn service_is_good(&mut self, id: UnitId) -> bool {
        let settings = self.service_settings(id);
        let by_main = settings.exit_type == ExitType::Main;
        if settings.service_type == ServiceType::Dbus && !self.service(id).bus_name_owned {
            return false;
        }
        match self.main_is_alive(id) {
            Some(true) => true,
            Some(false) if by_main => false,
            _ => self.has_other_processes(id),
        }
    }

    /// execve(2) of a `Type=exec` process has succeeded.
    pub(in crate::job) fn service_executed(&mut self, id: UnitId, process: ProcessId) {
        let service = self.service(id);
        if service.main == Some(process)
            && service.state == ServiceState::Start
            && self.service_settings(id).service_type == ServiceType::Exec
        {
            self.enter_start_post(id);
        }
    }

    pub(in crate::job) fn service_bus_name_changed(&mut self, id: UnitId, owned: bool) {
        self.service_mut(id).bus_name_owned = owned;
        if self.service_settings(id).service_type != ServiceType::Dbus {
            return;
        }
        match self.service(id).state {
            ServiceState::Running => self.enter_running(id, UnitResult::Success),
            ServiceState::Start if owned => self.enter_start_post(id),
            _ => {}
        }
    }

    /// Takes the main process from the PID file. True when it names another one than before.
    pub(super) fn load_pid_file(&mut self, id: UnitId) -> Option<bool> {
        self.service_settings(id).pid_file.as_ref()?;
        let name = self.units[id].name().clone();
        let process = self.host.pid_file(&name)?;
        if self.service(id).main_known && self.service(id).main == Some(process) {
            return Some(false);
        }
        self.set_main_process(id, process);
        Some(true)
    }

    /// Waits for the PID file to be written.
    pub(super) fn demand_pid_file(&mut self, id: UnitId) {
        if let Some(path) = self.service_settings(id).pid_file.clone() {
            let unit = self.units[id].name().clone();
            self.actions.push(Action::WatchPidFile { unit, path });
        }
    }

    pub(in crate::job) fn service_pid_file_changed(&mut self, id: UnitId) {
        if !matches!(self.service(id).state, ServiceState::Start | ServiceState::StartPost)
            || self.service(id).control.is_some()
        {
            return;
        }
        if self.load_pid_file(id).is_some() {
            self.enter_running(id, UnitResult::Success);
        } else {
            self.demand_pid_file(id);
        }
    }

    pub(super) fn guess_main_process(&mut self, id: UnitId) {
        if self.service(id).main_known || !self.service_settings(id).guess_main_pid {
            return;
        }
        let name = self.units[id].name().clone();
        if let Some(process) = self.host.guess_main_process(&name) {
            self.set_main_process(id, process);
        }
    }
}
