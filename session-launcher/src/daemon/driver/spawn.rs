//! Starts the processes of units.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::Pid;

use super::{Driver, own_pid};
use crate::daemon::clock::Stamp;
use crate::daemon::exec_socket::Parked;
use crate::daemon::{exec_report, trace};
use crate::exec::prepare::{self, Circumstances};
use crate::job::{Event, ProcessId, Spawn};
use crate::manager::{Order, Started};
use crate::unit::spec::{CommandLine, ExecSettings, NotifyAccess, Settings, Unit, UnitName};

impl Driver {
    pub(super) fn spawn(&mut self, spawn: Spawn) {
        if let Some((command, _)) = self.engine.spec(&spawn.unit).and_then(|unit| command_of(unit, &spawn)) {
            trace::execute(&spawn.unit, command);
        }
        // What goes along with a main process has to know it.
        if !spawn.is_main && self.exec_socket.has_order(&spawn.unit) {
            self.delayed.push(spawn);
        } else {
            self.spawn_now(&spawn);
        }
    }

    /// Starts what has waited for main processes that run by now, or never will.
    pub fn spawn_delayed(&mut self) {
        let (waiting, due) = std::mem::take(&mut self.delayed)
            .into_iter()
            .partition(|spawn| self.exec_socket.has_order(&spawn.unit));
        self.delayed = waiting;
        for spawn in &due {
            self.spawn_now(spawn);
        }
        self.work_off_events();
    }

    fn spawn_now(&mut self, spawn: &Spawn) {
        if let Err(error) = self.try_spawn(spawn) {
            tracing::error!("{}: {error}", spawn.unit);
            self.logs.note(&spawn.unit, &error);
            self.events.push_back(Event::SpawnFailed { process: spawn.process });
        }
    }

    fn try_spawn(&mut self, spawn: &Spawn) -> Result<(), String> {
        let unit = self.engine.spec(&spawn.unit).ok_or("it is not loaded")?.clone();
        let (command, exec) = command_of(&unit, spawn).ok_or("there is no such command")?;
        let sockets = if spawn.is_main { self.sockets.of_service(&unit) } else { Vec::new() };
        let host = self.engine.host_mut();
        let invocation = host.processes.invocation(&unit.name);
        let main_pid = spawn.main_process.and_then(|process| host.processes.pid(process));
        let names: Vec<String> = sockets.iter().map(|socket| socket.name.clone()).collect();
        let circumstances = Circumstances {
            manager: host.environment.variables(),
            host: host.loader.host(),
            invocation: &invocation,
            notify_socket: (spawn.notify != NotifyAccess::None).then_some(self.notify_socket.as_path()),
            manager_pid: own_pid(),
            main_pid: main_pid.map(|pid| pid.as_raw_nonzero().get()),
            socket_names: &names,
            cgroup: host.cgroups.as_ref().and_then(|cgroups| cgroups.ensure(&unit)),
        };
        let launch = prepare::prepare(spawn, command, exec, &circumstances).map_err(|e| e.to_string())?;
        let log = self.logs.open(&unit.name);
        let descriptors: Vec<BorrowedFd<'_>> =
            sockets.iter().map(|socket| socket.descriptor.as_fd()).collect();
        let order = Order {
            process: spawn.process,
            unit: &unit,
            is_main: spawn.is_main,
            is_asked: spawn.is_main && self.exec_socket.is_waited_for(&unit.name),
            launch: &launch,
            log: log.as_ref().map(AsFd::as_fd),
            sockets: &descriptors,
        };
        let started = self.manager.start(&order).map_err(|error| error.to_string())?;
        match started {
            Started::Child(pid, channel) => {
                self.process_started(spawn.process, &unit.name, pid, spawn.is_main);
                match channel {
                    Some(channel) if spawn.report_exec => {
                        exec_report::watch(spawn.process, channel, self.watched.clone());
                    }
                    Some(channel) if spawn.idle => self.idle.push(channel),
                    _ => {}
                }
            }
            Started::Ordered => {
                let sockets: Result<Vec<OwnedFd>, _> =
                    descriptors.iter().map(|descriptor| descriptor.try_clone_to_owned()).collect();
                let sockets = sockets.map_err(|error| error.to_string())?;
                let parked = Parked { process: spawn.process, launch, log, sockets, signal: None };
                self.exec_socket.park(&unit.name, parked);
            }
        }
        Ok(())
    }

    /// A process that was ordered runs now.
    pub fn process_started(&mut self, process: ProcessId, unit: &UnitName, pid: Pid, is_main: bool) {
        trace::started(unit, pid.as_raw_nonzero().get());
        let table = &mut self.engine.host_mut().processes;
        table.started(process, unit.clone(), pid, Stamp::now(), is_main);
    }
}

fn command_of<'a>(unit: &'a Unit, spawn: &Spawn) -> Option<(&'a CommandLine, &'a ExecSettings)> {
    let (list, exec) = match &unit.settings {
        Settings::Service(service) => (spawn.phase.of_service(&service.commands), &service.exec),
        Settings::Socket(socket) => (spawn.phase.of_socket(socket), &socket.exec),
        _ => return None,
    };
    list.get(spawn.index).map(|command| (command, exec))
}
