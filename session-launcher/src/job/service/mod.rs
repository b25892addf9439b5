//! Services: the state machine of systemd.service(5).
//!
//! [`start`] brings one up, [`stop`] takes it down, [`reload`] in between; [`exit`] and [`notify`] take in what its
//! processes do, [`timeout`] what they fail to do in time; [`restart`] decides whether it runs again.

mod exit;
mod kill;
mod notify;
mod reload;
mod restart;
mod spawn;
mod start;
mod status;
mod stop;
mod timeout;

pub(super) use kill::KillOperation;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{ExitStatus, Host, Moment, ProcessId};
use super::kind::JobKind;
use super::phase::Phase;
use super::runtime::Runtime;
use super::state::{ServiceState, UnitResult};
use super::units::UnitId;
use crate::unit::spec::{NotifyAccess, ServiceSettings, ServiceType};

/// What the service itself last said of its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum NotifyState {
    Ready,
    Reloading,
    ReloadReady,
    Stopping,
}

/// A command of one of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CommandAt {
    pub phase: Phase,
    pub index: usize,
}

/// A service at run time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ServiceRuntime {
    pub state: ServiceState,
    pub result: UnitResult,
    pub reload_result: UnitResult,
    pub main: Option<ProcessId>,
    /// Whether `main` tells the truth even when it is empty.
    pub main_known: bool,
    pub control: Option<ProcessId>,
    pub main_command: Option<usize>,
    pub control_command: Option<CommandAt>,
    pub main_exit: Option<ExitStatus>,
    pub bus_name_owned: bool,
    pub restarts: u32,
    /// It was stopped by hand.
    pub forbid_restart: bool,
    pub notify_state: Option<NotifyState>,
    pub notify_access: Option<NotifyAccess>,
    pub status_text: Option<String>,
    pub watchdog_override: Option<Duration>,
    pub reload_begin: Option<Moment>,
}

impl Default for ServiceRuntime {
    fn default() -> Self {
        Self {
            state: ServiceState::Dead,
            result: UnitResult::Success,
            reload_result: UnitResult::Success,
            main: None,
            main_known: false,
            control: None,
            main_command: None,
            control_command: None,
            main_exit: None,
            bus_name_owned: false,
            restarts: 0,
            forbid_restart: false,
            notify_state: None,
            notify_access: None,
            status_text: None,
            watchdog_override: None,
            reload_begin: None,
        }
    }
}

impl<H: Host> Engine<H> {
    // The three below are called for services only: the type of a unit is that of its name and never changes.

    pub(super) fn service(&self, id: UnitId) -> &ServiceRuntime {
        match &self.units[id].runtime {
            Runtime::Service(service) => service,
            _ => unreachable!("not a service"),
        }
    }

    pub(super) fn service_mut(&mut self, id: UnitId) -> &mut ServiceRuntime {
        match &mut self.units[id].runtime {
            Runtime::Service(service) => service,
            _ => unreachable!("not a service"),
        }
    }

    pub(super) fn service_settings(&self, id: UnitId) -> &ServiceSettings {
        match self.units[id].spec.service() {
            Some(settings) => settings,
            None => unreachable!("not a service"),
        }
    }

    /// The first thing that went wrong is the result.
    pub(super) fn note_service_result(&mut self, id: UnitId, result: UnitResult) {
        let service = self.service_mut(id);
        if service.result == UnitResult::Success {
            service.result = result;
        }
    }

    pub(super) fn set_service_state(&mut self, id: UnitId, state: ServiceState) {
        let idle = self.service_settings(id).service_type == ServiceType::Idle;
        let old = std::mem::replace(&mut self.service_mut(id).state, state);
        if !state.has_deadline() {
            self.deadlines.set(Owner::Unit(id), None);
        }
        if !state.has_main_process() {
            if let Some(main) = self.service_mut(id).main.take() {
                self.processes.remove(&main);
            }
            self.service_mut(id).main_command = None;
        }
        if !state.has_control_process() {
            self.drop_control_process(id);
            self.service_mut(id).control_command = None;
        }
        if !state.has_watchdog() {
            self.deadlines.set(Owner::Watchdog(id), None);
        }
        let reload_ok = self.service(id).reload_result == UnitResult::Success;
        self.state_changed(
            id,
            (old.as_str(), old.active(idle)),
            (state.as_str(), state.active(idle)),
            reload_ok,
        );
    }

    /// Sets the deadline of the state that the service is in or enters.
    pub(super) fn set_service_deadline(&mut self, id: UnitId, after: Option<Duration>) {
        let at = after.map(|span| self.now + span);
        self.deadlines.set(Owner::Unit(id), at);
    }

    /// Forgets the control process without waiting for it.
    pub(super) fn drop_control_process(&mut self, id: UnitId) {
        if let Some(control) = self.service_mut(id).control.take() {
            self.processes.remove(&control);
        }
    }

    pub(super) fn set_main_process(&mut self, id: UnitId, process: ProcessId) {
        if let Some(old) = self.service_mut(id).main.replace(process) {
            self.processes.remove(&old);
        }
        let service = self.service_mut(id);
        service.main_known = true;
        service.main_exit = None;
        self.processes.insert(process, id);
    }

    pub(super) fn has_job(&self, id: UnitId, kind: JobKind) -> bool {
        self.units[id].job.and_then(|job| self.jobs.get(&job)).is_some_and(|job| job.kind == kind)
    }

    /// Whether the unit has processes that are neither its main nor its control process.
    pub(super) fn has_other_processes(&mut self, id: UnitId) -> bool {
        let name = self.units[id].name().clone();
        let known = self.known_processes(id);
        self.host.has_other_processes(&name, &known)
    }

    /// The main and the control process, as far as there are any.
    pub(super) fn known_processes(&self, id: UnitId) -> Vec<ProcessId> {
        match &self.units[id].runtime {
            Runtime::Service(service) => service.main.into_iter().chain(service.control).collect(),
            Runtime::Socket(socket) => socket.control.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// `None` when it cannot be told.
    pub(super) fn main_is_alive(&self, id: UnitId) -> Option<bool> {
        let service = self.service(id);
        service.main_known.then_some(service.main.is_some())
    }

    pub(super) fn service_reset_failed(&mut self, id: UnitId) {
        if self.service(id).state == ServiceState::Failed {
            self.set_service_state(id, ServiceState::Dead);
        }
        let service = self.service_mut(id);
        service.result = UnitResult::Success;
        service.reload_result = UnitResult::Success;
        service.restarts = 0;
    }
}
