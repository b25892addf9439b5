//! `session-launcher start TARGET`: leads a session of any desktop. Has the user manager start a target, stays as long
//! as it is up, and stops it when asked.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Error;
use super::leader::failure::Report;
use super::leader::lock::{self, Lock, Taken};
use super::leader::manager_watch::ManagerWatch;
use super::leader::signal::EndSignals;
use super::leader::startup::{Outcome, Startup};
use crate::client::{self, ClientError, Manager, bus, environment, presence, signals};
use crate::unit::name::{UnitKind, UnitName};

/// How long stopping may take. Units have 90 s by default before they are killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(120);

/// Arguments of `start`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The target; a name without a type is a target's.
    #[arg(value_name = "TARGET")]
    target: String,
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Leads the session.
///
/// # Errors
/// There is no session bus or manager, the target cannot be started, or its leader runs already.
pub fn run(arguments: &Arguments) -> super::Result {
    let text = &arguments.target;
    let has_type = text.rsplit_once('.').is_some_and(|(_, suffix)| UnitKind::from_suffix(suffix).is_some());
    let target = UnitName::new(if has_type { text.clone() } else { format!("{text}.target") })?;
    client::run(lead(target.as_str())).map_err(|error| Error::Other(error.to_string()))?
}

async fn lead(target: &str) -> super::Result {
    let mut end_signals = EndSignals::catch()?;
    let manager = Manager::connect().await?;
    presence::ensure(&manager).await?;
    let mut watch = ManagerWatch::begin(&manager).await?;
    let _lock = lock_for(target)?;

    let variables = environment::passed_on(&environment::of_process());
    environment::export(&manager, &variables).await?;
    bus::update_activation_environment(manager.bus(), &variables).await?;
    // With the lock ours, whoever led it is gone, and its services know another display.
    if manager.active_state(target).await? != "inactive" {
        stop(&manager, target).await?;
    }
    manager.call("ResetFailed", &()).await?;
    let startup = Startup::begin(&manager, target, "replace").await;
    let mut startup = startup.map_err(|error| Error::Other(format!("Failed to start {target}: {error}")))?;
    let outcome = loop {
        tokio::select! {
            outcome = startup.outcome() => break outcome?,
            () = end_signals.next() => {
                stop(&manager, target).await?;
                return Ok(ExitCode::SUCCESS);
            }
            lost = watch.lost() => {
                lost?;
                watch.restore(&manager).await?;
                if let Some(outcome) = startup.outcome_by_state(&manager).await? {
                    break outcome;
                }
            }
        }
    };
    if outcome != Outcome::Up {
        let report = Report::make(&manager, &startup, &outcome).await;
        // What has come up must not stay without the rest.
        if let Err(error) = stop(&manager, target).await {
            eprintln!("session-launcher: {error}");
        }
        eprint!("{}", report.screen());
        return Ok(ExitCode::FAILURE);
    }
    loop {
        tokio::select! {
            state = signals::until_down(&manager, target) => {
                return Ok(if state? == "failed" { ExitCode::FAILURE } else { ExitCode::SUCCESS });
            }
            () = end_signals.next() => break,
            lost = watch.lost() => {
                lost?;
                watch.restore(&manager).await?;
            }
        }
    }
    tokio::select! {
        stopped = stop(&manager, target) => stopped?,
        // Asked twice.
        () = end_signals.next() => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn lock_for(target: &str) -> Result<Lock, Error> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.ok_or_else(|| Error::Other("$XDG_RUNTIME_DIR is not set".to_owned()))?;
    match lock::take(&runtime.join("session-launcher"), &format!("leader-{target}.lock"))? {
        Taken::Ours(lock) => Ok(lock),
        Taken::By(pid) => {
            let process = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            Err(Error::Other(format!("{target} has a leader already{process}")))
        }
    }
}

/// Stops the target and waits for it.
async fn stop(manager: &Manager, target: &str) -> client::Result<()> {
    manager.subscribe().await?;
    match manager.queue_job("StopUnit", target, "replace").await {
        Err(error) if error.is("NoSuchUnit") => return Ok(()),
        job => job?,
    };
    tokio::time::timeout(STOP_TIMEOUT, signals::until_down(manager, target)).await.map_err(|_| {
        ClientError::TooLate { what: format!("the stop of {target}"), seconds: STOP_TIMEOUT.as_secs() }
    })??;
    Ok(())
}
