//! The life of one service, in the order of systemd.service(5).
//!
//! - [`commands`]: what is run when
//! - [`start`], [`stop`]: the ways up and down
//! - [`run_command`]: commands beside the main process

mod commands;
mod run_command;
mod start;
mod stop;

use std::time::Duration;

use tokio::time::Instant;

use self::commands::Commands;
use super::command::Environment;
use super::descriptors::{ReadyPipe, Sockets};
use super::events::{Event, Events};
use super::identity::Identity;
use super::notify_socket::{Notification, NotifySocket};
use super::options::{NotifyAccess, Options};
use super::outcome::{self, Ending, Rules, ServiceResult};
use super::process_tree::ProcessTree;
use super::{Error, listen, process_tree, settings};
use crate::standard_error;
use crate::unit::spec::CommandLine;
use crate::unit::value::{number, signal};

/// Why a step does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interruption {
    /// It failed.
    Failed(ServiceResult),
    /// The service is to be skipped.
    Skipped,
    /// The manager stops it.
    Stopped,
}

/// How a run ended, to the manager.
#[derive(Debug, Clone, Copy)]
struct End {
    code: u8,
    again: bool,
}

/// Longer than anybody waits.
const YEAR: Duration = Duration::from_secs(31_536_000);

type Step<T = ()> = Result<T, Interruption>;

/// A service while it runs.
struct Service {
    options: Options,
    rules: Rules,
    kill_signal: i32,
    tree: ProcessTree,
    identity: Option<Identity>,
    environment: Environment,
    sockets: Sockets,
    events: Events,
    ready: ReadyPipe,
    main: Option<i32>,
    main_ending: Option<Ending>,
    notified_ready: bool,
    bus_owned: Option<bool>,
    no_bus: bool,
    extended: Option<Instant>,
    watchdog: Option<Instant>,
    reload_wanted: bool,
    stop_wanted: bool,
}

/// Runs a service; the value is the exit code.
///
/// # Errors
/// An argument means nothing, or the kernel refuses what is asked.
pub async fn run(options: Options) -> Result<u8, Error> {
    // First, so that no child gets it.
    let ready = ReadyPipe::take(options.ready_fd)?;
    let tree = ProcessTree::before_service();
    let commands = Commands::parse(&options)?;
    let rules = Rules {
        success: outcome::statuses(options.success_exit_status.as_deref())?,
        prevent: outcome::statuses(options.restart_prevent_exit_status.as_deref())?,
        force: outcome::statuses(options.restart_force_exit_status.as_deref())?,
        restart: options.restart,
    };
    let kill_signal = signal::parse(&options.kill_signal)
        .ok_or_else(|| Error::Argument(format!("--kill-signal {}: no signal", options.kill_signal)))?;
    if options.oneshot == commands.start.is_empty() && options.command.is_empty() {
        return Err(Error::Argument("no command is given".to_owned()));
    }
    settings::apply(&options)?;
    let mode = number::mode(&options.socket_mode)
        .ok_or_else(|| Error::Argument(format!("--socket-mode {}: not octal", options.socket_mode)))?;
    let own: Result<Vec<_>, Error> =
        options.listen_stream.iter().map(|address| listen::stream(address, mode)).collect();
    let sockets = Sockets::take(own?, options.socket_name.clone())?;
    let identity = Identity::of(&options)?;
    let mut environment = settings::environment(&options, identity.as_ref())?;
    let speaks = options.notify || options.watchdog.is_some();
    let notify = if speaks { Some(NotifySocket::bind(options.name.as_deref())?) } else { None };
    if let Some(notify) = &notify {
        environment.insert("NOTIFY_SOCKET".to_owned(), notify.name().to_owned());
    }
    if let Some(watchdog) = options.watchdog {
        environment.insert("WATCHDOG_USEC".to_owned(), seconds(watchdog).as_micros().to_string());
    }
    let mut events = Events::new(notify)?;
    if let Some(name) = options.bus_name.clone() {
        events.watch_bus_name(name, options.system);
    }
    let service = Service {
        options,
        rules,
        kill_signal,
        tree,
        identity,
        environment,
        sockets,
        events,
        ready,
        main: None,
        main_ending: None,
        notified_ready: false,
        bus_owned: None,
        no_bus: false,
        extended: None,
        watchdog: None,
        reload_wanted: false,
        stop_wanted: false,
    };
    service.live(&commands).await
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX)
}

fn deadline(limit: Option<f64>) -> Option<Instant> {
    Instant::now().checked_add(seconds(limit?))
}

impl Service {
    /// Runs it, and again where that is wanted here.
    async fn live(mut self, commands: &Commands) -> Result<u8, Error> {
        let mut restarts: Vec<Instant> = Vec::new();
        loop {
            let end = self.life(commands).await?;
            if !(end.again && self.options.restart_here) {
                return Ok(end.code);
            }
            let now = Instant::now();
            if let Some((count, span)) = self.options.restart_limit {
                restarts.retain(|moment| now.duration_since(*moment) < seconds(span));
                if restarts.len() >= count {
                    self.say("started too often, it is given up");
                    return Ok(end.code.max(1));
                }
            }
            restarts.push(now);
            let until = now + seconds(self.options.restart_delay.unwrap_or(0.0)).min(YEAR);
            loop {
                match self.next(Some(until)).await {
                    Event::Stop => return Ok(0),
                    Event::Deadline => break,
                    _ => {}
                }
            }
            self.main_ending = None;
            self.notified_ready = false;
            self.watchdog = None;
            self.extended = None;
        }
    }

    /// One run, from the conditions to what is to be done after it.
    async fn life(&mut self, commands: &Commands) -> Result<End, Error> {
        match self.conditions()? {
            Some(Interruption::Skipped) => return Ok(self.stand_by().await),
            Some(_) => return Ok(End { code: 1, again: false }),
            None => {}
        }
        let started = self.start(commands).await;
        let outcome = match started {
            Ok(()) if self.options.oneshot => Err(Interruption::Failed(ServiceResult::Success)),
            Ok(()) => self.stay(commands).await,
            Err(interruption) => Err(interruption),
        };
        let (mut result, stopped) = match outcome {
            Err(Interruption::Skipped) => return Ok(self.stand_by().await),
            Err(Interruption::Stopped) => (ServiceResult::Success, true),
            Err(Interruption::Failed(result)) => (result, false),
            Ok(()) => (ServiceResult::Success, false),
        };
        if self.options.oneshot && started.is_ok() {
            self.ready.tell();
            return Ok(End { code: 0, again: false });
        }
        if !self.end_processes(if stopped { commands.stop.as_slice() } else { &[] }).await {
            result = ServiceResult::Timeout;
        }
        // Also of a service whose bus name went before its process was seen to end.
        if result == ServiceResult::Success && !self.options.ignore_failure {
            result = self.main_ending.map_or(result, |ending| self.rules.result(ending));
        }
        self.after(commands, result).await;
        if stopped {
            // One that was stopped while it started has not started.
            let code = u8::from(started.is_err() || result == ServiceResult::Timeout);
            return Ok(End { code, again: false });
        }
        if result != ServiceResult::Success {
            self.say(&format!("failed: {}", result.as_str()));
        }
        // The manager was told that it is not up, and that is the end of it.
        let again = self.ready.is_told() && self.rules.restarts(result, self.main_ending);
        let code = self.rules.exit_code(result, self.main_ending);
        let clean = result == ServiceResult::Success || !self.options.restart_here;
        if code == 0 && clean && started.is_ok() && !commands.when_done.is_empty() {
            self.leave(&commands.when_done).await;
        }
        let code =
            if self.options.restart_here && result != ServiceResult::Success { code.max(1) } else { code };
        Ok(End { code, again })
    }

    fn say(&self, message: &str) {
        let name = self.options.name.as_deref().unwrap_or("run-service");
        standard_error::say(name, message);
    }

    /// A skipped service is no failure, and what depends on it goes on: it counts as started, without a process of
    /// its own.
    async fn stand_by(&mut self) -> End {
        self.ready.tell();
        if !self.options.oneshot {
            while self.events.next(None).await != Event::Stop {}
        }
        End { code: 0, again: false }
    }

    /// While it is up. It ends with the main process, or when the manager says so.
    async fn stay(&mut self, commands: &Commands) -> Step {
        loop {
            if self.main.is_none() {
                let ending = self.main_ending.unwrap_or(Ending::Exited(0));
                let result = if self.options.ignore_failure {
                    ServiceResult::Success
                } else {
                    self.rules.result(ending)
                };
                return Err(Interruption::Failed(result));
            }
            if self.options.bus_name.is_some() && self.bus_owned == Some(false) {
                self.say("its bus name is gone");
                return Err(Interruption::Failed(ServiceResult::Success));
            }
            // It may have come while a command ran.
            if self.stop_wanted {
                return Err(Interruption::Stopped);
            }
            let watchdog = self.watchdog;
            match self.next(watchdog).await {
                Event::Stop => return Err(Interruption::Stopped),
                Event::Deadline => {
                    self.say("the watchdog was not fed");
                    if let Some(main) = self.main {
                        process_tree::signal(main, 6);
                    }
                    return Err(Interruption::Failed(ServiceResult::Watchdog));
                }
                _ => {}
            }
            if std::mem::take(&mut self.reload_wanted) {
                self.reload(&commands.reload).await;
            }
        }
    }

    async fn reload(&mut self, commands: &[CommandLine]) {
        if commands.is_empty() {
            if let Some(main) = self.main {
                process_tree::signal(main, 1);
            }
            return;
        }
        for command in commands {
            if !matches!(self.command(command, None, false).await, Ok(Ending::Exited(0))) {
                self.say(&format!("reloading failed: {}", command.argv.join(" ")));
            }
        }
    }

    /// The next event; what it says of the main process and of readiness is noted.
    async fn next(&mut self, until: Option<Instant>) -> Event {
        let until = match (until, self.extended) {
            (Some(until), Some(extended)) => Some(until.max(extended)),
            (until, _) => until,
        };
        let event = self.events.next(until).await;
        match &event {
            Event::Ended(pid, ending) if self.main == Some(*pid) => {
                self.main = None;
                self.main_ending = Some(*ending);
            }
            Event::Notified(notification) => self.notified(&notification.clone()),
            Event::BusName(owned) => self.bus_owned = Some(*owned),
            Event::NoBus(error) => {
                self.say(error);
                self.no_bus = true;
            }
            Event::Reload => self.reload_wanted = true,
            Event::Stop => self.stop_wanted = true,
            _ => {}
        }
        event
    }

    fn notified(&mut self, notification: &Notification) {
        let of_main = self.main == Some(notification.pid);
        let own = notification.uid == rustix::process::geteuid().as_raw() || notification.uid == 0;
        if !of_main && (self.options.notify_access == NotifyAccess::Main || !own) {
            return;
        }
        if let Some(pid) = notification.main_pid.filter(|pid| self.tree.processes().contains(pid)) {
            self.main = Some(pid);
        }
        self.notified_ready |= notification.ready;
        if let Some(extension) = notification.extend {
            self.extended = Instant::now().checked_add(extension);
        }
        if notification.watchdog {
            self.arm_watchdog();
        }
        if notification.watchdog_trigger && self.watchdog.is_some() {
            self.watchdog = Some(Instant::now());
        }
    }

    fn arm_watchdog(&mut self) {
        self.watchdog = deadline(self.options.watchdog);
    }
}
