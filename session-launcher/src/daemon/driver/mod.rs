//! Carries out what the engine decides, and tells it what happened.
//!
//! Everything here is synchronous and quick. What takes time is waited for by the [event loop](crate::daemon::event_loop), which
//! calls in when it has come about.
//!
//! - [`action`]: what the engine decides
//! - [`spawn`], [`kill`], [`ending`]: the processes of units; [`look`]: what can be seen of them
//! - [`bus_name`]: their names on the bus
//! - [`adoption`]: those that an earlier engine has started
//! - [`native`]: what other service managers tell

mod action;
mod adoption;
mod bus_name;
mod ending;
mod kill;
mod look;
mod native;
mod spawn;

pub use kill::{KillError, KillWhom};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::OwnedFd;

use tokio::sync::mpsc;

use self::bus_name::BusNames;
use crate::daemon::clock;
use crate::daemon::exec_socket::ExecSocket;
use crate::daemon::path_watch::PathWatches;
use crate::daemon::socket_unit::Sockets;
use crate::daemon::state_file::SavedDriver;
use crate::daemon::unit_log::UnitLogs;
use crate::daemon::view::View;
use crate::daemon::{census, cgroup::Cgroups, environment::Environment, pidfd, trace, view, x11_services};
use crate::job::{Action, Engine, Event, ExitStatus, JobId, ProcessId, Request, RequestError, Spawn};
use crate::manager::Manager;
use crate::unit::spec::{Unit, UnitName};

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
    /// A process that an earlier engine has ordered, and that has had the time to come.
    OrderLost(ProcessId),
}

/// The engine and its hands.
pub struct Driver {
    engine: Engine<View>,
    manager: Box<dyn Manager>,
    sockets: Sockets,
    paths: PathWatches,
    logs: UnitLogs,
    notify_socket: std::path::PathBuf,
    bus_names: BusNames,
    /// What happened while actions were carried out.
    events: VecDeque<Event>,
    /// What there is to tell on the bus, in order.
    reports: Vec<Action>,
    /// Channels of processes that wait until no job is left.
    idle: Vec<OwnedFd>,
    /// Units that may have lost their last process.
    maybe_empty: BTreeSet<UnitName>,
    /// Processes that units without a process of their own have left elsewhere, and whose ends are waited for.
    strays: BTreeSet<i32>,
    /// Control processes that wait until the main process of their unit runs.
    delayed: Vec<Spawn>,
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
        let host = view(environment, crate::daemon::process_table::ProcessTable::default());
        Self::of(Engine::new(host, clock::now()), parts)
    }

    /// A driver that goes on where another process stopped.
    pub fn restore(saved: SavedDriver, kept: Vec<(String, OwnedFd)>, parts: Parts) -> Self {
        let processes = crate::daemon::process_table::ProcessTable::restore(saved.processes);
        let mut host = view(saved.environment, processes);
        host.transient = saved.transient;
        let (engine, actions) = Engine::restore(host, clock::now(), saved.engine);
        let mut driver = Self::of(engine, parts);
        driver.sockets.restore(kept);
        // What the one before was told it cannot know.
        for status in driver.engine.statuses() {
            driver.manager.state_changed(&status.name, status.active);
        }
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
            bus_names: BusNames::of(parts.bus_names),
            events: VecDeque::new(),
            reports: Vec::new(),
            idle: Vec::new(),
            maybe_empty: BTreeSet::new(),
            strays: BTreeSet::new(),
            delayed: Vec::new(),
            exec_socket: ExecSocket::default(),
            watched,
            watched_receiver: Some(watched_receiver),
            x11_due: true,
            changed: true,
            ending: None,
        }
    }

    /// Says whether there is a guardian, to whom the processes come that an earlier engine has left.
    pub fn set_guarded(&mut self, guarded: bool) {
        // Another service manager's descendants go to that manager, or past us.
        let all_ours = guarded && self.manager.descriptor().is_none();
        let guardian = rustix::process::getppid().filter(|_| all_ours);
        self.engine.host_mut().reapers =
            guardian.map(|guardian| vec![own_pid(), guardian.as_raw_nonzero().get()]);
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

    /// Cancels all jobs.
    pub fn cancel_all(&mut self) {
        let actions = self.engine.cancel_all(clock::now());
        self.carry_out(actions);
        self.work_off_events();
    }

    /// Loads a unit, and keeps it loaded while `pinned`.
    pub fn pin(&mut self, unit: &UnitName, pinned: bool) {
        let actions = self.engine.pin(clock::now(), unit, pinned);
        self.carry_out(actions);
        self.work_off_events();
    }

    /// Reads environment.d(5) and all unit files again.
    pub fn reload(&mut self) {
        self.environment_mut().read_files();
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

    /// Suspends a unit's processes, or lets them go on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn set_frozen(&self, unit: &UnitName, frozen: bool) -> std::io::Result<()> {
        match (self.engine.spec(unit), &self.engine.host().cgroups) {
            (Some(spec), Some(cgroups)) => cgroups.set_frozen(spec, frozen),
            _ => Ok(()),
        }
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

    /// Ends the manager as it is.
    pub fn end(&mut self, status: i32) {
        self.ending = Some(status);
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
            Watched::OrderLost(process) if self.is_missing(process) => {
                self.handle(Event::NeverRan { process });
            }
            Watched::OrderLost(_) => {}
            Watched::Ended(pid) if self.strays.remove(&pid) => self.process_ended(pid, ExitStatus::Code(0)),
            // A child's end is reported with its status by whoever waits for it.
            Watched::Ended(pid) if census::parent_of(pid) == Some(own_pid()) => {}
            // Nobody here can know how it ended.
            Watched::Ended(pid) => {
                self.strays.remove(&pid);
                self.process_ended(pid, ExitStatus::Code(0));
            }
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

    /// What has to outlive this process.
    pub fn saved(&self) -> SavedDriver {
        let host = self.engine.host();
        SavedDriver {
            manager: self.manager.name().to_owned(),
            engine: self.engine.snapshot(),
            processes: host.processes.saved(),
            environment: host.environment.clone(),
            transient: host.transient.clone(),
        }
    }

    /// Takes one event, and all that follows from it.
    pub fn handle(&mut self, event: Event) {
        self.events.push_back(event);
        self.work_off_events();
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
}

fn view(environment: Environment, processes: crate::daemon::process_table::ProcessTable) -> View {
    View {
        loader: view::loader(&environment),
        transient: BTreeMap::new(),
        environment,
        processes,
        cgroups: Cgroups::detect(),
        reapers: None,
        pid_files: std::collections::HashMap::new(),
    }
}

/// The template that a socket unit with `Accept=yes` makes instances of.
fn accept_template(unit: &Unit) -> Option<UnitName> {
    UnitName::new(format!("{}@.service", unit.name.stem())).ok()
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}
