//! The end of a service's processes.

use super::CommandAt;
use crate::job::engine::Engine;
use crate::job::event::{ExitStatus, Host, ProcessId};
use crate::job::phase::Phase;
use crate::job::state::{ServiceState, UnitResult};
use crate::job::units::UnitId;
use crate::unit::spec::{ExitType, NotifyAccess, OomPolicy, ServiceType};

impl<H: Host> Engine<H> {
    pub(in crate::job) fn service_exited(&mut self, id: UnitId, process: ProcessId, status: ExitStatus) {
        let service = self.service(id);
        if service.main == Some(process) {
            self.main_exited(id, status);
        } else if service.control == Some(process) {
            self.control_exited(id, status);
        }
    }

    fn main_exited(&mut self, id: UnitId, status: ExitStatus) {
        // A forking service may move on to another process, if it says so in its PID file first.
        if self.load_pid_file(id) == Some(true) {
            return;
        }
        let settings = self.service_settings(id);
        let daemon = settings.service_type != ServiceType::Oneshot;
        let mut result = status.result(daemon, &settings.success_exit_status);
        let at = CommandAt { phase: Phase::Start, index: self.service(id).main_command.unwrap_or(0) };
        if self.ignores_failure(id, at) {
            result = UnitResult::Success;
        }
        let service = self.service_mut(id);
        service.main = None;
        service.main_exit = Some(status);
        self.note_service_result(id, result);

        let next = self.service(id).main_command.map(|index| index + 1);
        if let Some(next) = next
            && !daemon
            && result == UnitResult::Success
            && self.command(id, CommandAt { phase: Phase::Start, index: next }).is_some()
        {
            let timeout = self.service_settings(id).timeout_start;
            self.spawn_main(id, next, timeout);
            return;
        }
        self.service_mut(id).main_command = None;
        let by_group = self.service_settings(id).exit_type == ExitType::Cgroup;
        if !by_group || !self.has_other_processes(id) {
            self.after_main(id, result);
        } else if self.service(id).state == ServiceState::Start
            && !matches!(
                self.service_settings(id).service_type,
                ServiceType::Notify | ServiceType::NotifyReload | ServiceType::Dbus
            )
        {
            self.enter_start_post(id);
        }
    }

    /// The service as such is gone.
    fn after_main(&mut self, id: UnitId, result: UnitResult) {
        let control_is_gone = self.service(id).control.is_none();
        match self.service(id).state {
            ServiceState::StartPost
            | ServiceState::Reload
            | ServiceState::ReloadSignal
            | ServiceState::ReloadNotify
            | ServiceState::ReloadPost
                if control_is_gone =>
            {
                self.enter_stop(id, result);
            }
            ServiceState::Start => self.main_ended_while_starting(id, result),
            ServiceState::Running => self.enter_running(id, result),
            ServiceState::StopWatchdog | ServiceState::StopSigterm | ServiceState::StopSigkill
                if control_is_gone =>
            {
                self.enter_stop_post(id, result);
            }
            ServiceState::StopPost if control_is_gone => {
                self.enter_signal(id, ServiceState::FinalSigterm, result);
            }
            ServiceState::FinalWatchdog | ServiceState::FinalSigterm | ServiceState::FinalSigkill
                if control_is_gone =>
            {
                self.enter_dead(id, result, true);
            }
            _ => {}
        }
    }

    fn main_ended_while_starting(&mut self, id: UnitId, result: UnitResult) {
        let settings = self.service_settings(id);
        let remains = settings.remain_after_exit;
        match settings.service_type {
            ServiceType::Oneshot if result == UnitResult::Success => self.enter_start_post(id),
            ServiceType::Oneshot => self.enter_signal(id, ServiceState::StopSigterm, result),
            ServiceType::Notify | ServiceType::NotifyReload => {
                if result != UnitResult::Success {
                    self.enter_signal(id, ServiceState::StopSigterm, result);
                } else if !remains || self.notify_access(id) == NotifyAccess::Main {
                    // Nobody is left to say READY=1.
                    self.enter_signal(id, ServiceState::StopSigterm, UnitResult::Protocol);
                }
            }
            _ => self.enter_running(id, result),
        }
    }

    fn control_exited(&mut self, id: UnitId, status: ExitStatus) {
        let at = self.service(id).control_command;
        let settings = self.service_settings(id);
        let daemon =
            settings.service_type != ServiceType::Oneshot && at.is_some_and(|at| at.phase == Phase::Start);
        let mut result = status.result(daemon, &settings.success_exit_status);
        self.service_mut(id).control = None;
        if at.is_some_and(|at| self.ignores_failure(id, at)) {
            result = UnitResult::Success;
        }
        let state = self.service(id).state;
        if state == ServiceState::Condition {
            if matches!(status, ExitStatus::Code(code) if code < 255) && result == UnitResult::ExitCode {
                self.units[id].condition_result = false;
                result = UnitResult::ExecCondition;
            } else if result == UnitResult::Success {
                self.units[id].condition_result = true;
            }
        }
        if !matches!(state, ServiceState::Reload | ServiceState::ReloadPost) {
            self.note_service_result(id, result);
        }
        if let Some(at) = at
            && result == UnitResult::Success
            && at.phase != Phase::Start
        {
            let next = CommandAt { index: at.index + 1, ..at };
            if self.command(id, next).is_some() {
                let settings = self.service_settings(id);
                let timeout = match at.phase {
                    Phase::Stop | Phase::StopPost => settings.timeout_stop,
                    _ => settings.timeout_start,
                };
                self.spawn_control(id, next, timeout);
                return;
            }
        }
        self.service_mut(id).control_command = None;
        self.after_control(id, result);
    }

    fn after_control(&mut self, id: UnitId, result: UnitResult) {
        let ok = result == UnitResult::Success;
        let main_is_gone = self.main_is_alive(id) != Some(true);
        match self.service(id).state {
            ServiceState::Condition if ok => self.enter_start_pre(id),
            ServiceState::StartPre if ok => self.enter_start(id),
            ServiceState::Condition | ServiceState::StartPre | ServiceState::StartPost if !ok => {
                self.enter_signal(id, ServiceState::StopSigterm, result);
            }
            ServiceState::Start => self.forked(id, result),
            ServiceState::StartPost => self.after_start_post(id),
            ServiceState::Reload if ok => {
                if self.load_pid_file(id).is_none() {
                    self.guess_main_process(id);
                }
                self.enter_reload_signal(id);
            }
            ServiceState::Reload | ServiceState::ReloadPost => self.finish_reload(id, result),
            ServiceState::Stop => self.enter_signal(id, ServiceState::StopSigterm, result),
            ServiceState::StopWatchdog | ServiceState::StopSigterm | ServiceState::StopSigkill
                if main_is_gone =>
            {
                self.enter_stop_post(id, result);
            }
            ServiceState::StopPost if main_is_gone => {
                self.enter_signal(id, ServiceState::FinalSigterm, result);
            }
            ServiceState::FinalWatchdog | ServiceState::FinalSigterm | ServiceState::FinalSigkill
                if main_is_gone =>
            {
                self.enter_dead(id, result, true);
            }
            _ => {}
        }
    }

    /// The first process of a forking service has ended.
    fn forked(&mut self, id: UnitId, result: UnitResult) {
        let settings = self.service_settings(id);
        if settings.service_type != ServiceType::Forking {
            return;
        }
        let has_pid_file = settings.pid_file.is_some();
        let has_start_post = !settings.commands.start_post.is_empty();
        if result != UnitResult::Success {
            self.enter_signal(id, ServiceState::StopSigterm, result);
            return;
        }
        if has_pid_file {
            if self.load_pid_file(id).is_none() && !has_start_post {
                if self.has_other_processes(id) {
                    self.demand_pid_file(id);
                } else {
                    self.enter_signal(id, ServiceState::StopSigterm, UnitResult::Protocol);
                }
                return;
            }
        } else {
            self.guess_main_process(id);
        }
        self.enter_start_post(id);
    }

    fn after_start_post(&mut self, id: UnitId) {
        if self.service_settings(id).pid_file.is_some() {
            if self.load_pid_file(id).is_none() {
                if self.has_other_processes(id) {
                    self.demand_pid_file(id);
                } else {
                    self.enter_stop(id, UnitResult::Protocol);
                }
                return;
            }
        } else {
            self.guess_main_process(id);
        }
        self.enter_running(id, UnitResult::Success);
    }

    /// No process of the unit is left. Ends that have been waited for say more, so this counts only where none was.
    pub(in crate::job) fn service_is_empty(&mut self, id: UnitId) {
        let service = self.service(id);
        let both_gone = service.main.is_none() && service.control.is_none();
        let main_is_dead = service.main_known && service.main.is_none();
        let settings = self.service_settings(id);
        let awaits_ready = matches!(settings.service_type, ServiceType::Notify | ServiceType::NotifyReload);
        let has_pid_file = settings.pid_file.is_some();
        match service.state {
            ServiceState::Start if awaits_ready && main_is_dead && both_gone => {
                self.enter_stop_post(id, UnitResult::Protocol);
            }
            ServiceState::Start | ServiceState::StartPost if has_pid_file && both_gone => {
                self.enter_stop_post(id, UnitResult::Protocol);
            }
            ServiceState::Running => self.enter_running(id, UnitResult::Success),
            ServiceState::StopWatchdog | ServiceState::StopSigterm | ServiceState::StopSigkill
                if both_gone =>
            {
                self.enter_stop_post(id, UnitResult::Success);
            }
            ServiceState::StopPost
            | ServiceState::FinalWatchdog
            | ServiceState::FinalSigterm
            | ServiceState::FinalSigkill
                if both_gone =>
            {
                self.enter_dead(id, UnitResult::Success, true);
            }
            _ => {}
        }
    }

    /// The kernel killed one of its processes for want of memory.
    pub(in crate::job) fn service_out_of_memory(&mut self, id: UnitId) {
        if self.service_settings(id).oom_policy == OomPolicy::Continue {
            return;
        }
        match self.service(id).state {
            ServiceState::Condition
            | ServiceState::StartPre
            | ServiceState::Start
            | ServiceState::StartPost
            | ServiceState::Stop => {
                self.enter_signal(id, ServiceState::StopSigterm, UnitResult::OomKill);
            }
            ServiceState::Exited
            | ServiceState::Reload
            | ServiceState::ReloadSignal
            | ServiceState::ReloadNotify
            | ServiceState::ReloadPost
            | ServiceState::Running => {
                self.enter_signal(id, ServiceState::StopSigterm, UnitResult::OomKill);
            }
            ServiceState::StopWatchdog | ServiceState::StopSigterm => {
                self.enter_signal(id, ServiceState::StopSigkill, UnitResult::OomKill);
            }
            ServiceState::StopPost | ServiceState::FinalSigterm => {
                self.enter_signal(id, ServiceState::FinalSigkill, UnitResult::OomKill);
            }
            _ => {}
        }
    }

    /// A process could not be forked.
    pub(in crate::job) fn service_not_spawned(&mut self, id: UnitId, process: ProcessId) {
        let resources = UnitResult::Resources;
        let service = self.service_mut(id);
        if service.main == Some(process) {
            service.main = None;
        } else if service.control == Some(process) {
            service.control = None;
        } else {
            return;
        }
        match service.state {
            ServiceState::Condition | ServiceState::StartPre | ServiceState::StopPost => {
                self.enter_dead(id, resources, true);
            }
            ServiceState::Reload | ServiceState::ReloadPost => self.finish_reload(id, resources),
            ServiceState::StartPost => self.enter_stop(id, resources),
            _ => self.enter_signal(id, ServiceState::StopSigterm, resources),
        }
    }
}
