//! The engine's process: one thread that waits for everything there is to wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use rustix::process::{Pid, Signal as ProcessSignal, WaitOptions};
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::driver::{Driver, Parts, Watched};
use super::engine_link::{self, EngineLink, Legacy};
use super::environment::Environment;
use super::exec_socket::WrapperEvent;
use super::notify::{self, NotifySocket};
use super::state_file::{Previous, Saved, StateFile};
use super::unit_log::{self, UnitLogs};
use super::{DaemonError, bus_messages, census, clock, lock, readable, session_bus};
use crate::bus::Face;
use crate::client;
use crate::job::{Event, ExitStatus};
use crate::manager::select::{self, Circumstances, Wanted};
use crate::unit::spec::{JobMode, UnitName};
use crate::unit::specifier::Host;

/// Changes are saved that long after they came, with others that came meanwhile.
const SAVE_DELAY: Duration = Duration::from_millis(10);

/// Between two saves passes so many times what the last one took: with very many units it must not be all that is done.
const SAVE_REST: u32 = 4;

/// What the guardian keeps the notification socket by.
const NOTIFY: &str = "notify";

/// What it keeps the user's lock by.
const LOCK: &str = "lock";

/// How often the sizes of logs are looked at.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// How long the processes of a session that ended uncleanly may take to follow SIGTERM.
const LEFTOVER_WAIT: Duration = Duration::from_secs(3);

/// How long units may take to stop when the bus is gone, and with it whoever could ask for anything.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What the engine is called with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Start this unit instead of default.target.
    pub unit: Option<UnitName>,
    /// Writes a newline to standard output once the manager can be reached.
    pub announce: bool,
    /// What supervises the services.
    pub manager: Wanted,
    /// Start a service manager of our own when the user has none.
    pub private: bool,
}

/// Runs the engine until it is told to end. Gives its exit status.
///
/// # Errors
/// It cannot begin.
pub fn run(options: &Options) -> Result<i32, DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| DaemonError::Io { what: "tokio", error })?;
    runtime.block_on(async { Ok(EngineProcess::begin(options).await?.serve().await) })
}

struct EngineProcess {
    driver: Driver,
    face: Face,
    messages: zbus::MessageStream,
    notify: NotifySocket,
    link: EngineLink,
    state: StateFile,
    children: Signal,
    terminations: Signal,
    /// The session has ended above us.
    hangups: Signal,
    watched: UnboundedReceiver<Watched>,
    wrappers: UnboundedReceiver<WrapperEvent>,
    native: Option<AsyncFd<OwnedFd>>,
    ready_sockets: UnboundedReceiver<UnitName>,
    inotify: Option<AsyncFd<OwnedFd>>,
    save_at: Option<Instant>,
    save_delay: Duration,
    logs_at: Instant,
    /// When nothing is left of the session whose bus is gone.
    end_at: Option<Instant>,
    _lock: OwnedFd,
}

/// What ended a wait.
enum Wake {
    Children,
    Notification,
    Message(Option<Box<zbus::Result<zbus::Message>>>),
    Terminate,
    Socket(UnitName),
    Watched(Watched),
    Wrapper(WrapperEvent),
    Native,
    Paths,
    Guardian,
    Deadline,
    NoEnd,
    Overdue,
    Save,
    Logs,
}

impl EngineProcess {
    async fn begin(options: &Options) -> Result<Self, DaemonError> {
        let io = |what| move |error| DaemonError::Io { what, error };
        // Whoever's parent ends becomes a child here, so that its end is seen.
        let own = rustix::process::getpid();
        rustix::process::set_child_subreaper(Some(own)).map_err(|error| io("subreaper")(error.into()))?;
        let environment = Environment::detect();
        let host = Host::detect(environment.variables(), None);
        let directory = super::runtime_directory(&host).ok_or(DaemonError::NoRuntimeDirectory)?;
        let failed = |error| DaemonError::Directory { path: directory.clone(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        let connection = zbus::connection::Builder::session().build().await?;
        let children = signal(SignalKind::child()).map_err(io("SIGCHLD"))?;
        let terminations = signal(SignalKind::terminate()).map_err(io("SIGTERM"))?;
        let hangups = signal(SignalKind::hangup()).map_err(io("SIGHUP"))?;
        let (mut link, mut legacy) = EngineLink::open();
        let lock = match legacy.take_kept(LOCK) {
            Some(lock) => lock,
            None => {
                let lock = OwnedFd::from(lock::take(&directory.join("lock"), &connection).await?);
                // So that nobody takes it while the engine is being started again.
                link.hold(LOCK, lock.as_fd());
                lock
            }
        };

        let messages = zbus::MessageStream::from(&connection);
        let names = bus_messages::owned_names(&connection).await?;
        let state = StateFile::new(&directory, &bus_messages::bus_id(&connection).await?);
        let mut face = Face::new(connection.clone()).await?;

        let notify_path = directory.join("notify");
        // Of the engine before, with what came while there was none.
        let kept = legacy.take_kept(NOTIFY).and_then(|socket| NotifySocket::of(socket).ok());
        let notify = match kept {
            Some(notify) => notify,
            None => {
                let notify = NotifySocket::bind(&notify_path).map_err(failed)?;
                link.hold(NOTIFY, notify.descriptor());
                notify
            }
        };
        let previous = state.read();
        let before = match &previous {
            Previous::Resume(saved) => Some(saved.driver.manager.clone()),
            _ => None,
        };
        if before.is_none() {
            tell_bus(&connection, environment.from_files()).await;
        }
        let circumstances = Circumstances {
            private: options.private,
            host: &host,
            variables: environment.variables(),
            before: before.as_deref(),
        };
        let parts = Parts {
            manager: select::select(&options.manager, &circumstances),
            logs: UnitLogs::new(unit_log::directory(&host)),
            notify_socket: notify_path,
            bus_names: names.iter().filter(|name| !bus_messages::is_unique(name)).cloned().collect(),
        };
        let mut driver = match previous {
            Previous::Resume(saved) => {
                let kept = std::mem::take(&mut legacy.kept);
                let mut driver = Driver::restore(saved.driver, kept, parts);
                face.resume(&mut driver, saved.face, &names);
                resume(&mut driver, &legacy, &mut link).await;
                driver
            }
            previous => {
                if let Previous::Stale(pids) = previous {
                    end_leftovers(&pids).await;
                }
                let mut driver = Driver::new(environment, parts);
                start_first_units(&mut driver, options.unit.clone());
                driver
            }
        };
        driver.set_guarded(link.is_open());
        let exec_path = directory.join(crate::exec::native_message::SOCKET);
        driver.exec_socket_mut().listen(&exec_path).map_err(failed)?;
        let wrappers = driver.exec_socket_mut().take_receiver().ok_or_else(lost_receiver)?;
        let native = driver.manager_mut().descriptor().map(|descriptor| descriptor.try_clone_to_owned());
        let native = native.transpose().and_then(|own| own.map(readable::register).transpose());
        let watched = driver.take_watched().ok_or_else(lost_receiver)?;
        let ready_sockets = driver.sockets_mut().take_receiver().ok_or_else(lost_receiver)?;
        let inotify = driver.paths_mut().descriptor().map(|descriptor| descriptor.try_clone_to_owned());
        let inotify = inotify.transpose().and_then(|own| own.map(readable::register).transpose());
        let process = Self {
            driver,
            face,
            messages,
            notify,
            link,
            state,
            children,
            terminations,
            hangups,
            watched,
            wrappers,
            native: native.map_err(io("events of the service manager"))?,
            ready_sockets,
            inotify: inotify.map_err(io("inotify"))?,
            save_at: Some(Instant::now()),
            save_delay: SAVE_DELAY,
            logs_at: Instant::now() + LOG_INTERVAL,
            end_at: None,
            _lock: lock,
        };
        if options.announce {
            let _ = writeln!(std::io::stdout());
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        Ok(process)
    }

    async fn serve(&mut self) -> i32 {
        loop {
            self.settle().await;
            if let Some(status) = self.driver.ending() {
                self.driver.manager_mut().finish();
                self.state.remove();
                return status;
            }
            let wake = self.wait().await;
            // Whatever woke us: what processes have said comes before their ends, and their ends before lost names.
            self.read_notifications();
            self.reap();
            match wake {
                Wake::Children | Wake::Notification | Wake::Guardian => {}
                Wake::Message(Some(message)) => match *message {
                    Ok(message) => self.take_message(&message).await,
                    Err(error) => tracing::warn!("session bus: {error}"),
                },
                Wake::Message(None) => {
                    tracing::info!("the session bus is gone");
                    self.face.close();
                    self.end_at = Some(Instant::now() + LAST_WAIT);
                    self.terminate();
                }
                Wake::Terminate => self.terminate(),
                Wake::Overdue => {
                    end_leftovers(&self.driver.all_processes()).await;
                    self.driver.end(0);
                }
                Wake::Socket(unit) => self.driver.socket_ready(&unit),
                Wake::Watched(watched) => self.driver.watched(watched),
                Wake::Wrapper(event) => self.driver.wrapper_event(event),
                Wake::Native => {}
                Wake::Paths => {
                    for event in self.driver.paths_mut().events() {
                        self.driver.handle(event);
                    }
                }
                Wake::Deadline => self.driver.handle(Event::Tick),
                Wake::NoEnd => self.driver.tell_lost_names(),
                Wake::Save => self.save(),
                Wake::Logs => {
                    self.driver.logs().bound_sizes();
                    self.logs_at = Instant::now() + LOG_INTERVAL;
                }
            }
        }
    }

    async fn wait(&mut self) -> Wake {
        let deadline = self.driver.next_deadline().map(|at| at.saturating_sub(clock::now()));
        let tick = sleep_until(deadline.and_then(|span| Instant::now().checked_add(span)));
        let save = sleep_until(self.save_at);
        let ends_until = self.driver.awaits_ends();
        let no_end = sleep_until(ends_until);
        let overdue = sleep_until(self.end_at);
        let listens = ends_until.is_none() && self.end_at.is_none();
        let paths = wait_for(self.inotify.as_ref());
        let native = wait_for(self.native.as_ref());
        tokio::select! {
            _ = self.children.recv() => Wake::Children,
            () = self.notify.readable() => Wake::Notification,
            message = bus_messages::next(&mut self.messages), if listens => Wake::Message(message.map(Box::new)),
            _ = self.terminations.recv() => Wake::Terminate,
            _ = self.hangups.recv() => Wake::Terminate,
            Some(unit) = self.ready_sockets.recv() => Wake::Socket(unit),
            Some(watched) = self.watched.recv() => Wake::Watched(watched),
            Some(event) = self.wrappers.recv() => Wake::Wrapper(event),
            () = native => Wake::Native,
            () = paths => Wake::Paths,
            () = self.link.readable() => Wake::Guardian,
            () = tick => Wake::Deadline,
            () = no_end => Wake::NoEnd,
            () = overdue => Wake::Overdue,
            () = save => Wake::Save,
            () = tokio::time::sleep_until(self.logs_at) => Wake::Logs,
        }
    }

    /// Everything stops, and then the manager.
    fn terminate(&mut self) {
        if let Err(error) = self.driver.request(&super::exit_request()) {
            tracing::error!("{error}");
            self.driver.end(1);
        }
    }

    /// Tells the bus what has changed, and sees to it that it is saved.
    async fn settle(&mut self) {
        // Orders go out, and what came along with answers is not waited for.
        self.driver.take_native_events();
        self.driver.spawn_delayed();
        self.driver.report_empty_units();
        self.driver.start_x11_services();
        for keep in self.driver.sockets_mut().take_news() {
            self.link.keep(&keep);
        }
        let changed = self.driver.take_changed() | self.face.take_changed();
        if changed && self.save_at.is_none() {
            self.save_at = Some(Instant::now() + self.save_delay);
        }
        self.face.publish(&mut self.driver).await;
    }

    async fn take_message(&mut self, message: &zbus::Message) {
        if let Some((name, owned)) = bus_messages::name_change(message) {
            self.driver.bus_name_changed(&name, owned);
        }
        self.face.handle(&mut self.driver, message).await;
    }

    fn read_notifications(&mut self) {
        while let Some(message) = self.notify.receive() {
            notify::deliver(&mut self.driver, &message);
        }
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if status.stopped() || status.continued() {
                continue;
            }
            let status = engine_link::exit_status_of(status);
            self.driver.process_ended(pid.as_raw_nonzero().get(), status);
        }
        let had_guardian = self.link.is_open();
        for (pid, status) in self.link.ended() {
            self.driver.process_ended(pid, status);
        }
        if had_guardian && !self.link.is_open() {
            self.driver.set_guarded(false);
            self.driver.watch_adopted(false);
        }
    }

    fn save(&mut self) {
        self.save_at = None;
        let began = Instant::now();
        let saved = Saved { driver: self.driver.saved(), face: self.face.saved() };
        if let Err(error) = self.state.write(&saved) {
            tracing::warn!("the state is not saved, a killed engine could not go on: {error}");
        }
        self.save_delay = SAVE_DELAY.max(began.elapsed() * SAVE_REST);
        tracing::debug!("saved in {:?}", began.elapsed());
    }
}

/// Waits until that time; for ever without one.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Waits until the descriptor is readable; for ever without one.
async fn wait_for(descriptor: Option<&AsyncFd<OwnedFd>>) {
    match descriptor {
        Some(descriptor) => {
            if let Ok(mut guard) = descriptor.readable().await {
                guard.clear_ready();
            }
        }
        None => std::future::pending().await,
    }
}

fn lost_receiver() -> DaemonError {
    DaemonError::Io { what: "channels", error: std::io::Error::other("taken twice") }
}

/// The bus was there first, so that what it starts would not have the variables of environment.d(5).
async fn tell_bus(connection: &zbus::Connection, variables: &BTreeMap<String, String>) {
    if let Err(error) = client::bus::update_activation_environment(connection, variables).await {
        tracing::warn!("what the session bus starts does not get the variables of environment.d: {error}");
    }
}

/// The bus is there already; then what starts with the manager.
fn start_first_units(driver: &mut Driver, unit: Option<UnitName>) {
    for name in [session_bus::SOCKET, session_bus::SERVICE] {
        let request = super::start_request(UnitName::well_known(name), JobMode::IgnoreDependencies);
        if let Err(error) = driver.request(&request) {
            tracing::error!("{name}: {error}");
        }
    }
    let unit = unit.unwrap_or_else(|| UnitName::well_known("default.target"));
    if let Err(error) = driver.request(&super::start_request(unit, JobMode::Replace)) {
        tracing::warn!("{error}");
    }
}

/// Tells a restored engine what has happened since it was saved.
async fn resume(driver: &mut Driver, legacy: &Legacy, link: &mut EngineLink) {
    tracing::info!("going on where the engine before was killed");
    let gone: Vec<i32> = driver.known_pids().into_iter().filter(|pid| !driver.still_runs(*pid)).collect();
    // Whoever is gone by now, the guardian knows of: if it was there.
    let news = link.all_ended().await;
    // It remembers older ends too, of numbers that were used again: the last of a number counts.
    let known: BTreeMap<i32, ExitStatus> = legacy.ended.iter().chain(&news).copied().collect();
    let mut lost = Vec::new();
    for pid in gone {
        match known.get(&pid) {
            Some(status) => driver.process_ended(pid, *status),
            None => lost.push(pid),
        }
    }
    driver.processes_lost(lost);
    driver.orders_lost();
    // These ended after we looked.
    for (pid, status) in news {
        if driver.knows_process(pid) && !driver.still_runs(pid) {
            driver.process_ended(pid, status);
        }
    }
    driver.watch_adopted(link.is_open());
    driver.end_unknown_children();
}

/// Ends what a session has left whose manager and bus are gone.
async fn end_leftovers(pids: &BTreeSet<i32>) {
    let until = Instant::now() + LEFTOVER_WAIT;
    let mut signal = ProcessSignal::TERM;
    loop {
        let left: Vec<i32> = pids.iter().copied().filter(|pid| census::is_alive(*pid)).collect();
        if left.is_empty() {
            return;
        }
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, signal);
        }
        if signal == ProcessSignal::KILL {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        if Instant::now() > until {
            signal = ProcessSignal::KILL;
        }
    }
}
