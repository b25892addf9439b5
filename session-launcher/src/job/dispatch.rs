//! Events, and the times at which something is due: whom they concern.

use super::deadline::Owner;
use super::engine::Engine;
use super::event::{Event, Host, NotifySender, ProcessId};
use super::runtime::Runtime;
use super::units::UnitId;
use crate::unit::spec::UnitName;

impl<H: Host> Engine<H> {
    /// Takes an event to whoever it concerns.
    pub(super) fn dispatch(&mut self, event: Event) {
        match event {
            Event::Exited { process, status } => self.process_exited(process, status),
            Event::Executed { process } => self.process_executed(process),
            Event::SpawnFailed { process } => self.process_not_spawned(process),
            Event::NeverRan { process } => self.process_never_ran(process),
            Event::Notified { unit, sender, message } => self.notified(&unit, sender, &message),
            Event::BusNameOwned { name, owned } => self.bus_name_changed(&name, owned),
            Event::Empty { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.unit_is_empty(id);
                }
            }
            Event::OutOfMemory { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.out_of_memory(id);
                }
            }
            Event::SocketReady { unit, instance } => {
                if let Some(id) = self.units.find(&unit) {
                    self.socket_ready(id, instance);
                }
            }
            Event::ListenFailed { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.socket_listen_failed(id);
                }
            }
            Event::PathChanged { unit, watch } => {
                if let Some(id) = self.units.find(&unit) {
                    self.path_changed(id, watch);
                }
            }
            Event::PidFileChanged { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.service_pid_file_changed(id);
                }
            }
            Event::ScopeAbandoned { unit } => {
                if let Some(id) = self.units.find(&unit) {
                    self.scope_abandon(id);
                }
            }
            Event::Reload => self.reload(),
            Event::Tick => {}
        }
    }

    fn notified(&mut self, unit: &UnitName, sender: NotifySender, message: &super::event::Notification) {
        if let Some(id) = self.units.find(unit)
            && matches!(self.units[id].runtime, Runtime::Service(_))
        {
            self.service_notified(id, sender, message);
        }
    }

    fn process_exited(&mut self, process: ProcessId, status: super::event::ExitStatus) {
        let Some(id) = self.processes.remove(&process) else { return };
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_exited(id, process, status),
            Runtime::Socket(_) => self.socket_exited(id, process, status),
            _ => {}
        }
    }

    fn process_executed(&mut self, process: ProcessId) {
        if let Some(id) = self.processes.get(&process).copied() {
            self.service_executed(id, process);
        }
    }

    fn process_never_ran(&mut self, process: ProcessId) {
        let service = self.processes.get(&process).copied();
        let service = service.filter(|id| matches!(self.units[*id].runtime, Runtime::Service(_)));
        if !service.is_some_and(|id| self.spawn_again(id, process)) {
            self.process_not_spawned(process);
        }
    }

    fn process_not_spawned(&mut self, process: ProcessId) {
        let Some(id) = self.processes.remove(&process) else { return };
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_not_spawned(id, process),
            Runtime::Socket(_) => self.socket_not_spawned(id, process),
            _ => {}
        }
    }

    fn bus_name_changed(&mut self, name: &str, owned: bool) {
        let ids: Vec<_> = self
            .units
            .ids()
            .filter(|id| {
                self.units[*id]
                    .spec
                    .service()
                    .is_some_and(|service| service.bus_name.as_deref() == Some(name))
            })
            .collect();
        for id in ids {
            self.service_bus_name_changed(id, owned);
        }
    }

    fn unit_is_empty(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_is_empty(id),
            Runtime::Scope(_) => self.scope_is_empty(id),
            _ => {}
        }
    }

    fn out_of_memory(&mut self, id: UnitId) {
        match self.units[id].runtime {
            Runtime::Service(_) => self.service_out_of_memory(id),
            Runtime::Scope(_) => self.scope_out_of_memory(id),
            _ => {}
        }
    }

    /// Sees to what was to happen by now.
    pub(super) fn expire_deadlines(&mut self) {
        while let Some(owner) = self.deadlines.pop_due(self.now) {
            match owner {
                Owner::Job(job) => self.job_timed_out(job),
                Owner::Watchdog(id) => self.service_watchdog_elapsed(id),
                Owner::Unit(id) => match self.units[id].runtime {
                    Runtime::Service(_) => self.service_deadline(id),
                    Runtime::Socket(_) => self.socket_deadline(id),
                    Runtime::Scope(_) => self.scope_deadline(id),
                    Runtime::Timer(_) => self.timer_deadline(id),
                    Runtime::Path(_) | Runtime::Plain(_) => {}
                },
            }
            self.settle();
        }
    }
}
