//! The life of one service, in the order of systemd.service(5).

use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;

use super::command::{self, Environment};
use super::descriptors::{self, ReadyPipe, Sockets};
use super::events::{Event, Events};
use super::identity::Identity;
use super::notify_socket::{Notification, NotifySocket};
use super::options::{KillMode, NotifyAccess, Options};
use super::outcome::{self, Ending, Rules, ServiceResult};
use super::process_tree::ProcessTree;
use super::{Error, listen, process_tree, settings};
use crate::unit::condition::Surroundings;
use crate::unit::spec::{CommandLine, Condition, ConditionKind, ConditionSet};
use crate::unit::specifier::Host;
use crate::unit::value::{number, signal};

/// The commands of each step.
#[derive(Debug)]
struct Commands {
    condition: Vec<CommandLine>,
    start_pre: Vec<CommandLine>,
    start: Vec<CommandLine>,
    start_post: Vec<CommandLine>,
    reload: Vec<CommandLine>,
    stop: Vec<CommandLine>,
    stop_post: Vec<CommandLine>,
    when_done: Vec<CommandLine>,
}

impl Commands {
    fn parse(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            condition: command::parse(&options.exec_condition)?,
            start_pre: command::parse(&options.start_pre)?,
            start: command::parse(&options.start)?,
            start_post: command::parse(&options.start_post)?,
            reload: command::parse(&options.reload)?,
            stop: command::parse(&options.stop)?,
            stop_post: command::parse(&options.stop_post)?,
            when_done: command::parse(options.when_done.as_slice())?,
        })
    }

    fn main(options: &Options) -> CommandLine {
        let mut argv = options.command.clone();
        if let (Some(first), Some(name)) = (argv.first_mut(), &options.argv0) {
            first.clone_from(name);
        }
        CommandLine {
            path: options.command.first().cloned().unwrap_or_default(),
            argv,
            ignore_failure: options.ignore_failure,
            literal: options.literal,
            privileged: options.privileged,
            ..CommandLine::default()
        }
    }
}

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

    /// A log that nobody reads any more is no reason to end.
    fn say(&self, message: &str) {
        let name = self.options.name.as_deref().unwrap_or("run-service");
        let _ = writeln!(std::io::stderr(), "{name}: {message}");
    }

    /// Whether conditions and asserts hold.
    fn conditions(&self) -> Result<Option<Interruption>, Error> {
        let host = Host::detect(&self.environment, None);
        let surroundings = Surroundings { host: &host, environment: &self.environment, root: None };
        let conditions = condition_set(&self.options.conditions)?;
        if !conditions.holds(|condition| surroundings.test(condition)) {
            self.say(&format!("skipped: a condition does not hold: {}", self.options.conditions.join(", ")));
            return Ok(Some(Interruption::Skipped));
        }
        let asserts = condition_set(&self.options.asserts)?;
        if !asserts.holds(|condition| surroundings.test(condition)) {
            self.say(&format!("failed: an assert does not hold: {}", self.options.asserts.join(", ")));
            return Ok(Some(Interruption::Failed(ServiceResult::Resources)));
        }
        Ok(None)
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

    async fn start(&mut self, commands: &Commands) -> Step {
        let until = deadline(self.options.start_timeout);
        for command in &commands.condition {
            match self.command(command, until, true).await? {
                Ending::Exited(0) => {}
                Ending::Exited(code) if code < 255 => return Err(Interruption::Skipped),
                ending => return Err(Interruption::Failed(self.failure_of(ending))),
            }
        }
        self.commands(&commands.start_pre, until).await?;
        if self.options.oneshot {
            self.commands(&commands.start, until).await?;
            if !self.options.command.is_empty() {
                self.commands(&[Commands::main(&self.options)], until).await?;
            }
            return self.commands(&commands.start_post, until).await;
        }
        self.spawn_main()?;
        self.wait_until_up(until).await?;
        self.commands(&commands.start_post, until).await?;
        self.ready.tell();
        Ok(())
    }

    fn spawn_main(&mut self) -> Step {
        let command = Commands::main(&self.options);
        let process = command::process(&command, &self.environment)
            .map(|process| descriptors::main_process(process, &self.sockets, self.identity_of(&command)));
        let child = process
            .map_err(|error| error.to_string())
            .and_then(|mut process| process.spawn().map_err(|error| format!("{}: {error}", command.path)));
        match child {
            Ok(child) => {
                self.main = Some(child.id().cast_signed());
                self.arm_watchdog();
                Ok(())
            }
            Err(error) => {
                self.say(&error);
                // systemd gives such a process the exit code 203.
                self.main_ending = Some(Ending::Exited(203));
                Err(Interruption::Failed(ServiceResult::ExitCode))
            }
        }
    }

    /// `+` and `!` leave a command root's.
    fn identity_of(&self, command: &CommandLine) -> Option<Identity> {
        self.identity.clone().filter(|_| !command.privileged)
    }

    fn is_up(&self) -> bool {
        let notified = !self.options.notify || self.notified_ready;
        let owned = self.options.bus_name.is_none() || self.bus_owned == Some(true);
        notified && owned
    }

    async fn wait_until_up(&mut self, until: Option<Instant>) -> Step {
        while !self.is_up() {
            match self.next(until).await {
                Event::Stop => return Err(Interruption::Stopped),
                Event::Deadline => {
                    self.say("not started in time");
                    return Err(Interruption::Failed(ServiceResult::Timeout));
                }
                _ => {}
            }
            if self.no_bus {
                return Err(Interruption::Failed(ServiceResult::Resources));
            }
            if self.main.is_none() {
                let result =
                    self.main_ending.map_or(ServiceResult::Protocol, |ending| self.failure_of(ending));
                self.say("ended before it was up");
                return Err(Interruption::Failed(result));
            }
        }
        Ok(())
    }

    /// What a process that ended too early means: a success is none.
    fn failure_of(&self, ending: Ending) -> ServiceResult {
        match self.rules.result(ending) {
            ServiceResult::Success => ServiceResult::Protocol,
            result => result,
        }
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

    /// Runs the stop commands, and ends what is left. False when SIGKILL was needed.
    async fn end_processes(&mut self, stop: &[CommandLine]) -> bool {
        let until = deadline(self.options.stop_timeout);
        if self.main.is_some() {
            for command in stop {
                let _ = self.command(command, until, false).await;
            }
        }
        let all = self.options.kill_mode == KillMode::ControlGroup;
        let mut targets = if all { self.tree.processes() } else { Vec::new() };
        targets.extend(self.main.filter(|main| !targets.contains(main)));
        for pid in targets {
            process_tree::signal(pid, self.kill_signal);
            // A stopped process could not see it.
            process_tree::signal(pid, 18);
        }
        let mut in_time = true;
        loop {
            let rest = if all { self.tree.processes() } else { Vec::new() };
            if self.main.is_none() && rest.is_empty() {
                break;
            }
            // Orphans that still have a parent end unseen, so it is looked again now and then.
            let look = Instant::now() + Duration::from_millis(100);
            let next = until.map_or(look, |until| until.min(look));
            self.next(if all { Some(next) } else { until }).await;
            if until.is_some_and(|until| Instant::now() >= until) {
                in_time = self.main.is_none() && !all;
                break;
            }
        }
        if self.options.kill_mode == KillMode::Process {
            if let Some(main) = self.main {
                process_tree::signal(main, 9);
            }
        } else {
            for pid in self.tree.processes() {
                process_tree::signal(pid, 9);
            }
        }
        let soon = Instant::now() + Duration::from_secs(2);
        while self.main.is_some() && Instant::now() < soon {
            self.next(Some(soon)).await;
        }
        in_time
    }

    /// `ExecStopPost=`.
    async fn after(&mut self, commands: &Commands, result: ServiceResult) {
        self.environment.insert("SERVICE_RESULT".to_owned(), result.as_str().to_owned());
        if let Some(ending) = self.main_ending {
            let (code, status) = outcome::exit_variables(ending);
            self.environment.insert("EXIT_CODE".to_owned(), code.to_owned());
            self.environment.insert("EXIT_STATUS".to_owned(), status);
        }
        let until = deadline(self.options.stop_timeout);
        for command in &commands.stop_post {
            if self.command(command, until, false).await.is_err() {
                break;
            }
        }
    }

    /// Tells the manager that the service is over, and waits until it believes it.
    async fn leave(&mut self, commands: &[CommandLine]) {
        if self.stop_wanted {
            return;
        }
        for command in commands {
            let process = command::process(command, &self.environment);
            if let Err(error) = process.and_then(|mut process| {
                use std::os::unix::process::CommandExt;
                process.process_group(0).spawn().map_err(|error| Error::system(command.path.clone(), error))
            }) {
                self.say(&error.to_string());
                return;
            }
        }
        let until = Instant::now() + Duration::from_secs(30);
        while !matches!(self.events.next(Some(until)).await, Event::Stop | Event::Deadline) {}
    }

    /// Runs commands one after the other. The first that fails ends it.
    async fn commands(&mut self, commands: &[CommandLine], until: Option<Instant>) -> Step {
        for command in commands {
            let ending = self.command(command, until, true).await?;
            let result = self.rules_of_commands().result(ending);
            if result != ServiceResult::Success && !command.ignore_failure {
                self.say(&format!("{}: {}", command.argv.join(" "), result.as_str()));
                if self.options.oneshot {
                    self.main_ending = Some(ending);
                }
                return Err(Interruption::Failed(result));
            }
        }
        Ok(())
    }

    /// `SuccessExitStatus=` is for main processes, which those of a oneshot service are.
    fn rules_of_commands(&self) -> Rules {
        if self.options.oneshot { self.rules.clone() } else { Rules::default() }
    }

    /// Runs one command to its end. While starting, a stop ends it.
    async fn command(
        &mut self,
        command: &CommandLine,
        until: Option<Instant>,
        starting: bool,
    ) -> Step<Ending> {
        let mut environment = self.environment.clone();
        if let Some(main) = self.main {
            environment.insert("MAINPID".to_owned(), main.to_string());
        }
        let child = command::process(command, &environment)
            .map(|process| descriptors::other_process(process, self.identity_of(command)))
            .and_then(|mut process| process.spawn().map_err(|error| Error::system(&command.path, error)));
        let pid = match child {
            Ok(child) => child.id().cast_signed(),
            Err(error) => {
                self.say(&error.to_string());
                return Ok(Ending::Exited(203));
            }
        };
        loop {
            match self.next(until).await {
                Event::Ended(ended, ending) if ended == pid => return Ok(ending),
                Event::Stop if starting => {
                    process_tree::signal(pid, 15);
                    return Err(Interruption::Stopped);
                }
                Event::Deadline => {
                    process_tree::signal(pid, 9);
                    self.say(&format!("{}: takes too long", command.argv.join(" ")));
                    return Err(Interruption::Failed(ServiceResult::Timeout));
                }
                _ => {}
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

/// Reads `PathExists=|!/path`.
fn condition_set(texts: &[String]) -> Result<ConditionSet, Error> {
    let mut set = ConditionSet::default();
    for text in texts {
        let invalid = || Error::Argument(format!("{text}: no condition"));
        let (name, value) = text.split_once('=').ok_or_else(invalid)?;
        let kind = ConditionKind::from_name(name).ok_or_else(invalid)?;
        let (trigger, value) = value.strip_prefix('|').map_or((false, value), |value| (true, value));
        let (negate, value) = value.strip_prefix('!').map_or((false, value), |value| (true, value));
        set.0.push(Condition { kind, trigger, negate, parameter: value.to_owned() });
    }
    Ok(set)
}
