//! Commands that queue jobs and wait for them: `start`, `stop`, `restart` and the like.

use std::collections::BTreeMap;

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, names};
use crate::client::signals::{self, JobRemoved, Signals};
use crate::client::{self, ClientError, Manager};

/// A command and the method that it calls.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    /// What the messages say.
    word: &'static str,
    method: &'static str,
    /// Another job mode than the one of the command line.
    mode: Option<&'static str>,
}

impl Verb {
    /// By name. `None`: there is none of that name.
    pub fn of(name: &str) -> Option<Self> {
        let (word, method) = match name {
            "start" => ("start", "StartUnit"),
            "isolate" => ("start", "StartUnit"),
            "stop" => ("stop", "StopUnit"),
            "reload" => ("reload", "ReloadUnit"),
            "restart" => ("restart", "RestartUnit"),
            "try-restart" | "condrestart" => ("try-restart", "TryRestartUnit"),
            "reload-or-restart" => ("reload-or-restart", "ReloadOrRestartUnit"),
            "try-reload-or-restart" | "force-reload" | "reload-or-try-restart" => {
                ("reload-or-try-restart", "ReloadOrTryRestartUnit")
            }
            _ => return None,
        };
        Some(Self { word, method, mode: (name == "isolate").then_some("isolate") })
    }
}

/// Queues the jobs and waits until they are over, unless `--no-block`.
pub async fn run(manager: &Manager, arguments: &Arguments, verb: &Verb, units: &[String]) -> Result {
    let names = names::expand(manager, units).await?;
    let failed = |error| Failure::call("Failed to wait for jobs", error);
    let mut removed = signals::job_removed(manager).await.map_err(failed)?;
    if !arguments.no_block {
        manager.subscribe().await.map_err(failed)?;
    }
    let mode = verb.mode.unwrap_or(&arguments.job_mode);
    let mut jobs = BTreeMap::new();
    let mut code = 0;
    for name in &names {
        match manager.queue_job(verb.method, name, mode).await {
            Ok(job) => {
                jobs.insert(job.to_string(), name.clone());
            }
            Err(error) => {
                code = tell_refusal(verb.word, name, error);
            }
        }
    }
    if arguments.no_block {
        return Ok(code);
    }
    let queued: Vec<String> = jobs.values().cloned().collect();
    let of_jobs = wait(manager, arguments, jobs, &mut removed).await.map_err(failed)?;
    if code == 0 {
        code = of_jobs;
    }
    if arguments.wait && verb.method != "StopUnit" {
        for name in queued {
            let state = signals::until_down(manager, &name).await.map_err(failed)?;
            if state == "failed" && code == 0 {
                code = 1;
            }
        }
    }
    Ok(code)
}

fn tell_refusal(word: &str, name: &str, error: ClientError) -> u8 {
    let failure = Failure::call(format!("Failed to {word} {name}"), error);
    eprintln!("{failure}");
    let says_it_all = |error: &ClientError| {
        ["NoSuchUnit", "UnitMasked", "JobTypeNotApplicable"].iter().any(|name| error.is(name))
    };
    if matches!(&failure, Failure::Call { error, .. } if !says_it_all(error)) {
        eprintln!("See user logs and 'systemctl --user status {name}' for details.");
    }
    failure.code()
}

/// Waits for the jobs, and tells of those that failed.
async fn wait(
    manager: &Manager,
    arguments: &Arguments,
    mut jobs: BTreeMap<String, String>,
    removed: &mut Signals,
) -> client::Result<u8> {
    let mut code = 0;
    while !jobs.is_empty() {
        let Some(message) = removed.next().await else {
            return Err(ClientError::Connection("the session bus is gone".to_owned()));
        };
        let Some(job) = JobRemoved::of(&message) else { continue };
        let Some(name) = jobs.remove(job.job.as_str()) else { continue };
        if job.is_success() {
            continue;
        }
        code = 1;
        if !arguments.quiet {
            eprintln!("{}", explain(manager, &name, &job.result).await);
        }
    }
    Ok(code)
}

/// Why a job failed, in a sentence, and where to read on.
async fn explain(manager: &Manager, name: &str, result: &str) -> String {
    let log = format!("session-launcher log {name}");
    let sentence = match result {
        "canceled" => return format!("Job for {name} canceled."),
        "timeout" => return format!("Job for {name} timed out."),
        "dependency" => {
            return format!(
                "A dependency job for {name} failed. See 'systemctl --user --failed' for details."
            );
        }
        "invalid" | "skipped" => return format!("{name} is not active, cannot reload."),
        "assert" => return format!("Assertion failed on job for {name}."),
        "unsupported" => return format!("Operation on or unit type of {name} not supported on this system."),
        "collected" => return format!("Queued job for {name} was garbage collected."),
        "once" => return format!("Unit {name} was started already once and can't be started again."),
        "frozen" => return format!("Cannot perform operation on frozen unit {name}."),
        _ => of_service(manager, name).await,
    };
    format!(
        "Job for {name} failed{sentence}.\nSee \"systemctl --user status {name}\" and \"{log}\" for details."
    )
}

/// How the service of a failed job ended.
async fn of_service(manager: &Manager, name: &str) -> String {
    let result = async {
        let path = manager.load_unit(name).await?;
        let interface = "org.freedesktop.systemd1.Service";
        Ok::<_, ClientError>(String::try_from(manager.property(&path, interface, "Result").await?)?)
    };
    let why = match result.await.as_deref() {
        Ok("resources") => "of unavailable resources or another system error",
        Ok("protocol") => "the service did not take the steps required by its unit configuration",
        Ok("timeout") => "a timeout was exceeded",
        Ok("exit-code") => "the control process exited with error code",
        Ok("signal") => "a fatal signal was delivered to the control process",
        Ok("core-dump") => "a fatal signal was delivered causing the control process to dump core",
        Ok("watchdog") => "the service failed to send watchdog ping",
        Ok("start-limit-hit") => "start of the service was attempted too often",
        Ok("oom-kill") => "of an out-of-memory (OOM) situation",
        _ => return String::new(),
    };
    format!(" because {why}")
}
