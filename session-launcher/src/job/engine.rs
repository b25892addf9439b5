//! The engine: holds all units and jobs, takes events, and says what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::deadline::Deadlines;
use super::event::{Action, Event, Host, Moment, ProcessId, Request, RequestError};
use super::job::Job;
use super::kind::JobId;
use super::queue::RunKey;
use super::units::{UnitId, Units};
use crate::unit::spec::UnitName;

/// Decides what starts, stops and fails, as `systemd --user` does.
///
/// It does no I/O: [`Engine::request`] and [`Engine::handle`] take what happened and return what is to be done, in order.
/// Times come in with each call; [`Engine::next_deadline`] says when to call again if nothing happens before.
#[derive(Debug)]
pub struct Engine<H> {
    pub(super) host: H,
    pub(super) now: Moment,
    pub(super) startup: Moment,
    pub(super) units: Units,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) last_job: u32,
    pub(super) last_process: u64,
    pub(super) processes: BTreeMap<ProcessId, UnitId>,
    pub(super) deadlines: Deadlines,
    pub(super) run_queue: BTreeSet<RunKey>,
    pub(super) upheld_queue: BTreeSet<UnitId>,
    pub(super) bound_queue: BTreeSet<UnitId>,
    pub(super) unneeded_queue: BTreeSet<UnitId>,
    pub(super) collect_queue: BTreeSet<UnitId>,
    pub(super) actions: Vec<Action>,
}

impl<H: Host> Engine<H> {
    /// An engine that knows no unit yet; `now` counts as the manager's start.
    pub fn new(host: H, now: Moment) -> Self {
        Self {
            host,
            now,
            startup: now,
            units: Units::default(),
            jobs: BTreeMap::new(),
            last_job: 0,
            last_process: 0,
            processes: BTreeMap::new(),
            deadlines: Deadlines::default(),
            run_queue: BTreeSet::new(),
            upheld_queue: BTreeSet::new(),
            bound_queue: BTreeSet::new(),
            unneeded_queue: BTreeSet::new(),
            collect_queue: BTreeSet::new(),
            actions: Vec::new(),
        }
    }

    /// The host, for a driver that keeps its own state there.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// The host, to be changed between two calls.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    /// Queues a job as one of systemd's methods StartUnit, StopUnit... does.
    ///
    /// Gives its number and what is to be done. A job that was pointless is done already: its removal is among the actions.
    pub fn request(&mut self, now: Moment, request: &Request) -> (Result<JobId, RequestError>, Vec<Action>) {
        self.now = self.now.max(now);
        let answer = self.queue_request(request);
        self.settle();
        (answer, std::mem::take(&mut self.actions))
    }

    /// Takes one event.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Action> {
        self.now = self.now.max(now);
        self.expire_deadlines();
        self.dispatch(event);
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// Forgets that units failed and how often they started: `systemctl reset-failed`, of one unit or of all.
    pub fn reset_failed(
        &mut self,
        now: Moment,
        name: Option<&UnitName>,
    ) -> (Result<(), RequestError>, Vec<Action>) {
        self.now = self.now.max(now);
        let answer = match name {
            Some(name) => match self.units.find(name) {
                Some(id) => {
                    self.reset_failed_unit(id);
                    Ok(())
                }
                None => Err(RequestError::NotLoaded(name.clone())),
            },
            None => {
                let ids: Vec<_> = self.units.ids().collect();
                for id in ids {
                    self.reset_failed_unit(id);
                }
                Ok(())
            }
        };
        self.settle();
        (answer, std::mem::take(&mut self.actions))
    }

    /// Cancels a queued job (`systemctl cancel`). False when there is no such job.
    pub fn cancel(&mut self, now: Moment, job: JobId) -> (bool, Vec<Action>) {
        self.now = self.now.max(now);
        let known = self.jobs.contains_key(&job);
        if known {
            self.finish_job(job, super::kind::JobResult::Canceled, true);
        }
        self.settle();
        (known, std::mem::take(&mut self.actions))
    }

    /// Cancels all queued jobs, none of which runs because another has gone.
    pub fn cancel_all(&mut self, now: Moment) -> Vec<Action> {
        self.now = self.now.max(now);
        let jobs: Vec<JobId> = self.jobs.keys().copied().collect();
        for job in jobs {
            if self.jobs.contains_key(&job) {
                self.finish_job(job, super::kind::JobResult::Canceled, true);
            }
        }
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// Keeps a unit loaded, or lets it be forgotten again, as a D-Bus client's `Ref` does.
    pub fn pin(&mut self, now: Moment, name: &UnitName, pinned: bool) -> Vec<Action> {
        self.now = self.now.max(now);
        let id = self.load(name);
        if let Some(unit) = self.units.contains(id).then(|| &mut self.units[id]) {
            unit.pinned = pinned;
        }
        self.collect_queue.insert(id);
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// Takes up the new description of a unit that so far was not to be found, if it is known at all.
    pub fn redefine(&mut self, now: Moment, name: &UnitName) -> Vec<Action> {
        self.now = self.now.max(now);
        if let Some(id) = self.units.find(name) {
            self.units.disconnect(id);
            let spec = self.host.load(name);
            self.units.replace_spec(id, spec);
            self.connect_all(vec![id]);
        }
        self.settle();
        std::mem::take(&mut self.actions)
    }

    /// When to call [`Engine::handle`] with [`Event::Tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Moment> {
        self.deadlines.next()
    }

    /// Works off all that an event has set going: the queues of units first, then the jobs.
    pub(super) fn settle(&mut self) {
        loop {
            if self.collect_units()
                || self.start_upheld_units()
                || self.stop_unbound_units()
                || self.stop_unneeded_units()
            {
                continue;
            }
            if !self.run_jobs() {
                break;
            }
        }
    }

    /// Writes a line for the log.
    pub(super) fn log(&mut self, id: UnitId, message: impl Into<String>) {
        let unit = self.units[id].name().clone();
        self.actions.push(Action::Log { unit, message: message.into() });
    }

    /// Asks the manager for what `FailureAction=` and its fellows say.
    pub(super) fn emergency(
        &mut self,
        action: crate::unit::spec::EmergencyAction,
        status: Option<u8>,
        reason: String,
    ) {
        if action != crate::unit::spec::EmergencyAction::None {
            self.actions.push(Action::Emergency { action, status, reason });
        }
    }
}
