//! What is told unasked.
//!
//! As in systemd, signals are broadcast once somebody has called `Subscribe`; those of a job also while a client that
//! asked for it is there, and those of a unit while a client holds on to it. Beyond that, a client that has read a unit's
//! properties without subscribing is told of their changes alone: such a client would wait for ever otherwise, when
//! nobody else happens to have subscribed.

use std::collections::BTreeMap;

use serde::Serialize;
use zbus::{DynamicType, Message};

use super::face::{ReportedState, State};
use super::manager::MANAGER;
use super::table::Value;
use super::{activation, job, path, properties, unit};
use crate::daemon::clock::Stamp;
use crate::daemon::driver::Driver;
use crate::job::{Action, ActiveState, JobId, JobResult};
use crate::unit::spec::UnitName;

/// Who gets a signal.
enum Audience {
    Everybody,
    Only(Vec<String>),
}

/// Tells what has been reported.
pub fn publish(state: &mut State, driver: &mut Driver) {
    state.backlog.extend(driver.take_reports());
    if state.backlog.is_empty() && state.dirty.is_empty() {
        finish_startup(state, driver);
        return;
    }
    let mut states_changed = false;
    for action in std::mem::take(&mut state.backlog) {
        states_changed |= matches!(action, Action::StateChanged { .. } | Action::UnitRemoved { .. });
        tell(state, driver, action);
    }
    while let Some((unit, reported)) = state.dirty.pop_first() {
        tell_unit(state, driver, &unit, reported);
    }
    if states_changed {
        tell_failed_units(state, driver);
    }
    finish_startup(state, driver);
}

fn tell(state: &mut State, driver: &Driver, action: Action) {
    match action {
        Action::JobNew { job, unit, .. } => announce(state, job, &unit),
        Action::JobRunning { job, .. } if job_is_public(state, job) => job::tell_state(state, driver, job),
        Action::JobRemoved { job, unit, result, continues: false, .. } => {
            end_job(state, driver, job, &unit, result);
        }
        Action::StateChanged { unit, to, active, result, .. } => {
            // That a unit was down is told even if it has come up again meanwhile.
            if let Some(Some(before)) = state.dirty.get(&unit).copied()
                && before.active.is_inactive_or_failed()
            {
                tell_unit(state, driver, &unit, Some(before));
            }
            state.dirty.insert(unit, Some(ReportedState { active, sub: to, result }));
        }
        Action::UnitNew { unit } => tell_presence(state, "UnitNew", &unit),
        Action::UnitRemoved { unit } => {
            if let Some(reported) = state.dirty.remove(&unit) {
                tell_unit(state, driver, &unit, reported);
            }
            tell_presence(state, "UnitRemoved", &unit);
            state.clients.forget_unit(&unit);
        }
        _ => {}
    }
}

/// `JobNew`, once for each job.
pub fn announce(state: &mut State, job: JobId, unit: &UnitName) {
    if !state.announced.insert(job) {
        return;
    }
    state.installed_jobs = state.installed_jobs.saturating_add(1);
    state.dirty.entry(unit.clone()).or_default();
    if job_is_public(state, job) {
        state.broadcast("JobNew", &(job.0, path::job(job), unit.as_str()));
    }
}

/// Tells what comes before the answer to a request: the ends of jobs that its own replaces, and its own. The rest waits.
pub fn announce_request(state: &mut State, driver: &Driver, job: JobId, reports: Vec<Action>) {
    let own =
        reports.iter().position(|action| matches!(action, Action::JobNew { job: id, .. } if *id == job));
    for (place, action) in reports.into_iter().enumerate() {
        let before = own.is_some_and(|own| place <= own);
        match action {
            Action::JobRemoved { .. } if before => tell(state, driver, action),
            Action::JobNew { job: id, ref unit, .. } if id == job => announce(state, job, &unit.clone()),
            _ => state.backlog.push(action),
        }
    }
}

/// Tells the end of one job before the answer to a request. The rest waits.
pub fn tell_end(state: &mut State, driver: &mut Driver, job: JobId) {
    state.backlog.extend(driver.take_reports());
    let is_end = |action: &Action| matches!(action, Action::JobRemoved { job: id, .. } if *id == job);
    if let Some(place) = state.backlog.iter().position(is_end) {
        let end = state.backlog.remove(place);
        tell(state, driver, end);
    }
}

fn end_job(state: &mut State, driver: &Driver, job: JobId, unit: &UnitName, result: JobResult) {
    // Whoever hears that the job is over sees the unit as the job has left it.
    let reported = state.dirty.remove(unit).flatten();
    tell_unit(state, driver, unit, reported);
    if job_is_public(state, job) {
        state.broadcast("JobRemoved", &(job.0, path::job(job), unit.as_str(), result.as_str()));
    }
    if !matches!(result, JobResult::Done | JobResult::Canceled | JobResult::Skipped) {
        state.failed_jobs = state.failed_jobs.saturating_add(1);
    }
    if let Some(activation) = state.activations.remove(&job) {
        activation::job_ended(state, driver, &activation, result);
    }
    state.announced.remove(&job);
    state.job_clients.remove(&job);
}

fn job_is_public(state: &State, job: JobId) -> bool {
    state.clients.any_subscribed() || state.job_clients.get(&job).is_some_and(|clients| !clients.is_empty())
}

fn tell_presence(state: &mut State, member: &'static str, unit: &UnitName) {
    if state.clients.any_subscribed() || state.clients.any_reference(unit) {
        state.broadcast(member, &(unit.as_str(), path::unit(unit)));
    }
}

/// `PropertiesChanged` of a unit: first what is its type's own, then what all units have. The state is the reported one.
fn tell_unit(state: &mut State, driver: &Driver, name: &UnitName, reported: Option<ReportedState>) {
    let audience = if state.clients.any_subscribed() || state.clients.any_reference(name) {
        Audience::Everybody
    } else {
        Audience::Only(state.clients.watchers(name))
    };
    if matches!(&audience, Audience::Only(names) if names.is_empty()) {
        return;
    }
    let path = path::unit(name);
    for (interface, mut changed, invalidated) in changes(state, driver, name) {
        if let Some(reported) = reported {
            override_state(interface, &mut changed, reported);
        }
        state.tell_changes(path.as_str(), interface, &changed, &invalidated, &audience);
    }
}

type Changes = (&'static str, BTreeMap<&'static str, Value>, Vec<&'static str>);

/// By interface. Of a unit that is forgotten only its last state is left to be told.
fn changes(state: &State, driver: &Driver, name: &UnitName) -> Vec<Changes> {
    let own = unit::interface_of(name.kind());
    let interfaces = own.into_iter().chain([&unit::UNIT]);
    match unit::Subject::of(driver, state, name) {
        Some(subject) => interfaces
            .map(|interface| {
                let (changed, invalidated) =
                    properties::changes(interface, |property| (property.get)(&subject));
                (interface.name, changed, invalidated)
            })
            .collect(),
        None => interfaces.map(|interface| (interface.name, BTreeMap::new(), Vec::new())).collect(),
    }
}

fn override_state(interface: &str, changed: &mut BTreeMap<&'static str, Value>, reported: ReportedState) {
    if interface == unit::UNIT.name {
        changed.insert("ActiveState", reported.active.as_str().into());
        changed.insert("SubState", reported.sub.into());
    } else if changed.contains_key("Result") {
        changed.insert("Result", reported.result.as_str().into());
    }
}

fn tell_failed_units(state: &mut State, driver: &Driver) {
    let failed = driver.engine().statuses().iter().filter(|unit| unit.active == ActiveState::Failed).count();
    let failed = u32::try_from(failed).unwrap_or(u32::MAX);
    if failed == state.failed_units {
        return;
    }
    state.failed_units = failed;
    if state.clients.any_subscribed() {
        let changed = BTreeMap::from([("NFailedUnits", Value::from(failed))]);
        state.tell_changes(path::MANAGER, MANAGER.name, &changed, &[], &Audience::Everybody);
    }
}

fn finish_startup(state: &mut State, driver: &Driver) {
    if state.finished.is_some() || driver.engine().jobs().next().is_some() {
        return;
    }
    let now = Stamp::now();
    state.finished = Some(now);
    if state.clients.any_subscribed() {
        let span = now.monotonic.saturating_sub(state.started.monotonic);
        state.broadcast("StartupFinished", &(0u64, 0u64, 0u64, 0u64, span, span));
    }
}

impl State {
    /// Sends a signal of the manager to everybody.
    pub fn broadcast<B: Serialize + DynamicType>(&mut self, member: &'static str, body: &B) {
        self.post(Message::signal(path::MANAGER, MANAGER.name, member).build(body));
    }

    /// Sends a signal of the manager to those who have subscribed.
    pub fn broadcast_to_subscribers<B: Serialize + DynamicType>(&mut self, member: &'static str, body: &B) {
        if self.clients.any_subscribed() {
            self.broadcast(member, body);
        }
    }

    /// Sends `PropertiesChanged` to everybody.
    pub fn tell_everybody(&mut self, path: &str, interface: &str, changed: &BTreeMap<&'static str, Value>) {
        self.tell_changes(path, interface, changed, &[], &Audience::Everybody);
    }

    fn tell_changes(
        &mut self,
        path: &str,
        interface: &str,
        changed: &BTreeMap<&'static str, Value>,
        invalidated: &[&'static str],
        audience: &Audience,
    ) {
        if changed.is_empty() && invalidated.is_empty() {
            return;
        }
        let signal = || Message::signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        let body = &(interface, changed, invalidated);
        match audience {
            Audience::Everybody => self.post(signal().build(body)),
            Audience::Only(names) => {
                for name in names {
                    self.post(signal().destination(name.as_str()).build(body));
                }
            }
        }
    }

    /// Puts a message into the outbox.
    pub fn post(&mut self, message: zbus::Result<Message>) {
        match message {
            Ok(message) => self.outbox.push(message),
            Err(error) => tracing::warn!("session bus: {error}"),
        }
    }
}
