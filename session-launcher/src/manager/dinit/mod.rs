//! Dinit: each service of the session is a service of the user's Dinit, by its control socket.
//!
//! Dinit has no services but those of description files. So a description is written when a service starts, into a directory
//! that the user's Dinit reads. It runs `session-launcher exec --unit UNIT`, which gets the process from the engine: whatever
//! Dinit limits, such as variables of more than 1021 bytes, does not matter. What becomes of services is told by Dinit's events.
//!
//! - [`instance`]: the Dinit that runs, or one of our own; [`connection`]: its control protocol
//! - [`description`]: a service as Dinit reads it
//!
//! Processes that are no services of their own (`ExecStartPre=`, `ExecStop=`..., `Type=oneshot` and `Type=forking`) are the
//! engine's own.

pub mod connection;
pub mod description;
pub mod instance;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use self::connection::{Connection, ControlError, Handle, State};
use self::instance::Instance;
use super::{Manager, ManagerError, NativeEvent, Order, Started, direct, is_supervised, path_of};
use crate::job::{ActiveState, ProcessId};
use crate::unit::spec::{Unit, UnitName};

/// The user's Dinit.
#[derive(Debug)]
pub struct Dinit {
    instance: Instance,
    program: PathBuf,
    environment: PathBuf,
    services: BTreeMap<String, Service>,
    failed: Vec<NativeEvent>,
    is_gone: bool,
}

/// What is known of one service.
#[derive(Debug)]
struct Service {
    unit: UnitName,
    text: String,
    handle: Option<Handle>,
    state: State,
    /// A start that waits until the run before is over.
    waiting: Option<ProcessId>,
    /// A start that has not been seen to come about.
    launched: Option<ProcessId>,
}

impl Dinit {
    /// Takes charge of the services in a user's Dinit. With `resume` those of an engine that was killed go on; else what is
    /// left of a session before is stopped. `environment` is a file for the variables of wrappers.
    ///
    /// # Errors
    /// The file cannot be written, or Dinit's directory not be read.
    pub fn new(
        instance: Instance,
        environment: PathBuf,
        runtime: Option<&std::path::Path>,
        resume: bool,
    ) -> io::Result<Self> {
        let runtime = runtime.map(|path| format!("XDG_RUNTIME_DIR={}\n", path.display())).unwrap_or_default();
        fs::write(&environment, runtime)?;
        let program = std::env::current_exe()?;
        let mut dinit = Self {
            instance,
            program,
            environment,
            services: BTreeMap::new(),
            failed: Vec::new(),
            is_gone: false,
        };
        for entry in fs::read_dir(&dinit.instance.directory)?.flatten() {
            let Ok(text) = fs::read_to_string(entry.path()) else { continue };
            let (Some(unit), Ok(name)) = (description::unit_of(&text), entry.file_name().into_string())
            else {
                continue;
            };
            if let Err(error) = dinit.take_over(name, unit, text, resume) {
                tracing::warn!("Dinit: {}: {error}", entry.path().display());
            }
        }
        Ok(dinit)
    }

    /// A service that was there before us.
    fn take_over(
        &mut self,
        name: String,
        unit: UnitName,
        text: String,
        resume: bool,
    ) -> Result<(), ControlError> {
        let (handle, state) = self.connection().load(&name)?;
        if !resume && state != State::Stopped {
            self.connection().stop(handle)?;
        }
        let service = Service { unit, text, handle: Some(handle), state, waiting: None, launched: None };
        self.services.insert(name, service);
        Ok(())
    }

    fn connection(&mut self) -> &mut Connection {
        &mut self.instance.connection
    }

    /// The name of a unit's service.
    fn name_of(&self, unit: &UnitName) -> String {
        let name = description::service_name(unit);
        match self.services.get(&name) {
            Some(service) if service.unit != *unit => description::long_service_name(unit),
            _ => name,
        }
    }

    fn start_service(&mut self, order: &Order<'_>) -> Result<(), ControlError> {
        let name = self.name_of(&order.unit.name);
        let log = order.log.and_then(path_of);
        let started = |unit: &UnitName| {
            let name = self.name_of(unit);
            let is_up = self.services.get(&name).is_some_and(|service| service.state == State::Started);
            is_up.then_some(name)
        };
        let parts = description::Parts {
            program: &self.program,
            environment: &self.environment,
            log: log.as_deref(),
        };
        let text = description::text(order.unit, &parts, &started);
        let plain = description::text(order.unit, &parts, &|_| None);
        self.describe(&name, order.unit, text, plain)?;
        let Some(service) = self.services.get_mut(&name) else { return Ok(()) };
        if order.is_asked {
            // Somebody starts it by dinitctl: its wrapper asks already.
            Ok(())
        } else if service.state == State::Stopped {
            self.launch(&name, order.process)
        } else {
            // The end of the run before has not been told yet.
            service.waiting = Some(order.process);
            Ok(())
        }
    }

    /// Has Dinit load the description, unless it has it already.
    fn describe(&mut self, name: &str, unit: &Unit, text: String, plain: String) -> Result<(), ControlError> {
        let known = self.services.get(name);
        if known.is_some_and(|service| service.text == text || service.state != State::Stopped) {
            return Ok(());
        }
        let handle = known.and_then(|service| service.handle);
        let path = self.instance.directory.join(name);
        fs::write(&path, &text)?;
        if let Some(handle) = handle {
            // Others may depend on it; then it stays as it was. Its handle may be void in either case.
            self.connection().reload(handle)?;
        }
        let (handle, state) = match self.connection().load(name) {
            // Dependencies that go round in a circle are for the engine to resolve.
            Err(ControlError::NotLoaded { .. }) if text != plain => {
                fs::write(&path, &plain)?;
                self.connection().load(name)?
            }
            answer => answer?,
        };
        let entry = self.services.entry(name.to_owned()).or_insert_with(|| Service {
            unit: unit.name.clone(),
            text: String::new(),
            handle: None,
            state,
            waiting: None,
            launched: None,
        });
        entry.text = text;
        entry.handle = Some(handle);
        entry.state = state;
        Ok(())
    }

    fn launch(&mut self, name: &str, process: ProcessId) -> Result<(), ControlError> {
        let Some(service) = self.services.get_mut(name) else { return Ok(()) };
        let Some(handle) = service.handle else { return Ok(()) };
        service.waiting = None;
        service.launched = Some(process);
        service.state = State::Starting;
        self.connection().start(handle)
    }

    fn take(&mut self, event: connection::ServiceEvent) {
        let found = self.services.iter_mut().find(|(_, service)| service.handle == Some(event.handle));
        let Some((name, service)) = found else { return };
        service.state = event.state;
        if event.state != State::Stopped {
            return;
        }
        // One that never asked for its process failed before it could; the others tell themselves.
        self.failed.extend(service.launched.take().map(NativeEvent::StartFailed));
        if let Some(process) = service.waiting.take() {
            let name = name.clone();
            if let Err(error) = self.launch(&name, process) {
                tracing::error!("Dinit: {name}: {error}");
                self.failed.push(NativeEvent::StartFailed(process));
            }
        }
    }

    fn lost(&mut self) {
        if !std::mem::replace(&mut self.is_gone, true) {
            tracing::error!("Dinit is gone; services start without it from now on");
            let services = std::mem::take(&mut self.services);
            let open = services.into_values().flat_map(|service| [service.waiting, service.launched]);
            self.failed.extend(open.flatten().map(NativeEvent::StartFailed));
        }
    }

    /// Forgets services that are down, those first that nothing depends on any more.
    fn unload_all(&mut self) {
        let mut names: Vec<String> = self.services.keys().cloned().collect();
        while !names.is_empty() {
            let before = names.len();
            names.retain(|name| {
                let handle = self.services.get(name).and_then(|service| service.handle);
                !handle.is_some_and(|handle| self.connection().unload(handle).unwrap_or(true))
            });
            if names.len() == before {
                break;
            }
        }
    }
}

impl Manager for Dinit {
    fn name(&self) -> &'static str {
        "dinit"
    }

    fn start(&mut self, order: &Order<'_>) -> Result<Started, ManagerError> {
        if !order.is_main || !is_supervised(order.unit) || self.is_gone {
            return direct::Direct.start(order);
        }
        match self.start_service(order) {
            Ok(()) => Ok(Started::Ordered),
            Err(ControlError::Io(error)) => {
                tracing::error!("Dinit: {error}");
                self.lost();
                direct::Direct.start(order)
            }
            Err(error) => Err(ManagerError::Refused { manager: "Dinit", message: error.to_string() }),
        }
    }

    fn ended(&mut self, _: &UnitName) {}

    fn state_changed(&mut self, unit: &UnitName, state: ActiveState) {
        let name = self.name_of(unit);
        let Some(service) = self.services.get_mut(&name) else { return };
        // A unit of Type=simple is active as soon as its process is ordered.
        if matches!(state, ActiveState::Activating) || state.is_active_or_reloading() {
            return;
        }
        // What still waits is not wanted any more.
        self.failed.extend(service.waiting.take().map(NativeEvent::StartFailed));
        // The engine stops it: it is to be seen as stopped, and not as having failed.
        if matches!(state, ActiveState::Deactivating)
            && matches!(service.state, State::Starting | State::Started)
            && let Some(handle) = service.handle
            && let Err(error) = self.connection().stop(handle)
        {
            tracing::warn!("Dinit: {name}: {error}");
        }
    }

    fn stop_asked(&mut self, unit: &UnitName) {
        // Another stop would undo the start that follows a stop by `dinitctl restart`.
        let name = self.name_of(unit);
        if let Some(service) = self.services.get_mut(&name) {
            service.state = State::Stopping;
        }
    }

    fn native_events(&mut self) -> Vec<NativeEvent> {
        if !self.is_gone {
            match self.connection().events() {
                Some(events) => {
                    for event in events {
                        self.take(event);
                    }
                }
                None => self.lost(),
            }
        }
        std::mem::take(&mut self.failed)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.instance.connection.descriptor())
    }

    fn supervisor(&self) -> Option<i32> {
        let peer = rustix::net::sockopt::socket_peercred(self.instance.connection.descriptor()).ok()?;
        Some(peer.pid.as_raw_nonzero().get())
    }

    fn finish(&mut self) {
        if self.is_gone {
            return;
        }
        if self.instance.is_ours {
            let _ = self.connection().shut_down();
        } else {
            self.unload_all();
        }
        for name in std::mem::take(&mut self.services).into_keys() {
            let _ = fs::remove_file(self.instance.directory.join(name));
        }
        let _ = fs::remove_file(&self.environment);
    }
}
