//! What another service manager, and the wrappers that it has started, tell.

use rustix::process::Pid;

use super::Driver;
use super::kill::{end_with_children, send_signal};
use crate::daemon::exec_socket::{ConnectionId, WrapperEvent};
use crate::daemon::{engine_link, exec_report, pidfd};
use crate::exec::native_message::FromWrapper;
use crate::job::{ActiveState, Event, JobKind, ProcessId, Request};
use crate::manager::NativeEvent;
use crate::unit::spec::UnitName;

impl Driver {
    /// What a native manager's users asked of it.
    pub fn native_event(&mut self, event: NativeEvent) {
        use crate::unit::spec::JobMode;
        let (unit, kind) = match event {
            NativeEvent::StartAsked(unit) => (unit, JobKind::Start),
            NativeEvent::StopAsked(unit) => (unit, JobKind::Stop),
            NativeEvent::StartFailed(process) => {
                // A wrapper that has taken it tells itself what became of it.
                if self.exec_socket.forget(process) {
                    tracing::error!("{}: the service does not come up", self.manager.name());
                    self.handle(Event::SpawnFailed { process });
                }
                return;
            }
        };
        let request = Request { unit, kind, mode: JobMode::Replace, reload_if_possible: false };
        if let Err(error) = self.request(&request) {
            tracing::warn!("{error}");
            match kind {
                JobKind::Stop => self.exec_socket.refuse_stop(&request.unit),
                _ => self.exec_socket.settled(&request.unit, false),
            }
        }
    }

    /// Hears what a native manager has to say.
    pub fn take_native_events(&mut self) {
        for event in self.manager.native_events() {
            self.native_event(event);
        }
    }

    /// What the wrappers of native services say. Call [`Driver::report_empty_units`] afterwards.
    pub fn wrapper_event(&mut self, event: WrapperEvent) {
        let (id, message) = match event {
            WrapperEvent::Connected(descriptor) => return self.exec_socket.connected(descriptor),
            WrapperEvent::Gone(id) => return self.wrapper_gone(id),
            WrapperEvent::Said(id, message) => (id, message),
        };
        match message {
            FromWrapper::Wanted { unit } => {
                let Ok(unit) = UnitName::new(unit) else { return };
                if self.exec_socket.wanted(id, &unit) {
                    return;
                }
                let main = self.engine.status(&unit).and_then(|status| status.main_process);
                match main.filter(|process| self.is_missing(*process)) {
                    // An engine before was killed after it had ordered it.
                    Some(process) => self.handle(Event::NeverRan { process }),
                    None => self.native_event(NativeEvent::StartAsked(unit)),
                }
            }
            FromWrapper::StartAsked { unit } => {
                let Ok(unit) = UnitName::new(unit) else { return };
                self.exec_socket.asked(id, &unit);
                self.native_event(NativeEvent::StartAsked(unit));
            }
            FromWrapper::Runs { unit, process, pid } => {
                let (Ok(unit), Some(pid)) = (UnitName::new(unit), Pid::from_raw(pid)) else { return };
                self.wrapped_process_runs(id, &unit, process, pid);
            }
            FromWrapper::Ended { process, pid, status, .. } => {
                self.exec_socket.ended(id);
                if self.pid_of(process) == Some(pid) {
                    self.process_ended(pid, engine_link::exit_status(status));
                }
            }
            FromWrapper::Failed { process } => self.handle(Event::SpawnFailed { process }),
            FromWrapper::StopAsked { unit } => {
                let Ok(unit) = UnitName::new(unit) else { return };
                // The native manager follows when the engine stops a unit, and that is no wish of anybody's. It would
                // turn a restart into a stop.
                let is_up = self.engine.status(&unit).is_some_and(|status| {
                    status.active.is_active_or_reloading() || status.active == ActiveState::Activating
                });
                if is_up {
                    self.manager.stop_asked(&unit);
                    self.native_event(NativeEvent::StopAsked(unit));
                }
            }
        }
    }

    fn wrapped_process_runs(&mut self, id: ConnectionId, unit: &UnitName, process: ProcessId, pid: Pid) {
        if let Some(running) = self.exec_socket.runs(id, unit, process) {
            self.process_started(process, unit, pid, true);
            self.changed = true;
            if running.reports_exec {
                exec_report::watch(process, running.channel, self.watched.clone());
            } else if running.is_idle {
                self.idle.push(running.channel);
            }
            if let Some(signal) = running.signal {
                send_signal(pid.as_raw_nonzero().get(), signal);
            }
        } else if self.pid_of(process).is_none() && self.engine.unit_of_process(process) == Some(unit) {
            // An engine before was killed before it could note it.
            self.process_started(process, unit, pid, true);
            self.changed = true;
        } else if self.pid_of(process) != Some(pid.as_raw_nonzero().get()) {
            // Nor had that engine noted why it was started: the unit counts as down.
            end_with_children(pid.as_raw_nonzero().get());
        }
        let is_up = self.engine.status(unit).is_some_and(|status| status.active.is_active_or_reloading());
        if is_up {
            self.exec_socket.ready(unit);
        }
    }

    fn wrapper_gone(&mut self, id: ConnectionId) {
        let (runs, ordered) = self.exec_socket.gone(id);
        if let Some(process) = ordered {
            self.handle(Event::SpawnFailed { process });
        }
        // It was killed. Its process is somebody else's child now, perhaps ours.
        if let Some(pid) = runs.and_then(|process| self.pid_of(process)) {
            pidfd::watch(pid, self.watched.clone());
        }
    }
}
