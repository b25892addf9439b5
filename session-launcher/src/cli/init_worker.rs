//! `gnome-session-init-worker NAME`: GNOME's session leader after gnome-session has set up the environment. It has the
//! user manager start the session, stays as long as it lives, and ends it when asked.
//!
//! A drop-in for upstream's program of the same name, with the same fifo, signals and order of the end; besides, it
//! makes the manager come, clears what an unclean end left, and does not wait for ever.

mod greeter;
mod leftover;
mod target;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::leader::failure::Report;
use super::leader::fifo::{self, End, Event};
use super::leader::manager_watch::ManagerWatch;
use super::leader::signal::EndSignals;
use super::leader::startup::{Outcome, Startup};
use crate::client::{self, ClientError, Manager, bus, environment, presence, signals};
use crate::unit::name::NameError;

/// The name by which the binary is this program.
pub const PROGRAM: &str = "gnome-session-init-worker";

/// The target that takes a session down.
pub const SHUTDOWN: &str = "gnome-session-shutdown.target";

/// The last target that is stopped.
const LAST: &str = "graphical-session-pre.target";

/// How long the end of a session may take. Units have 90 s by default before they are killed.
const END_TIMEOUT: Duration = Duration::from_secs(120);

/// After this the session is taken down if nobody else has begun to.
const MONITOR_PATIENCE: Duration = Duration::from_secs(3);

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("usage: {PROGRAM} NAME")]
    Usage,
    #[error("{0:?} is no name of a session: {1}")]
    Name(String, NameError),
    #[error("$XDG_RUNTIME_DIR is not set: was the log-in made by a session manager such as elogind?")]
    NoRuntimeDirectory,
    #[error("{0}")]
    Client(#[from] ClientError),
    #[error(
        "Failed to start {unit}: {error}\nWhat to do:\n  systemctl --user status {unit}\n  session-launcher units verify {unit}"
    )]
    Refused { unit: String, error: ClientError },
    #[error("A graphical session is already running{}!", .0.map(|pid| format!(" (its leader is process {pid})")).unwrap_or_default())]
    AlreadyRunning(Option<u32>),
    #[error("{path}: {error}")]
    File { path: String, error: std::io::Error },
    #[error("cannot catch signals: {0}")]
    Signals(std::io::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// Runs the program.
pub fn main(arguments: &[String]) -> ExitCode {
    let result = match arguments {
        [name] => client::run(lead(name)).unwrap_or_else(|error| Err(Error::Signals(error))),
        _ => Err(Error::Usage),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{PROGRAM}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn lead(name: &str) -> Result<ExitCode> {
    let mut end_signals = EndSignals::catch().map_err(Error::Signals)?;
    let mut environment = environment::of_process();
    let repair = greeter::repair(&mut environment, name);
    let name = repair.as_ref().and_then(|repair| repair.session_name.as_deref()).unwrap_or(name);
    let fifo_path = fifo::path().ok_or(Error::NoRuntimeDirectory)?;
    let target =
        target::of_session(name, &environment).map_err(|error| Error::Name(name.to_owned(), error))?;

    let manager = Manager::connect().await?;
    presence::ensure(&manager).await?;
    let mut watch = ManagerWatch::begin(&manager).await?;
    let _lock = leftover::clear(&manager).await?;
    export(&manager, &environment, repair.is_some()).await;
    if let Err(error) = manager.call("ResetFailed", &()).await {
        eprintln!("{PROGRAM}: failed to reset failed units: {error}");
    }
    let startup = Startup::begin(&manager, target.as_str(), "fail").await;
    let startup = startup.map_err(|error| Error::Refused { unit: target.as_str().to_owned(), error })?;

    let mut session =
        Session { events: fifo::watch(fifo_path, End::Write), fifo: None, end_asked: false, manager };
    match session.start(startup, &mut watch, &mut end_signals).await? {
        Started::Up => session.run(&mut watch, &mut end_signals).await?,
        Started::Ending => {}
        Started::Failed(report) => {
            session.ask_to_end().await;
            session.wait_for_end(&mut watch, &mut end_signals).await;
            eprint!("{}", report.screen());
            return Ok(ExitCode::FAILURE);
        }
    }
    session.wait_for_end(&mut watch, &mut end_signals).await;
    Ok(ExitCode::SUCCESS)
}

/// Hands the environment on. That fails only for a bus or manager that cannot do more either, so it does not stop a
/// log-in.
async fn export(manager: &Manager, environment: &BTreeMap<String, String>, is_repaired: bool) {
    let variables = environment::passed_on(environment);
    if let Err(error) = environment::export(manager, &variables).await {
        eprintln!("{PROGRAM}: failed to hand the environment to the user manager: {error}");
    }
    // Otherwise gnome-session has done so.
    if is_repaired && let Err(error) = bus::update_activation_environment(manager.bus(), &variables).await {
        eprintln!("{PROGRAM}: failed to hand the environment to the session bus: {error}");
    }
}

enum Started {
    Up,
    /// It ends already, as it was asked to.
    Ending,
    Failed(Report),
}

struct Session {
    manager: Manager,
    events: Receiver<Event>,
    fifo: Option<Arc<OwnedFd>>,
    /// The next signal ends the program at once.
    end_asked: bool,
}

impl Session {
    /// Until the target is up.
    async fn start(
        &mut self,
        mut startup: Startup,
        watch: &mut ManagerWatch,
        end_signals: &mut EndSignals,
    ) -> Result<Started> {
        let outcome = loop {
            tokio::select! {
                outcome = startup.outcome() => break outcome?,
                event = self.events.recv() => match event {
                    Some(Event::Opened(fifo)) => self.fifo = Some(fifo),
                    Some(Event::Failed(error)) => return Err(self.fifo_failed(error).await),
                    // The monitor was stopped, because something failed: the job's end tells what.
                    Some(Event::Closed | Event::Byte) | None => {
                        let waited = tokio::time::timeout(MONITOR_PATIENCE, startup.outcome()).await;
                        break waited.unwrap_or(Ok(Outcome::Failed("canceled".to_owned())))?;
                    }
                },
                () = end_signals.next() => {
                    self.ask_to_end().await;
                    return Ok(Started::Ending);
                }
                lost = watch.lost() => {
                    lost?;
                    watch.restore(&self.manager).await?;
                    if let Some(outcome) = startup.outcome_by_state(&self.manager).await? {
                        break outcome;
                    }
                }
            }
        };
        if outcome == Outcome::Up {
            return Ok(Started::Up);
        }
        Ok(Started::Failed(Report::make(&self.manager, &startup, &outcome).await))
    }

    /// Until the monitor closes the fifo.
    async fn run(&mut self, watch: &mut ManagerWatch, end_signals: &mut EndSignals) -> Result<()> {
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(Event::Opened(fifo)) => {
                        self.fifo = Some(fifo);
                    }
                    Some(Event::Failed(error)) => return Err(self.fifo_failed(error).await),
                    Some(Event::Closed | Event::Byte) | None => return Ok(()),
                },
                // A monitor that never comes cannot tell.
                stopped = last_target_stops(&self.manager), if self.fifo.is_none() => {
                    return stopped.map_err(Error::from);
                }
                () = end_signals.next() => {
                    if self.end_asked || !self.ask_to_end().await {
                        return Ok(());
                    }
                }
                lost = watch.lost() => {
                    lost?;
                    watch.restore(&self.manager).await?;
                }
            }
        }
    }

    /// Until the last target is stopped, or it takes too long.
    async fn wait_for_end(&mut self, watch: &mut ManagerWatch, end_signals: &mut EndSignals) {
        let mut taken_down = false;
        let result = tokio::time::timeout(END_TIMEOUT, async {
            loop {
                tokio::select! {
                    result = last_target_stops(&self.manager) => return result,
                    () = tokio::time::sleep(MONITOR_PATIENCE), if !taken_down => {
                        // The monitor may have been killed before it could do so.
                        taken_down = true;
                        self.take_down().await;
                    }
                    lost = watch.lost() => {
                        lost?;
                        watch.restore(&self.manager).await?;
                    }
                    () = end_signals.next(), if self.end_asked => return Ok(()),
                }
            }
        });
        match result.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("{PROGRAM}: {error}"),
            Err(_) => eprintln!("{PROGRAM}: {LAST} is still there after {} s", END_TIMEOUT.as_secs()),
        }
    }

    /// Asks for the end of the session, both ways. False when there is no monitor that would tell of it.
    async fn ask_to_end(&mut self) -> bool {
        self.end_asked = true;
        self.take_down().await;
        self.fifo.as_ref().is_some_and(|fifo| fifo::ask_to_end(fifo).is_ok())
    }

    async fn take_down(&self) {
        // Upstream ignores a failure, too: the monitor does the same.
        let _ = self.manager.queue_job("StartUnit", SHUTDOWN, "replace-irreversibly").await;
    }

    async fn fifo_failed(&self, error: std::io::Error) -> Error {
        self.take_down().await;
        let path = fifo::path().map(|path| path.display().to_string()).unwrap_or_default();
        Error::File { path, error }
    }
}

/// Waits until the last target is stopped.
async fn last_target_stops(manager: &Manager) -> client::Result<()> {
    let path = match manager.get_unit(LAST).await {
        Err(error) if error.is("NoSuchUnit") => return Ok(()),
        path => path?,
    };
    let mut changes = signals::property_changes(manager, &path).await?;
    let mut forgotten = signals::unit_removed(manager).await?;
    loop {
        let state = manager.active_state(LAST).await?;
        if matches!(state.as_str(), "inactive" | "failed") {
            return Ok(());
        }
        let next = tokio::select! {
            change = changes.next() => change,
            unit = forgotten.next() => unit,
        };
        if next.is_none() {
            return Ok(());
        }
    }
}
