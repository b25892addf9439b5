//! Sockets (systemd.socket(5)).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Action, ExitStatus, Host, ProcessId, Spawn};
use super::kind::JobKind;
use super::phase::Phase;
use super::rate_limit::RateLimit;
use super::relation::Relation;
use super::runtime::Runtime;
use super::service::KillOperation;
use super::start::Refusal;
use super::state::{ServiceState, SocketState, UnitResult};
use super::units::UnitId;
use crate::unit::spec::{ExitStatusSet, JobMode, NotifyAccess, Settings, SocketSettings, UnitName};

/// A socket at run time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SocketRuntime {
    pub state: SocketState,
    pub result: UnitResult,
    pub control: Option<ProcessId>,
    command: Option<(Phase, usize)>,
    trigger_limit: Option<RateLimit>,
    /// Whether the driver holds the sockets open.
    open: bool,
}

impl Default for SocketRuntime {
    fn default() -> Self {
        Self {
            state: SocketState::Dead,
            result: UnitResult::Success,
            control: None,
            command: None,
            trigger_limit: None,
            open: false,
        }
    }
}

impl<H: Host> Engine<H> {
    fn socket(&mut self, id: UnitId) -> &mut SocketRuntime {
        match &mut self.units[id].runtime {
            Runtime::Socket(socket) => socket,
            _ => unreachable!("not a socket"),
        }
    }

    fn socket_settings(&self, id: UnitId) -> &SocketSettings {
        match &self.units[id].spec.settings {
            Settings::Socket(settings) => settings,
            _ => unreachable!("not a socket"),
        }
    }

    fn set_socket_state(&mut self, id: UnitId, state: SocketState) {
        let old = std::mem::replace(&mut self.socket(id).state, state);
        if matches!(
            state,
            SocketState::Dead | SocketState::Failed | SocketState::Listening | SocketState::Running
        ) {
            self.deadlines.set(Owner::Unit(id), None);
            self.drop_socket_control(id);
        }
        if state == SocketState::Listening || old == SocketState::Listening {
            let unit = self.units[id].name().clone();
            if state != old && self.socket(id).open {
                self.actions.push(Action::WatchSocket { unit, watch: state == SocketState::Listening });
            }
        }
        self.state_changed(id, (old.as_str(), old.active()), (state.as_str(), state.active()), true);
    }

    fn drop_socket_control(&mut self, id: UnitId) {
        if let Some(control) = self.socket(id).control.take() {
            self.processes.remove(&control);
        }
    }

    fn note_socket_result(&mut self, id: UnitId, result: UnitResult) {
        let socket = self.socket(id);
        if socket.result == UnitResult::Success {
            socket.result = result;
        }
    }

    pub(super) fn socket_start(&mut self, id: UnitId) -> Result<(), Refusal> {
        if !self.start_limit_allows(id) {
            self.socket_enter_dead(id, UnitResult::StartLimitHit);
            return Err(Refusal::Failed);
        }
        match self.socket(id).state {
            SocketState::Dead | SocketState::Failed => {}
            SocketState::StartPre | SocketState::StartOpen | SocketState::StartPost => return Ok(()),
            _ => return Err(Refusal::Later),
        }
        if !self.socket_settings(id).accept {
            let Some(service) = self.units.related(id, &[Relation::Triggers]).first().copied() else {
                return Err(Refusal::Failed);
            };
            if !self.units[service].is_loaded() || !self.is_idle_service(service) {
                self.log(id, "Its service is not loaded, or runs already: refusing to listen.");
                return Err(Refusal::Failed);
            }
        }
        self.socket(id).result = UnitResult::Success;
        let timeout = self.socket_settings(id).timeout;
        if self.spawn_socket_list(id, Phase::StartPre, timeout) {
            self.set_socket_state(id, SocketState::StartPre);
        } else {
            self.socket_open(id);
        }
        Ok(())
    }

    fn is_idle_service(&self, id: UnitId) -> bool {
        match &self.units[id].runtime {
            Runtime::Service(service) => {
                matches!(service.state, ServiceState::Dead | ServiceState::Failed)
                    || service.state.is_auto_restart()
            }
            _ => self.units[id].active_state().is_inactive_or_failed(),
        }
    }

    fn socket_open(&mut self, id: UnitId) {
        self.set_socket_state(id, SocketState::StartOpen);
        let unit = self.units[id].name().clone();
        let settings = Box::new(self.socket_settings(id).clone());
        self.actions.push(Action::Listen { unit, settings });
        self.socket(id).open = true;
        let timeout = self.socket_settings(id).timeout;
        if self.spawn_socket_list(id, Phase::StartPost, timeout) {
            self.set_socket_state(id, SocketState::StartPost);
        } else {
            self.socket_enter_listening(id);
        }
    }

    /// Has the driver open the sockets again after it was started anew.
    pub(super) fn socket_listen_again(&mut self, id: UnitId) {
        if !self.socket(id).open {
            return;
        }
        let unit = self.units[id].name().clone();
        let settings = Box::new(self.socket_settings(id).clone());
        self.actions.push(Action::Listen { unit: unit.clone(), settings });
        let watch = self.socket(id).state == SocketState::Listening;
        self.actions.push(Action::WatchSocket { unit, watch });
    }

    fn socket_enter_listening(&mut self, id: UnitId) {
        if !self.socket_settings(id).accept && self.socket_settings(id).flush_pending {
            let unit = self.units[id].name().clone();
            self.actions.push(Action::FlushSocket { unit });
        }
        self.set_socket_state(id, SocketState::Listening);
    }

    pub(super) fn socket_listen_failed(&mut self, id: UnitId) {
        self.socket(id).open = false;
        self.socket_enter_stop_pre(id, UnitResult::Resources);
    }

    pub(super) fn socket_stop(&mut self, id: UnitId) {
        match self.socket(id).state {
            // What is under way is not let finish.
            SocketState::StartPre | SocketState::StartOpen | SocketState::StartPost => {
                self.socket_enter_signal(id, SocketState::StopPreSigterm, UnitResult::Success);
            }
            SocketState::Listening | SocketState::Running => {
                self.socket_enter_stop_pre(id, UnitResult::Success);
            }
            _ => {}
        }
    }

    fn socket_enter_stop_pre(&mut self, id: UnitId, result: UnitResult) {
        self.note_socket_result(id, result);
        let timeout = self.socket_settings(id).timeout;
        if self.spawn_socket_list(id, Phase::Stop, timeout) {
            self.set_socket_state(id, SocketState::StopPre);
        } else {
            self.socket_enter_stop_post(id, UnitResult::Success);
        }
    }

    fn socket_enter_stop_post(&mut self, id: UnitId, result: UnitResult) {
        self.note_socket_result(id, result);
        let timeout = self.socket_settings(id).timeout;
        if self.spawn_socket_list(id, Phase::StopPost, timeout) {
            self.set_socket_state(id, SocketState::StopPost);
        } else {
            self.socket_enter_signal(id, SocketState::FinalSigterm, UnitResult::Success);
        }
    }

    fn socket_enter_signal(&mut self, id: UnitId, state: SocketState, result: UnitResult) {
        self.note_socket_result(id, result);
        let operation = match state {
            SocketState::StopPreSigterm | SocketState::FinalSigterm => KillOperation::Terminate,
            _ => KillOperation::Kill,
        };
        let settings = self.socket_settings(id);
        let (kill, timeout) = (settings.kill.clone(), settings.timeout);
        let control = self.socket(id).control;
        if self.kill_processes(id, &kill, operation, None, control) {
            self.set_socket_deadline(id, timeout);
            self.set_socket_state(id, state);
            return;
        }
        match state {
            SocketState::StopPreSigterm => {
                self.socket_enter_signal(id, SocketState::StopPreSigkill, UnitResult::Success);
            }
            SocketState::StopPreSigkill => self.socket_enter_stop_post(id, UnitResult::Success),
            SocketState::FinalSigterm => {
                self.socket_enter_signal(id, SocketState::FinalSigkill, UnitResult::Success);
            }
            _ => self.socket_enter_dead(id, UnitResult::Success),
        }
    }

    fn socket_enter_dead(&mut self, id: UnitId, result: UnitResult) {
        self.note_socket_result(id, result);
        if std::mem::take(&mut self.socket(id).open) {
            let unit = self.units[id].name().clone();
            self.actions.push(Action::CloseSockets { unit });
        }
        let end = if self.socket(id).result == UnitResult::Success {
            SocketState::Dead
        } else {
            SocketState::Failed
        };
        self.set_socket_state(id, end);
    }

    fn set_socket_deadline(&mut self, id: UnitId, after: Option<Duration>) {
        let at = after.map(|span| self.now + span);
        self.deadlines.set(Owner::Unit(id), at);
    }

    fn spawn_socket_list(&mut self, id: UnitId, phase: Phase, timeout: Option<Duration>) -> bool {
        self.drop_socket_control(id);
        if phase.of_socket(self.socket_settings(id)).is_empty() {
            self.socket(id).command = None;
            return false;
        }
        self.spawn_socket_command(id, phase, 0, timeout);
        true
    }

    fn spawn_socket_command(&mut self, id: UnitId, phase: Phase, index: usize, timeout: Option<Duration>) {
        self.set_socket_deadline(id, timeout);
        self.last_process += 1;
        let process = ProcessId::Spawned(self.last_process);
        self.processes.insert(process, id);
        let socket = self.socket(id);
        socket.control = Some(process);
        socket.command = Some((phase, index));
        self.actions.push(Action::Spawn(Box::new(Spawn {
            process,
            unit: self.units[id].name().clone(),
            phase,
            index,
            is_main: false,
            environment: Vec::new(),
            notify: NotifyAccess::None,
            main_process: None,
            idle: false,
            report_exec: false,
            watchdog: None,
        })));
    }

    pub(super) fn socket_exited(&mut self, id: UnitId, process: ProcessId, status: ExitStatus) {
        if self.socket(id).control != Some(process) {
            return;
        }
        self.socket(id).control = None;
        let command = self.socket(id).command;
        let mut result = status.result(false, &ExitStatusSet::default());
        if let Some((phase, index)) = command {
            let commands = phase.of_socket(self.socket_settings(id));
            if commands.get(index).is_some_and(|command| command.ignore_failure) {
                result = UnitResult::Success;
            }
            let more = commands.len() > index + 1;
            self.note_socket_result(id, result);
            if result == UnitResult::Success && more {
                let timeout = self.socket_settings(id).timeout;
                self.spawn_socket_command(id, phase, index + 1, timeout);
                return;
            }
        }
        self.socket(id).command = None;
        self.after_socket_command(id, result);
    }

    pub(super) fn socket_not_spawned(&mut self, id: UnitId, process: ProcessId) {
        if self.socket(id).control == Some(process) {
            self.socket(id).control = None;
            self.socket(id).command = None;
            self.after_socket_command(id, UnitResult::Resources);
        }
    }

    fn after_socket_command(&mut self, id: UnitId, result: UnitResult) {
        let ok = result == UnitResult::Success;
        match self.socket(id).state {
            SocketState::StartPre if ok => self.socket_open(id),
            SocketState::StartPre => self.socket_enter_signal(id, SocketState::FinalSigterm, result),
            SocketState::StartPost if ok => self.socket_enter_listening(id),
            SocketState::StartPost => self.socket_enter_stop_pre(id, result),
            SocketState::StopPre | SocketState::StopPreSigterm | SocketState::StopPreSigkill => {
                self.socket_enter_stop_post(id, result);
            }
            SocketState::StopPost | SocketState::FinalSigterm | SocketState::FinalSigkill => {
                self.socket_enter_dead(id, result);
            }
            _ => {}
        }
    }

    pub(super) fn socket_deadline(&mut self, id: UnitId) {
        let timeout = UnitResult::Timeout;
        let kills = self.socket_settings(id).kill.send_sigkill;
        match self.socket(id).state {
            SocketState::StartPre => self.socket_enter_signal(id, SocketState::FinalSigterm, timeout),
            SocketState::StartOpen | SocketState::StartPost => self.socket_enter_stop_pre(id, timeout),
            SocketState::StopPre => self.socket_enter_signal(id, SocketState::StopPreSigterm, timeout),
            SocketState::StopPreSigterm if kills => {
                self.socket_enter_signal(id, SocketState::StopPreSigkill, timeout);
            }
            SocketState::StopPreSigterm | SocketState::StopPreSigkill => {
                self.socket_enter_stop_post(id, timeout);
            }
            SocketState::StopPost => self.socket_enter_signal(id, SocketState::FinalSigterm, timeout),
            SocketState::FinalSigterm if kills => {
                self.socket_enter_signal(id, SocketState::FinalSigkill, timeout);
            }
            SocketState::FinalSigterm | SocketState::FinalSigkill => self.socket_enter_dead(id, timeout),
            _ => {}
        }
    }

    /// Somebody connects.
    pub(super) fn socket_ready(&mut self, id: UnitId, instance: Option<UnitName>) {
        if !matches!(self.socket(id).state, SocketState::Listening) {
            return;
        }
        if self.has_job(id, JobKind::Stop) {
            let unit = self.units[id].name().clone();
            self.actions.push(Action::FlushSocket { unit });
            return;
        }
        let settings = self.socket_settings(id);
        let accept = settings.accept;
        let default_burst = if accept { 200 } else { 20 };
        let (interval, burst) = settings
            .trigger_limit
            .map_or((Some(Duration::from_secs(2)), default_burst), |limit| (limit.interval, limit.burst));
        let now = self.now;
        let limit = self.socket(id).trigger_limit.get_or_insert_with(|| RateLimit::new(interval, burst));
        if !limit.allows(now) {
            self.log(id, "Trigger limit hit, refusing further activation.");
            self.socket_enter_stop_pre(id, UnitResult::TriggerLimitHit);
            return;
        }
        if let Some(instance) = instance {
            let trigger = self.units[id].name().clone();
            let service = self.load(&instance);
            if self.add_job_quietly(service, JobKind::Start, JobMode::Replace) {
                self.units[service].triggered_by = Some(trigger);
            }
            return;
        }
        let pending = self
            .units
            .related(id, &[Relation::Triggers])
            .into_iter()
            .any(|other| self.is_active_or_pending(other));
        if !pending && !self.start_triggered(id) {
            self.socket_enter_stop_pre(id, UnitResult::Resources);
            return;
        }
        self.set_socket_state(id, SocketState::Running);
    }

    fn is_active_or_pending(&self, id: UnitId) -> bool {
        let unit = &self.units[id];
        unit.active_state().is_active_or_activating()
            || unit.job.and_then(|job| self.jobs.get(&job)).is_some_and(|job| {
                matches!(job.kind, JobKind::Start | JobKind::Restart | JobKind::ReloadOrStart)
            })
    }

    pub(super) fn socket_trigger_changed(&mut self, id: UnitId, other: UnitId) {
        if !matches!(self.socket(id).state, SocketState::Listening | SocketState::Running)
            || self.socket_settings(id).accept
        {
            return;
        }
        if self.units[other].start_limit_hit {
            self.socket_enter_stop_pre(id, UnitResult::ServiceStartLimitHit);
            return;
        }
        if self.units[other].job.is_some() {
            return;
        }
        let Runtime::Service(service) = &self.units[other].runtime else { return };
        match service.state {
            ServiceState::Dead
            | ServiceState::Failed
            | ServiceState::DeadBeforeAutoRestart
            | ServiceState::FailedBeforeAutoRestart
            | ServiceState::FinalSigterm
            | ServiceState::FinalSigkill
            | ServiceState::AutoRestart
            | ServiceState::AutoRestartQueued => self.socket_enter_listening(id),
            ServiceState::Running => self.set_socket_state(id, SocketState::Running),
            _ => {}
        }
    }

    pub(super) fn socket_reset_failed(&mut self, id: UnitId) {
        if self.socket(id).state == SocketState::Failed {
            self.set_socket_state(id, SocketState::Dead);
        }
        self.socket(id).result = UnitResult::Success;
    }
}
