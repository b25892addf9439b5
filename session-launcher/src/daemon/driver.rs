//! Carries out what the engine decides, and tells it what happened.
//!
//! Everything here is synchronous and quick. What takes time is waited for by the [event loop](super::event_loop), which
//! calls in when it has come about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::{Pid, Signal};
use tokio::sync::mpsc;

use super::clock::{self, Stamp};
use super::exec_socket::{ConnectionId, ExecSocket, Parked, WrapperEvent};
use super::path_watch::PathWatches;
use super::process_table::MainRun;
use super::socket_unit::Sockets;
use super::unit_log::UnitLogs;
use super::view::View;
use super::{
    census, cgroup::Cgroups, environment::Environment, exec_report, pidfd, trace, view, x11_services,
};
use crate::exec::native_message::FromWrapper;
use crate::exec::prepare::{self, Circumstances};
use crate::job::{
    Action, ActiveState, Engine, Event, ExitStatus, JobId, JobKind, KillTarget, Phase, ProcessId, Request,
    RequestError, Spawn,
};
use crate::manager::{Manager, NativeEvent, Order, Started};
use crate::unit::spec::{CommandLine, EmergencyAction, ExecSettings, NotifyAccess, Settings, Unit, UnitName};

/// Whom a signal asked for over D-Bus or by systemctl is for (`KillUnit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillWhom {
    /// The main process.
    Main,
    /// The process that starts, stops or reloads it now.
    Control,
    /// All of them.
    All,
}

/// Why a signal reached nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KillError {
    /// The unit is not loaded.
    #[error("Unit {0} not loaded.")]
    NotLoaded(UnitName),
    /// The process that was asked for is not there.
    #[error("No {what} process to kill")]
    NoProcess {
        /// `main` or `control`.
        what: &'static str,
    },
    /// There is no such signal.
    #[error("Signal number out of range.")]
    NoSignal,
}

/// How long the wrapper of a native service may take to find a new engine.
const WRAPPER_WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// What is waited for beside the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// A process that is nobody's child here has ended.
    Ended(i32),
    /// A process has got through execve(2).
    Executed(ProcessId),
    /// A process ended while no engine ran, and whoever saw how has had the time to tell.
    Lost(i32),
}

/// The engine and its hands.
pub struct Driver {
    engine: Engine<View>,
    manager: Box<dyn Manager>,
    sockets: Sockets,
    paths: PathWatches,
    logs: UnitLogs,
    notify_socket: std::path::PathBuf,
    /// Well-known names on the bus that have an owner.
    bus_names: BTreeSet<String>,
    /// What happened while actions were carried out.
    events: VecDeque<Event>,
    /// What there is to tell on the bus, in order.
    reports: Vec<Action>,
    /// Channels of processes that wait until no job is left.
    idle: Vec<OwnedFd>,
    /// Units that may have lost their last process.
    maybe_empty: BTreeSet<UnitName>,
    /// Wrappers of native services.
    exec_socket: ExecSocket,
    watched: mpsc::UnboundedSender<Watched>,
    watched_receiver: Option<mpsc::UnboundedReceiver<Watched>>,
    /// It may be time for the services of X11 programs.
    x11_due: bool,
    /// Something has come about that the next engine has to know.
    changed: bool,
    ending: Option<i32>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("manager", &self.manager.name()).finish_non_exhaustive()
    }
}

/// What a driver works with.
pub struct Parts {
    /// Starts the processes.
    pub manager: Box<dyn Manager>,
    /// Where units' output goes.
    pub logs: UnitLogs,
    /// The path of the notification socket.
    pub notify_socket: std::path::PathBuf,
    /// Well-known names on the bus that have an owner.
    pub bus_names: BTreeSet<String>,
}

impl Driver {
    /// A driver of a new engine.
    pub fn new(environment: Environment, parts: Parts) -> Self {
        let host = view(environment, super::process_table::ProcessTable::default());
        Self::of(Engine::new(host, clock::now()), parts)
    }

    /// A driver that goes on where another process stopped.
    pub fn restore(saved: super::state_file::Saved, kept: Vec<(String, OwnedFd)>, parts: Parts) -> Self {
        let processes = super::process_table::ProcessTable::restore(saved.processes);
        let mut host = view(Environment::of(saved.environment), processes);
        host.transient = saved.transient;
        let (engine, actions) = Engine::restore(host, clock::now(), saved.engine);
        let mut driver = Self::of(engine, parts);
        driver.sockets.restore(kept);
        driver.carry_out(actions);
        driver.work_off_events();
        driver
    }

    fn of(engine: Engine<View>, parts: Parts) -> Self {
        // Bounded in fact: one message for each process that is watched.
        let (watched, watched_receiver) = mpsc::unbounded_channel();
        Self {
            engine,
            manager: parts.manager,
            sockets: Sockets::default(),
            paths: PathWatches::new(),
            logs: parts.logs,
            notify_socket: parts.notify_socket,
            bus_names: parts.bus_names,
            events: VecDeque::new(),
            reports: Vec::new(),
            idle: Vec::new(),
            maybe_empty: BTreeSet::new(),
            exec_socket: ExecSocket::default(),
            watched,
            watched_receiver: Some(watched_receiver),
            x11_due: true,
            changed: true,
            ending: None,
        }
    }

    /// The engine, to be looked at.
    pub fn engine(&self) -> &Engine<View> {
        &self.engine
    }

    /// The manager's environment.
    pub fn environment(&self) -> &Environment {
        &self.engine.host().environment
    }

    /// The manager's environment, to be changed.
    pub fn environment_mut(&mut self) -> &mut Environment {
        self.changed = true;
        self.x11_due = true;
        &mut self.engine.host_mut().environment
    }

    /// The service manager's name.
    pub fn manager_name(&self) -> &'static str {
        self.manager.name()
    }

    /// Queues a job (StartUnit, StopUnit...).
    ///
    /// # Errors
    /// The engine refuses.
    pub fn request(&mut self, request: &Request) -> Result<JobId, RequestError> {
        let (answer, actions) = self.engine.request(clock::now(), request);
        self.carry_out(actions);
        self.work_off_events();
        answer
    }

    /// Forgets failures, of one unit or all.
    ///
    /// # Errors
    /// The unit is not loaded.
    pub fn reset_failed(&mut self, unit: Option<&UnitName>) -> Result<(), RequestError> {
        let (answer, actions) = self.engine.reset_failed(clock::now(), unit);
        self.carry_out(actions);
        self.work_off_events();
        answer
    }

    /// Cancels a job. False when there is none of that number.
    pub fn cancel(&mut self, job: JobId) -> bool {
        let (known, actions) = self.engine.cancel(clock::now(), job);
        self.carry_out(actions);
        self.work_off_events();
        known
    }

    /// Loads a unit, and keeps it loaded while `pinned`.
    pub fn pin(&mut self, unit: &UnitName, pinned: bool) {
        let actions = self.engine.pin(clock::now(), unit, pinned);
        self.carry_out(actions);
        self.work_off_events();
    }

    /// Reads all unit files again.
    pub fn reload(&mut self) {
        let loader = view::loader(self.environment());
        self.engine.host_mut().loader = loader;
        self.handle(Event::Reload);
    }

    /// Enters a unit that somebody describes instead of a file; a request starts it. `pids` are its processes if it is a scope.
    pub fn add_transient(&mut self, unit: Unit, pids: &[i32]) {
        let name = unit.name.clone();
        for pid in pids {
            if let Some(cgroups) = &self.engine.host().cgroups {
                cgroups.adopt(&unit, *pid);
            }
            trace::started(&name, *pid);
            self.engine.host_mut().processes.joined(*pid, name.clone());
            pidfd::watch(*pid, self.watched.clone());
        }
        self.engine.host_mut().transient.insert(name.clone(), unit);
        let actions = self.engine.redefine(clock::now(), &name);
        self.carry_out(actions);
        self.work_off_events();
    }

    /// Takes back a unit that [`Driver::add_transient`] has entered and that nothing has started.
    pub fn remove_transient(&mut self, name: &UnitName) {
        if self.engine.status(name).is_none() {
            self.engine.host_mut().transient.remove(name);
        }
    }

    /// Whether the unit was entered by [`Driver::add_transient`].
    pub fn is_transient(&self, unit: &UnitName) -> bool {
        self.engine.host().transient.contains_key(unit)
    }

    /// Lets a scope run on without its creator.
    pub fn abandon_scope(&mut self, unit: &UnitName) {
        self.handle(Event::ScopeAbandoned { unit: unit.clone() });
    }

    /// Sends a signal to a unit's processes.
    ///
    /// # Errors
    /// The unit or the process is not there, or there is no such signal.
    pub fn kill_unit(&mut self, unit: &UnitName, whom: KillWhom, signal: i32) -> Result<(), KillError> {
        let status = self.engine.status(unit).ok_or_else(|| KillError::NotLoaded(unit.clone()))?;
        let signal = Signal::from_named_raw(signal).ok_or(KillError::NoSignal)?;
        let one = |process: Option<ProcessId>, what| process.ok_or(KillError::NoProcess { what });
        let pids = match whom {
            KillWhom::Main => self.pid_of(one(status.main_process, "main")?).into_iter().collect(),
            KillWhom::Control => self.pid_of(one(status.control_process, "control")?).into_iter().collect(),
            KillWhom::All => self.processes_of(&status.name),
        };
        for pid in pids {
            send_signal(pid, signal);
        }
        Ok(())
    }

    /// The kernel's number of a process of the engine.
    pub fn pid_of(&self, process: ProcessId) -> Option<i32> {
        self.engine.host().processes.pid(process).map(|pid| pid.as_raw_nonzero().get())
    }

    /// The unit of a process.
    pub fn unit_of_pid(&self, pid: i32) -> Option<UnitName> {
        self.engine.host().unit_of_pid(pid)
    }

    /// All processes of a unit.
    pub fn processes_of(&self, unit: &UnitName) -> Vec<i32> {
        self.engine.host().processes_of(unit)
    }

    /// `InvocationID`, in hexadecimal.
    pub fn invocation(&self, unit: &UnitName) -> Option<&str> {
        self.engine.host().processes.known_invocation(unit)
    }

    /// The last main process of a service.
    pub fn main_run(&self, unit: &UnitName) -> Option<&MainRun> {
        self.engine.host().processes.main_run(unit)
    }

    /// `ControlGroup` of a unit that runs; empty where there are no control groups.
    pub fn control_group(&self, unit: &Unit) -> String {
        self.engine.host().cgroups.as_ref().map(|cgroups| cgroups.path(unit)).unwrap_or_default()
    }

    /// Where a unit's output goes.
    pub fn logs(&self) -> &UnitLogs {
        &self.logs
    }

    /// What there is to tell on the bus since the last call: jobs, units and states that came, changed and went.
    pub fn take_reports(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.reports)
    }

    /// The exit status with which the manager is to end, once it is.
    pub fn ending(&self) -> Option<i32> {
        self.ending
    }

    /// When [`Driver::handle`] wants an [`Event::Tick`].
    pub fn next_deadline(&self) -> Option<crate::job::Moment> {
        self.engine.next_deadline()
    }

    /// The sockets of socket units, to be waited for.
    pub fn sockets_mut(&mut self) -> &mut Sockets {
        &mut self.sockets
    }

    /// What path units and PID files wait for.
    pub fn paths_mut(&mut self) -> &mut PathWatches {
        &mut self.paths
    }

    /// The service manager.
    pub fn manager_mut(&mut self) -> &mut dyn Manager {
        self.manager.as_mut()
    }

    /// Wrappers of native services.
    pub fn exec_socket_mut(&mut self) -> &mut ExecSocket {
        &mut self.exec_socket
    }

    /// Ends of processes that are nobody's child here, for the event loop.
    pub fn take_watched(&mut self) -> Option<mpsc::UnboundedReceiver<Watched>> {
        self.watched_receiver.take()
    }

    /// Takes what the event loop has got from there.
    pub fn watched(&mut self, watched: Watched) {
        match watched {
            Watched::Executed(process) => self.handle(Event::Executed { process }),
            // Nobody was there to see how. It counts as a failure, so that whoever depends on it reacts.
            Watched::Lost(pid) if self.knows_process(pid) && !self.still_runs(pid) => {
                self.process_ended(pid, ExitStatus::Code(u8::MAX));
            }
            Watched::Lost(_) => {}
            // A child's end is reported with its status by whoever waits for it.
            Watched::Ended(pid) if census::parent_of(pid) == Some(own_pid()) => {}
            // Nobody here can know how it ended.
            Watched::Ended(pid) => self.process_ended(pid, ExitStatus::Code(0)),
        }
    }

    /// Something waits at a unit's sockets.
    pub fn socket_ready(&mut self, unit: &UnitName) {
        let mut instance = None;
        if self.sockets.accepts(unit) {
            let template = self.engine.spec(unit).and_then(accept_template);
            instance = self.sockets.accept(unit, template.as_ref());
            // A connection that is gone already starts nothing.
            if instance.is_none() {
                return self.sockets.watch(unit, true);
            }
        }
        self.handle(Event::SocketReady { unit: unit.clone(), instance });
        if self.sockets.accepts(unit) {
            self.sockets.watch(unit, true);
        }
    }

    /// Starts what nobody else starts here. Called when all events are worked off.
    pub fn start_x11_services(&mut self) {
        if std::mem::take(&mut self.x11_due) {
            x11_services::start_if_due(self);
        }
    }

    /// Whether anything has come about, since the last call, that the next engine has to know.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether a process was started here or is in a scope.
    pub fn knows_process(&self, pid: i32) -> bool {
        self.engine.host().processes.unit(pid).is_some()
    }

    /// All processes that were started here or are in scopes.
    pub fn known_pids(&self) -> Vec<i32> {
        let table = &self.engine.host().processes;
        let started = table.records().map(|(_, record)| record.pid.as_raw_nonzero().get());
        started.chain(table.members().map(|(pid, _)| pid)).collect()
    }

    /// Takes note of processes that have ended while no engine ran. The wrapper of a native service may know how.
    pub fn processes_lost(&self, pids: Vec<i32>) {
        let native = self.manager.descriptor().is_some();
        for pid in pids {
            let watched = self.watched.clone();
            tokio::spawn(async move {
                if native {
                    tokio::time::sleep(WRAPPER_WAIT).await;
                }
                let _ = watched.send(Watched::Lost(pid));
            });
        }
    }

    /// Watches the processes that an earlier engine has started, but for those whose end somebody else tells.
    pub fn watch_adopted(&self, has_guardian: bool) {
        let table = &self.engine.host().processes;
        let guardian = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
        let (running, lost): (Vec<i32>, Vec<i32>) =
            self.known_pids().into_iter().partition(|pid| self.still_runs(*pid));
        self.processes_lost(lost);
        for pid in running {
            let parent = census::parent_of(pid);
            let is_member = table.members().any(|(member, _)| member == pid);
            let is_told = if parent == guardian {
                has_guardian
            } else {
                // The wrapper of a native service is the parent of its process, and tells how that ended.
                parent.is_some_and(|parent| parent != own_pid() && census::is_own_program(parent))
            };
            if is_member || !is_told {
                pidfd::watch(pid, self.watched.clone());
            }
        }
    }

    /// Whether a known process still runs, and is not another one of the same number.
    pub fn still_runs(&self, pid: i32) -> bool {
        self.engine.host().processes.still_runs(pid)
    }

    /// Ends processes that an earlier engine has started but had not told of: their units count as not started, and will
    /// be started again.
    pub fn end_unknown_children(&self) {
        let Some(guardian) = rustix::process::getppid() else { return };
        let guardian = guardian.as_raw_nonzero().get();
        let own = own_pid();
        let ours = census::descendants(own);
        // Supervisors and wrappers of native services.
        let mut above: BTreeSet<i32> = self.known_pids().into_iter().flat_map(census::ancestors).collect();
        above.extend(self.manager.supervisor());
        for pid in census::descendants(guardian) {
            if pid == own || ours.contains(&pid) || above.contains(&pid) || self.knows_process(pid) {
                continue;
            }
            // What a known process has left behind stays; what was started and not noted goes, with its children.
            if census::is_spawned(pid) {
                for child in census::descendants(pid) {
                    send_signal(child, Signal::KILL);
                }
                send_signal(pid, Signal::KILL);
            } else if self.unit_of_pid(pid).is_none() {
                send_signal(pid, Signal::KILL);
            }
        }
    }

    /// What has to outlive this process.
    pub fn saved(&self) -> super::state_file::Saved {
        let host = self.engine.host();
        super::state_file::Saved {
            engine: self.engine.snapshot(),
            processes: host.processes.saved(),
            environment: host.environment.variables().clone(),
            transient: host.transient.clone(),
        }
    }

    /// Takes one event, and all that follows from it.
    pub fn handle(&mut self, event: Event) {
        self.events.push_back(event);
        self.work_off_events();
    }

    /// A name on the bus has an owner now, or has none any more.
    pub fn bus_name_changed(&mut self, name: &str, owned: bool) {
        let changed =
            if owned { self.bus_names.insert(name.to_owned()) } else { self.bus_names.remove(name) };
        // A name that goes from one owner to the next is lost in between.
        if changed || owned {
            self.handle(Event::BusNameOwned { name: name.to_owned(), owned });
        }
    }

    /// A process has ended. Call [`Driver::report_empty_units`] after the last of a batch.
    pub fn process_ended(&mut self, pid: i32, status: ExitStatus) {
        let (process, unit) = self.engine.host_mut().processes.ended(pid, status, Stamp::now());
        trace::ended(unit.as_ref(), pid, status);
        match unit {
            Some(unit) => {
                self.maybe_empty.insert(unit);
            }
            // A stray that came to us: it may have been the last of any unit that has lost its main process.
            None => {
                let lingering = self.lingering_units();
                self.maybe_empty.extend(lingering);
            }
        }
        self.handle(Event::Exited { process, status });
    }

    /// Tells the engine which units have no process left.
    pub fn report_empty_units(&mut self) {
        let candidates = std::mem::take(&mut self.maybe_empty);
        if candidates.is_empty() {
            return;
        }
        let running: Vec<UnitName> =
            self.engine.host().processes.records().map(|(_, record)| record.unit.clone()).collect();
        let candidates: Vec<_> = candidates
            .into_iter()
            .filter(|unit| !running.contains(unit))
            // A scope has no run of its own, only members, and its last one may be what has just ended.
            .filter(|unit| {
                unit.kind() == crate::unit::spec::UnitKind::Scope
                    || self.engine.host().processes.has_run(unit)
            })
            .collect();
        if candidates.is_empty() {
            return;
        }
        let host = self.engine.host();
        let census = host.cgroups.is_none().then(|| host.census());
        for unit in candidates {
            let is_empty = match &census {
                Some(census) => !census.has(&unit),
                None => self.engine.host().processes_of(&unit).is_empty(),
            };
            if is_empty {
                self.handle(Event::Empty { unit });
            }
        }
    }

    /// Units with a run whose own processes have ended, though others may be left.
    fn lingering_units(&self) -> Vec<UnitName> {
        let processes = &self.engine.host().processes;
        let alive: BTreeSet<&UnitName> = processes.records().map(|(_, record)| &record.unit).collect();
        self.engine
            .statuses()
            .into_iter()
            .map(|status| status.name)
            .filter(|unit| !alive.contains(unit) && processes.has_run(unit))
            .collect()
    }

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
                if !self.exec_socket.wanted(id, &unit) {
                    self.native_event(NativeEvent::StartAsked(unit));
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
                    self.process_ended(pid, super::engine_link::exit_status(status));
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

    fn work_off_events(&mut self) {
        while let Some(event) = self.events.pop_front() {
            let actions = self.engine.handle(clock::now(), event);
            self.carry_out(actions);
        }
        if !self.idle.is_empty() && self.engine.jobs().next().is_none() {
            self.idle.clear();
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.carry_out_one(action);
        }
    }

    fn carry_out_one(&mut self, action: Action) {
        self.changed = true;
        trace::action(&action);
        match action {
            Action::Spawn(spawn) => self.spawn(&spawn),
            Action::Kill { unit, target, signal } => self.kill(&unit, &target, signal),
            Action::WatchBusName { name } => {
                // The state now; the event loop tells of changes of every name.
                if self.bus_names.contains(&name) {
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

    fn spawn(&mut self, spawn: &Spawn) {
        if let Err(error) = self.try_spawn(spawn) {
            tracing::error!("{}: {error}", spawn.unit);
            self.logs.note(&spawn.unit, &error);
            self.events.push_back(Event::SpawnFailed { process: spawn.process });
        }
    }

    fn try_spawn(&mut self, spawn: &Spawn) -> Result<(), String> {
        let unit = self.engine.spec(&spawn.unit).ok_or("it is not loaded")?.clone();
        let (command, exec) = command_of(&unit, spawn).ok_or("there is no such command")?;
        trace::execute(&unit.name, command);
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

    fn kill(&mut self, unit: &UnitName, target: &KillTarget, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        let pids = match target {
            KillTarget::Process(process) => {
                let pid = self.pid_of(*process);
                // A native service's process may not run yet.
                if pid.is_none() && self.exec_socket.signal_later(*process, signal) {
                    return;
                }
                pid.into_iter().collect()
            }
            KillTarget::AllBut(known) => {
                let known: Vec<i32> = known.iter().filter_map(|process| self.pid_of(*process)).collect();
                let mut pids = self.processes_of(unit);
                pids.retain(|pid| !known.contains(pid));
                pids
            }
        };
        for pid in pids {
            send_signal(pid, signal);
            if signal != Signal::KILL && signal != Signal::CONT {
                send_signal(pid, Signal::CONT);
            }
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
                let request = super::exit_request();
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

fn view(environment: Environment, processes: super::process_table::ProcessTable) -> View {
    View {
        loader: view::loader(&environment),
        transient: BTreeMap::new(),
        environment,
        processes,
        cgroups: Cgroups::detect(),
        pid_files: std::collections::HashMap::new(),
    }
}

fn command_of<'a>(unit: &'a Unit, spawn: &Spawn) -> Option<(&'a CommandLine, &'a ExecSettings)> {
    let (list, exec) = match &unit.settings {
        Settings::Service(service) => {
            let commands = &service.commands;
            let list = match spawn.phase {
                Phase::Condition => &commands.condition,
                Phase::StartPre => &commands.start_pre,
                Phase::Start => &commands.start,
                Phase::StartPost => &commands.start_post,
                Phase::Reload => &commands.reload,
                Phase::ReloadPost => &commands.reload_post,
                Phase::Stop => &commands.stop,
                Phase::StopPost => &commands.stop_post,
            };
            (list, &service.exec)
        }
        Settings::Socket(socket) => {
            let list = match spawn.phase {
                Phase::StartPre => &socket.start_pre,
                Phase::StartPost => &socket.start_post,
                Phase::Stop => &socket.stop_pre,
                _ => &socket.stop_post,
            };
            (list, &socket.exec)
        }
        _ => return None,
    };
    list.get(spawn.index).map(|command| (command, exec))
}

/// The template that a socket unit with `Accept=yes` makes instances of.
fn accept_template(unit: &Unit) -> Option<UnitName> {
    UnitName::new(format!("{}@.service", unit.name.stem())).ok()
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// A process that has gone meanwhile needs no signal.
fn send_signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
