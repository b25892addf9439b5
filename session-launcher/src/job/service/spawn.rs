//! Which process is started next, and what it is told.

use std::time::Duration;

use super::CommandAt;
use crate::job::deadline::Owner;
use crate::job::engine::Engine;
use crate::job::event::{Action, Host, ProcessId, Spawn};
use crate::job::phase::Phase;
use crate::job::relation::Relation;
use crate::job::runtime::Runtime;
use crate::job::state::ActiveState;
use crate::job::units::UnitId;
use crate::unit::spec::{CommandLine, NotifyAccess, ServiceType};

impl<H: Host> Engine<H> {
    /// The command at that place, if there is one.
    pub(super) fn command(&self, id: UnitId, at: CommandAt) -> Option<&CommandLine> {
        at.phase.of_service(&self.service_settings(id).commands).get(at.index)
    }

    pub(super) fn ignores_failure(&self, id: UnitId, at: CommandAt) -> bool {
        self.command(id, at).is_some_and(|command| command.ignore_failure)
    }

    /// Starts the first command of a list as a control process; false when there is none.
    pub(super) fn spawn_control_list(&mut self, id: UnitId, phase: Phase, timeout: Option<Duration>) -> bool {
        self.drop_control_process(id);
        let at = CommandAt { phase, index: 0 };
        if self.command(id, at).is_none() {
            self.service_mut(id).control_command = None;
            return false;
        }
        self.spawn_control(id, at, timeout);
        true
    }

    pub(super) fn spawn_control(&mut self, id: UnitId, at: CommandAt, timeout: Option<Duration>) {
        let process = self.spawn(id, at, false, timeout);
        let service = self.service_mut(id);
        service.control = Some(process);
        service.control_command = Some(at);
    }

    pub(super) fn spawn_main(&mut self, id: UnitId, index: usize, timeout: Option<Duration>) {
        let process = self.spawn(id, CommandAt { phase: Phase::Start, index }, true, timeout);
        self.set_main_process(id, process);
        self.service_mut(id).main_command = Some(index);
    }

    /// Asks once more for a process that never came about. False when it is not wanted any more.
    pub(in crate::job) fn spawn_again(&mut self, id: UnitId, process: ProcessId) -> bool {
        let service = self.service(id);
        let deadline = self.deadlines.get(Owner::Unit(id));
        if service.main == Some(process)
            && service.state.active(false) != ActiveState::Deactivating
            && let Some(index) = service.main_command
        {
            self.spawn_main(id, index, None);
        } else if service.control == Some(process)
            && !service.state.is_killing()
            && let Some(at) = service.control_command
        {
            self.drop_control_process(id);
            self.spawn_control(id, at, None);
        } else {
            return false;
        }
        self.deadlines.set(Owner::Unit(id), deadline);
        true
    }

    fn spawn(&mut self, id: UnitId, at: CommandAt, is_main: bool, timeout: Option<Duration>) -> ProcessId {
        self.set_service_deadline(id, timeout);
        self.last_process += 1;
        let process = ProcessId::Spawned(self.last_process);
        self.processes.insert(process, id);
        let access = self.notify_access(id);
        let notify = match access {
            NotifyAccess::Exec | NotifyAccess::All => access,
            NotifyAccess::Main if is_main => access,
            NotifyAccess::Main | NotifyAccess::None => NotifyAccess::None,
        };
        let service_type = self.service_settings(id).service_type;
        let spawn = Spawn {
            process,
            unit: self.units[id].name().clone(),
            phase: at.phase,
            index: at.index,
            is_main,
            environment: self.spawn_environment(id, at.phase),
            notify,
            main_process: self.service(id).main,
            idle: service_type == ServiceType::Idle,
            report_exec: is_main && service_type == ServiceType::Exec,
            watchdog: if at.phase == Phase::Start { self.watchdog_interval(id) } else { None },
        };
        self.actions.push(Action::Spawn(Box::new(spawn)));
        process
    }

    fn spawn_environment(&self, id: UnitId, phase: Phase) -> Vec<(String, String)> {
        let mut environment = match phase {
            Phase::Stop | Phase::StopPost => self.outcome_variables(id, ""),
            Phase::Start | Phase::StartPre => match self.monitored_unit(id) {
                Some(other) => {
                    let mut variables = self.outcome_variables(other, "MONITOR_");
                    variables.push(("MONITOR_UNIT".to_owned(), self.units[other].name().to_string()));
                    variables
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        if let Some(trigger) = &self.units[id].triggered_by {
            environment.push(("TRIGGER_UNIT".to_owned(), trigger.to_string()));
        }
        environment
    }

    fn outcome_variables(&self, id: UnitId, prefix: &str) -> Vec<(String, String)> {
        let service = self.service(id);
        let mut variables = vec![(format!("{prefix}SERVICE_RESULT"), service.result.as_str().to_owned())];
        if let Some(exit) = service.main_exit {
            variables.push((format!("{prefix}EXIT_CODE"), exit.code_word().to_owned()));
            variables.push((format!("{prefix}EXIT_STATUS"), exit.status_word()));
        }
        variables
    }

    /// The one service whose end starts this one, if it is only one.
    fn monitored_unit(&self, id: UnitId) -> Option<UnitId> {
        let sources = self.units.related(id, &[Relation::OnFailureOf, Relation::OnSuccessOf]);
        match sources.as_slice() {
            [only] if matches!(self.units[*only].runtime, Runtime::Service(_)) => Some(*only),
            _ => None,
        }
    }

    pub(super) fn notify_access(&self, id: UnitId) -> NotifyAccess {
        self.service(id).notify_access.unwrap_or(self.service_settings(id).notify_access)
    }
}
