//! Requests for jobs, and the jobs that are queued.

use zbus::{Message, ObjectPath};

use super::units;
use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::{job, path, signal};
use crate::job::{Action, JobId, JobKind, Request};
use crate::unit::spec::{JobMode, UnitName};

/// What is asked of a unit.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    kind: JobKind,
    reload_if_possible: bool,
}

impl Wish {
    /// A job of that kind.
    pub const fn plain(kind: JobKind) -> Self {
        Self { kind, reload_if_possible: false }
    }

    /// A reload where the unit can, else a job of that kind.
    pub const fn reload_or(kind: JobKind) -> Self {
        Self { kind, reload_if_possible: true }
    }
}

pub fn start(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::plain(JobKind::Start))
}

/// No flag is defined.
pub fn start_with_flags(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, mode, flags): (String, String, u64) = call.arguments()?;
    if flags != 0 {
        return Err(Failure::invalid_arguments(format!("Invalid 'flags' parameter '{flags}'")));
    }
    let unit = units::loadable_name(&name)?;
    enqueue(call, unit, Wish::plain(JobKind::Start), &mode)
}

pub fn stop(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::plain(JobKind::Stop))
}

pub fn reload(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::plain(JobKind::Reload))
}

pub fn restart(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::plain(JobKind::Restart))
}

pub fn try_restart(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::plain(JobKind::TryRestart))
}

pub fn reload_or_restart(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::reload_or(JobKind::Restart))
}

pub fn reload_or_try_restart(call: &mut Call<'_>) -> Result<Message, Failure> {
    named(call, Wish::reload_or(JobKind::TryRestart))
}

fn named(call: &mut Call<'_>, wish: Wish) -> Result<Message, Failure> {
    let (name, mode): (String, String) = call.arguments()?;
    let unit = units::loadable_name(&name)?;
    enqueue(call, unit, wish, &mode)
}

/// Starts the new unit if a start of the old one is queued.
pub fn start_replace(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (old, new, mode): (String, String, String) = call.arguments()?;
    let starts = UnitName::new(old.as_str())
        .ok()
        .and_then(|old| call.driver.engine().status(&old))
        .is_some_and(|status| status.job.is_some_and(|(_, kind, _)| kind == JobKind::Start));
    if !starts {
        return Err(Failure::no_such_job(format!("No job queued for unit {old}")));
    }
    let unit = units::loadable_name(&new)?;
    enqueue(call, unit, Wish::plain(JobKind::Start), &mode)
}

/// Queues a job; the answer is its path.
///
/// # Errors
/// The mode is none, or the engine refuses.
pub fn enqueue(call: &mut Call<'_>, unit: UnitName, wish: Wish, mode: &str) -> Result<Message, Failure> {
    let job = queue(call, unit, wish, mode)?;
    call.answer(&path::job(job))
}

/// Queues a job, and has it announced before the caller is answered.
///
/// # Errors
/// The mode is none, or the engine refuses.
pub fn queue(call: &mut Call<'_>, unit: UnitName, wish: Wish, mode: &str) -> Result<JobId, Failure> {
    queue_and_list(call, unit, wish, mode).map(|(job, _)| job)
}

/// Queues a job; gives it and all jobs that have come or changed with it.
fn queue_and_list(
    call: &mut Call<'_>,
    unit: UnitName,
    wish: Wish,
    mode: &str,
) -> Result<(JobId, Vec<Effect>), Failure> {
    let mode = job_mode(mode)?;
    let request = Request { unit, kind: wish.kind, mode, reload_if_possible: wish.reload_if_possible };
    let job = call.driver.request(&request)?;
    call.state.job_clients.entry(job).or_default().insert(call.sender.clone());
    let reports = call.driver.take_reports();
    let effects = reports
        .iter()
        .filter_map(|action| match action {
            Action::JobNew { job, unit, kind } | Action::JobMerged { job, unit, kind } => {
                Some(effect(*job, unit, *kind))
            }
            _ => None,
        })
        .collect();
    signal::announce_request(call.state, call.driver, job, reports);
    Ok((job, effects))
}

/// The mode of that name.
fn job_mode(text: &str) -> Result<JobMode, Failure> {
    Ok(match text {
        "fail" => JobMode::Fail,
        "replace" => JobMode::Replace,
        "lenient" => JobMode::Lenient,
        "replace-irreversibly" => JobMode::ReplaceIrreversibly,
        "isolate" => JobMode::Isolate,
        "flush" => JobMode::Flush,
        "ignore-dependencies" => JobMode::IgnoreDependencies,
        "ignore-requirements" => JobMode::IgnoreRequirements,
        "triggering" => JobMode::Triggering,
        "restart-dependencies" => JobMode::RestartDependencies,
        _ => return Err(Failure::invalid_arguments(format!("Job mode {text} invalid"))),
    })
}

fn job_type(text: &str) -> Result<Wish, Failure> {
    Ok(match text {
        "start" => Wish::plain(JobKind::Start),
        "verify-active" => Wish::plain(JobKind::VerifyActive),
        "stop" => Wish::plain(JobKind::Stop),
        "reload" => Wish::plain(JobKind::Reload),
        "restart" => Wish::plain(JobKind::Restart),
        "try-restart" => Wish::plain(JobKind::TryRestart),
        "reload-or-start" => Wish::plain(JobKind::ReloadOrStart),
        "reload-or-restart" => Wish::reload_or(JobKind::Restart),
        "reload-or-try-restart" => Wish::reload_or(JobKind::TryRestart),
        _ => return Err(Failure::invalid_arguments(format!("Job type {text} invalid"))),
    })
}

pub fn enqueue_unit_job(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, kind, mode): (String, String, String) = call.arguments()?;
    let unit = units::loadable_name(&name)?;
    enqueue_with_effects(call, unit, &kind, &mode)
}

/// A job as `EnqueueUnitJob` lists it: number, path, unit, the unit's path, type.
type Effect = (u32, ObjectPath<'static>, String, ObjectPath<'static>, &'static str);

/// Queues a job; the answer tells what else was queued for it.
///
/// # Errors
/// As [`enqueue`]; also when the type is none.
pub fn enqueue_with_effects(
    call: &mut Call<'_>,
    unit: UnitName,
    kind: &str,
    mode: &str,
) -> Result<Message, Failure> {
    let wish = job_type(kind)?;
    let name = unit.clone();
    let (job, effects) = queue_and_list(call, unit, wish, mode)?;
    // A job that was in the queue already is among no reports.
    let own = effects.iter().find(|effect| effect.0 == job.0).cloned().unwrap_or_else(|| {
        let kind = job::kind(call.driver, job).unwrap_or(wish.kind);
        effect(job, &name, kind)
    });
    let others: Vec<Effect> = effects.into_iter().filter(|effect| effect.0 != job.0).collect();
    let (id, path, unit, unit_path, kind) = own;
    call.answer(&(id, path, unit, unit_path, kind, others))
}

fn effect(job: JobId, unit: &UnitName, kind: JobKind) -> Effect {
    (job.0, path::job(job), unit.to_string(), path::unit(unit), kind.as_str())
}

pub fn get_job(call: &mut Call<'_>) -> Result<Message, Failure> {
    let id = JobId(call.arguments()?);
    if !job::exists(call.driver, id) {
        return Err(Failure::no_such_job(format!("Job {} does not exist.", id.0)));
    }
    call.answer(&path::job(id))
}

pub fn cancel_job(call: &mut Call<'_>) -> Result<Message, Failure> {
    let id = JobId(call.arguments()?);
    job::cancel(call, id)
}

pub fn clear_jobs(call: &mut Call<'_>) -> Result<Message, Failure> {
    call.driver.cancel_all();
    // The ends of jobs are told before the answer.
    signal::publish(call.state, call.driver);
    call.answer(&())
}

pub fn list_jobs(call: &mut Call<'_>) -> Result<Message, Failure> {
    let jobs: Vec<job::Row> = call.driver.engine().jobs().map(job::row).collect();
    call.answer(&jobs)
}
