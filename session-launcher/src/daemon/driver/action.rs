//! What the engine decides, done.

use super::Driver;
use crate::daemon::{trace, x11_services};
use crate::exec::prepare;
use crate::job::{Action, ActiveState, Event, JobKind};
use crate::unit::spec::{EmergencyAction, Settings, UnitName};

impl Driver {
    /// Does what the engine has decided, in order.
    pub(super) fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.carry_out_one(action);
        }
    }

    fn carry_out_one(&mut self, action: Action) {
        self.changed = true;
        trace::action(&action);
        match action {
            Action::Spawn(spawn) => self.spawn(*spawn),
            Action::Kill { unit, target, signal } => self.kill(&unit, &target, signal),
            Action::WatchBusName { name } => {
                // The state now; the event loop tells of changes of every name.
                if self.bus_names.has_owner(&name) {
                    self.events.push_back(Event::BusNameOwned { name, owned: true });
                }
            }
            Action::WatchPidFile { unit, path } => self.paths.watch_pid_file(unit, path),
            Action::Listen { unit, settings } => {
                if let Err(error) = self.sockets.listen(&unit, &settings) {
                    tracing::error!("{unit}: {error}");
                    self.logs.note(&unit, &error.to_string());
                    self.events.push_back(Event::ListenFailed { unit });
                }
            }
            Action::WatchSocket { unit, watch } => self.sockets.watch(&unit, watch),
            Action::FlushSocket { unit } => self.sockets.flush(&unit),
            Action::CloseSockets { unit } => self.sockets.close(&unit),
            Action::WatchPaths { unit, watches } => self.paths.watch(unit, watches),
            Action::Release { unit } => self.release(&unit),
            Action::Emergency { action, status, reason } => self.emergency(action, status, &reason),
            Action::Log { unit, message } => {
                tracing::info!("{unit}: {message}");
                self.logs.note(&unit, &message);
            }
            Action::StateChanged { unit, from, to, active, result } => {
                if active == ActiveState::Failed {
                    tracing::warn!("{unit}: failed ({})", result.as_str());
                    self.logs.note(&unit, &format!("Failed with result '{}'.", result.as_str()));
                }
                self.manager.state_changed(&unit, active);
                if active.is_inactive_or_failed() {
                    self.exec_socket.forget_unit(&unit);
                    self.manager.ended(&unit);
                }
                if active == ActiveState::Active {
                    self.exec_socket.ready(&unit);
                }
                self.x11_due |= active == ActiveState::Active && unit.as_str() == x11_services::INITIALIZED;
                self.reports.push(Action::StateChanged { unit, from, to, active, result });
            }
            Action::UnitRemoved { unit } => {
                let host = self.engine.host_mut();
                host.transient.remove(&unit);
                host.processes.forget_unit(&unit);
                host.pid_files.remove(&unit);
                self.reports.push(Action::UnitRemoved { unit });
            }
            Action::JobRemoved { ref unit, kind, .. } => {
                // Whoever still waits for a process of it waits in vain.
                if kind != JobKind::Stop {
                    let is_up =
                        self.engine.status(unit).is_some_and(|status| status.active.is_active_or_reloading());
                    self.exec_socket.settled(unit, is_up);
                }
                self.reports.push(action);
            }
            Action::JobNew { .. }
            | Action::JobMerged { .. }
            | Action::JobRunning { .. }
            | Action::UnitNew { .. } => self.reports.push(action),
        }
    }

    fn release(&mut self, unit: &UnitName) {
        let Some(spec) = self.engine.spec(unit).cloned() else { return };
        let host = self.engine.host_mut();
        host.processes.forget_invocation(unit);
        if let Some(cgroups) = &host.cgroups {
            cgroups.remove(&spec);
        }
        let exec = match &spec.settings {
            Settings::Service(service) => &service.exec,
            Settings::Socket(socket) => &socket.exec,
            _ => return,
        };
        if matches!(exec.runtime_directory_preserve.as_deref(), None | Some("no")) {
            for (variable, directory) in prepare::directories(exec, host.loader.host()) {
                if variable == "RUNTIME_DIRECTORY" {
                    let _ = std::fs::remove_dir_all(&directory.path);
                }
            }
        }
    }

    fn emergency(&mut self, action: EmergencyAction, status: Option<u8>, reason: &str) {
        tracing::warn!("{reason}");
        match action {
            EmergencyAction::None => {}
            EmergencyAction::Exit => {
                let request = crate::daemon::exit_request();
                if let Err(error) = self.request(&request) {
                    tracing::error!("{error}");
                    self.ending = Some(i32::from(status.unwrap_or(0)));
                }
            }
            EmergencyAction::ExitForce => self.ending = Some(i32::from(status.unwrap_or(0))),
            _ => tracing::warn!("only a system's manager can do that"),
        }
    }
}
