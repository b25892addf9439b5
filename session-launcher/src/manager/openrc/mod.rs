//! OpenRC's user services: each service of the session is a service of the user's OpenRC, under supervise-daemon.
//!
//! OpenRC has no daemon that could be asked. What counts is what lies in `$XDG_RUNTIME_DIR/openrc`: scripts, states, locks.
//! So a service is started as `rc-service` would start it, but without its shell: the script is written, the state marked,
//! and supervise-daemon run directly, which takes a fifth of the time. Then `rc-status --user` and `rc-service --user` find
//! everything as they are used to, and the user can stop and start services with them. supervise-daemon runs the wrapper,
//! `session-launcher exec --unit UNIT`, which gets the process from the engine and tells it when OpenRC wants it stopped;
//! `rc-service start` runs `session-launcher exec --ask UNIT`, which has the engine start the unit.
//!
//! - [`instance`]: whether OpenRC serves the user, and its version
//! - [`script`]: the service as OpenRC reads it; [`state`]: its state and lock; [`dependency_cache`]: that OpenRC knows it
//! - [`watch`]: what OpenRC's own tools do
//!
//! Processes that are no services of their own (`ExecStartPre=`, `ExecStop=`..., `Type=oneshot` and `Type=forking`) are the
//! engine's own.

pub mod dependency_cache;
pub mod instance;
pub mod script;
pub mod state;
pub mod watch;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use self::dependency_cache::DependencyCache;
use self::instance::Instance;
use self::state::{Lock, Mark, States};
use self::watch::{Change, Watch};
use super::{Manager, ManagerError, NativeEvent, Order, Started, direct, is_supervised, path_of};
use crate::job::{ActiveState, ProcessId};
use crate::unit::spec::{Unit, UnitName};

/// How long a supervisor may take to end once its service has, and to come up. Both are a matter of milliseconds.
const SUPERVISOR_WAIT: Duration = Duration::from_secs(10);

/// How long a supervisor may take to end when the session is over.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// The user's OpenRC.
#[derive(Debug)]
pub struct OpenRc {
    instance: Instance,
    program: PathBuf,
    states: States,
    cache: DependencyCache,
    watch: Watch,
    /// The services of ours, by OpenRC's name.
    services: BTreeMap<String, Service>,
    /// What the engine has said of units that are not down.
    active: HashMap<UnitName, ActiveState>,
    /// Events that were found outside of [`Manager::native_events`].
    failed: Vec<NativeEvent>,
}

/// What is known of one service.
#[derive(Debug)]
struct Service {
    unit: UnitName,
    /// `None` until the engine has said, after it was killed.
    state: Option<ActiveState>,
    /// The engine brings it up or down, and nobody else may meanwhile.
    lock: Option<Lock>,
    /// A start that waits for the end of the supervisor before.
    waiting: Option<Launch>,
    /// A start that has not been seen to come about.
    launched: Option<ProcessId>,
    /// When to look what has become of that.
    look_at: Option<Instant>,
}

/// One run of supervise-daemon.
#[derive(Debug)]
struct Launch {
    process: ProcessId,
    arguments: Vec<String>,
}

impl OpenRc {
    /// Takes charge of the services in a user's OpenRC. With `resume` those of an engine that was killed go on; else what is
    /// left of a session before is cleared away.
    ///
    /// # Errors
    /// OpenRC's directories cannot be used.
    pub fn new(instance: Instance, resume: bool) -> io::Result<Self> {
        let states = States::open(&instance.state_directory)?;
        let watch = Watch::new(&instance.state_directory)?;
        let cache = DependencyCache::of(&instance.state_directory);
        let program = std::env::current_exe()?;
        let mut openrc = Self {
            instance,
            program,
            states,
            cache,
            watch,
            services: BTreeMap::new(),
            active: HashMap::new(),
            failed: Vec::new(),
        };
        for (service, unit) in openrc.states.ours() {
            if resume {
                openrc.services.insert(service, Service::of(unit));
            } else {
                openrc.clear(&service);
            }
        }
        Ok(openrc)
    }

    /// Ends what supervises a service that nobody runs any more, and forgets the service.
    fn clear(&self, service: &str) {
        let until = Instant::now() + LAST_WAIT;
        while let Some(pid) = self.states.supervisor(service) {
            let signal = if Instant::now() < until { Signal::TERM } else { Signal::KILL };
            let _ = rustix::process::kill_process(pid, signal);
            std::thread::sleep(Duration::from_millis(5));
        }
        self.states.forget(service);
        self.cache.outdate();
    }

    fn start_service(&mut self, order: &Order<'_>) -> io::Result<()> {
        let service = script::service_name(&order.unit.name);
        let log = order.log.and_then(path_of);
        self.write_script(&service, order.unit)?;
        let arguments = self.arguments(&service, order.unit, log.as_deref());
        let launch = Launch { process: order.process, arguments };
        let entry =
            self.services.entry(service.clone()).or_insert_with(|| Service::of(order.unit.name.clone()));
        let state = self.active.get(&entry.unit).copied();
        entry.state = Some(state.unwrap_or(ActiveState::Activating));
        let supervisor = self.states.supervisor(&service);
        match supervisor {
            Some(pid) => {
                entry.waiting = Some(launch);
                if self.watch.supervisor(&service, pid).is_err() {
                    self.start_waiting(&service);
                } else {
                    self.look_later(&service);
                }
                Ok(())
            }
            None => self.run(&service, &launch),
        }
    }

    fn write_script(&self, service: &str, unit: &Unit) -> io::Result<()> {
        let parts = script::Parts {
            openrc_run: &self.instance.openrc_run,
            program: &self.program,
            pid_file: &self.states.pid_file(service),
        };
        let text =
            script::text(unit, &parts, &|name| self.services.contains_key(&script::service_name(name)));
        if self.states.write_script(service, &text)? {
            self.cache.outdate();
        }
        Ok(())
    }

    fn arguments(&self, service: &str, unit: &Unit, log: Option<&std::path::Path>) -> Vec<String> {
        let mut arguments = vec![service.to_owned(), "--start".to_owned()];
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        option("--pidfile", self.states.pid_file(service).to_string_lossy().into_owned());
        option("--retry", script::retry(unit));
        option("--respawn-max", "1".to_owned());
        if let Some(log) = log {
            option("--stderr", log.to_string_lossy().into_owned());
        }
        arguments.extend([self.program.to_string_lossy().into_owned(), "--".to_owned()]);
        arguments.extend(script::wrapper_arguments(&unit.name));
        arguments
    }

    /// Runs supervise-daemon. It goes into the background at once.
    fn run(&mut self, service: &str, launch: &Launch) -> io::Result<()> {
        self.apply(service);
        Command::new(&self.instance.supervise_daemon)
            .args(&launch.arguments)
            .env_clear()
            .envs(&self.instance.environment)
            .env("RC_SVCNAME", service)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        // Its end is seen by waiting for any child.
        if let Some(entry) = self.services.get_mut(service) {
            entry.launched = Some(launch.process);
        }
        self.look_later(service);
        Ok(())
    }

    fn start_waiting(&mut self, service: &str) {
        let Some(launch) = self.services.get_mut(service).and_then(|entry| entry.waiting.take()) else {
            return;
        };
        if let Err(error) = self.run(service, &launch) {
            tracing::error!("{service}: {error}");
            self.failed.push(NativeEvent::StartFailed(launch.process));
        }
    }

    fn look_later(&mut self, service: &str) {
        if let Some(entry) = self.services.get_mut(service) {
            entry.look_at = Some(Instant::now() + SUPERVISOR_WAIT);
        }
        self.set_timer();
    }

    fn set_timer(&self) {
        if let Some(next) = self.services.values().filter_map(|entry| entry.look_at).min() {
            self.watch
                .set_timer(next.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
        }
    }

    /// Looks at starts that should have come about long ago.
    fn look(&mut self) {
        let now = Instant::now();
        let due: Vec<String> = self
            .services
            .iter_mut()
            .filter(|(_, entry)| entry.look_at.is_some_and(|at| at <= now))
            .map(|(service, entry)| {
                entry.look_at = None;
                service.clone()
            })
            .collect();
        for service in due {
            let supervisor = self.states.supervisor(&service);
            let Some(entry) = self.services.get_mut(&service) else { continue };
            match (supervisor, entry.waiting.is_some()) {
                // It hangs. Its end makes way for the next.
                (Some(pid), true) => {
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                    self.look_later(&service);
                }
                (None, true) => self.start_waiting(&service),
                (Some(_), false) => entry.launched = None,
                (None, false) => {
                    // It may also have come and gone; who has got the process knows.
                    if let Some(process) = entry.launched.take() {
                        self.failed.push(NativeEvent::StartFailed(process));
                    }
                }
            }
        }
        self.set_timer();
    }

    /// Lets OpenRC see a service as the engine does, unless one of OpenRC's tools is about to change it: that marks it itself.
    fn apply(&mut self, service: &str) {
        let Some(entry) = self.services.get_mut(service) else { return };
        let Some(state) = entry.state else { return };
        let mark = Mark::of(state);
        if entry.lock.is_none() {
            if !mark.is_passing() && self.states.is_marked(service, mark) {
                return;
            }
            entry.lock = self.states.lock(service);
            if entry.lock.is_none() {
                return;
            }
        }
        self.states.mark(service, mark);
        if !mark.is_passing() {
            entry.lock = None;
        }
    }

    fn take(&mut self, change: Change) -> Option<NativeEvent> {
        match change {
            Change::Stopping(service) => {
                let entry = self.services.get(&service)?;
                let is_up = entry.state.is_some_and(ActiveState::is_active_or_activating);
                // It may have been our own mark, of a stop that is over.
                let by_user = entry.lock.is_none() && self.states.is_marked(&service, Mark::Stopping);
                (is_up && by_user).then(|| NativeEvent::StopAsked(entry.unit.clone()))
            }
            Change::Unlocked(service) => {
                self.apply(&service);
                None
            }
            Change::CacheMade => {
                self.cache.outdate_unless_complete(self.services.keys().map(String::as_str));
                None
            }
            Change::SupervisorEnded(service) => {
                // The last thing that it did was to mark the service as stopped.
                self.apply(&service);
                self.start_waiting(&service);
                None
            }
            Change::Timer => {
                self.look();
                None
            }
        }
    }
}

impl Service {
    fn of(unit: UnitName) -> Self {
        Self { unit, state: None, lock: None, waiting: None, launched: None, look_at: None }
    }
}

impl Manager for OpenRc {
    fn name(&self) -> &'static str {
        "openrc"
    }

    fn start(&mut self, order: &Order<'_>) -> Result<Started, ManagerError> {
        if !order.is_main || !is_supervised(order.unit) {
            return direct::Direct.start(order);
        }
        self.start_service(order)?;
        Ok(Started::Ordered)
    }

    fn ended(&mut self, _: &UnitName) {}

    fn state_changed(&mut self, unit: &UnitName, state: ActiveState) {
        if state.is_inactive_or_failed() {
            self.active.remove(unit);
        } else {
            self.active.insert(unit.clone(), state);
        }
        let service = script::service_name(unit);
        let Some(entry) = self.services.get_mut(&service) else { return };
        entry.state = Some(state);
        if state.is_inactive_or_failed() {
            // Whatever waited is not wanted any more. As long as the unit is on its way down, the process has to come, since
            // the engine waits for its end.
            entry.launched = None;
            entry.waiting = None;
        }
        self.apply(&service);
        // Once it has gone, it will have marked the service as stopped, which may not be the whole truth.
        if !state.is_active_or_reloading()
            && let Some(pid) = self.states.supervisor(&service)
        {
            let _ = self.watch.supervisor(&service, pid);
        }
    }

    fn native_events(&mut self) -> Vec<NativeEvent> {
        let changes = self.watch.changes();
        let mut events: Vec<NativeEvent> =
            changes.into_iter().filter_map(|change| self.take(change)).collect();
        events.append(&mut self.failed);
        events
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.watch.descriptor())
    }

    fn finish(&mut self) {
        for service in std::mem::take(&mut self.services).into_keys() {
            self.clear(&service);
        }
        if self.instance.is_ours {
            self.instance.end();
        }
    }
}
