//! The start of a session's target, until its job is over.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::signals::{self, JobRemoved, Signals};
use crate::client::{ClientError, Manager, Result};

/// The longest that the start may take, unless `$SESSION_LAUNCHER_START_TIMEOUT` tells other seconds. More than what
/// one unit has by default (90 s), so that the manager's own time-outs come first and name the unit.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest that stop jobs of an earlier session may refuse the start.
const EARLIER_SESSION: Duration = Duration::from_secs(20);

/// How the start ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is up.
    Up,
    /// The job of the target ended otherwise: `dependency`, `canceled`, …
    Failed(String),
    /// It takes too long.
    Late,
}

/// A start under way.
#[derive(Debug)]
pub struct Startup {
    unit: String,
    jobs: Signals,
    deadline: Instant,
    timeout: Duration,
    failures: Vec<JobRemoved>,
}

impl Startup {
    /// Queues the job. Until the stop jobs of an earlier session are through, it is tried again.
    ///
    /// # Errors
    /// The manager refuses.
    pub async fn begin(manager: &Manager, unit: &str, mode: &str) -> Result<Self> {
        // Both before the job: its end must not be missed.
        let jobs = signals::job_removed(manager).await?;
        manager.subscribe().await?;
        let tried_until = Instant::now() + EARLIER_SESSION;
        loop {
            match manager.queue_job("StartUnit", unit, mode).await {
                Ok(_) => break,
                Err(error) if error.is("TransactionIsDestructive") && Instant::now() < tried_until => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
        let timeout = start_timeout();
        let deadline = Instant::now() + timeout;
        Ok(Self { unit: unit.to_owned(), jobs, deadline, timeout, failures: Vec::new() })
    }

    /// Waits for the end of the start. May be dropped and called again.
    ///
    /// # Errors
    /// The bus is gone.
    pub async fn outcome(&mut self) -> Result<Outcome> {
        loop {
            let message = tokio::select! {
                message = self.jobs.next() => message,
                () = tokio::time::sleep_until(self.deadline) => return Ok(Outcome::Late),
            };
            let Some(message) = message else {
                return Err(ClientError::Connection("the session bus is gone".to_owned()));
            };
            let Some(removed) = JobRemoved::of(&message) else { continue };
            if removed.unit == self.unit {
                let outcome =
                    if removed.is_success() { Outcome::Up } else { Outcome::Failed(removed.result) };
                return Ok(outcome);
            }
            if !removed.is_success() {
                self.failures.push(removed);
            }
        }
    }

    /// How it stands after the manager was away: signals may have been missed. `None`: still under way.
    ///
    /// # Errors
    /// The manager does not answer.
    pub async fn outcome_by_state(&self, manager: &Manager) -> Result<Option<Outcome>> {
        let state = manager.active_state(&self.unit).await?;
        if state == "active" {
            return Ok(Some(Outcome::Up));
        }
        let jobs = manager.list_jobs().await?;
        let waits = jobs.iter().any(|job| job.unit == self.unit);
        Ok((!waits).then(|| Outcome::Failed("canceled".to_owned())))
    }

    /// The target.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Jobs of other units that failed so far.
    pub fn failures(&self) -> &[JobRemoved] {
        &self.failures
    }

    /// How long it may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

fn start_timeout() -> Duration {
    let seconds = std::env::var("SESSION_LAUNCHER_START_TIMEOUT").ok().and_then(|text| text.parse().ok());
    seconds.map_or(START_TIMEOUT, Duration::from_secs)
}
