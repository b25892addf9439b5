//! What follows from a change of a unit's state: for its job, and for the units around it.

use super::engine::Engine;
use super::event::{Action, Host, Request};
use super::kind::{JobKind, JobResult, JobState};
use super::relation::{self, Relation};
use super::runtime::Runtime;
use super::state::ActiveState;
use super::units::UnitId;
use crate::unit::spec::JobMode;

impl<H: Host> Engine<H> {
    /// To be called after every change of a fine state, with the names and coarse states before and now.
    pub(super) fn state_changed(
        &mut self,
        id: UnitId,
        from: (&'static str, ActiveState),
        to: (&'static str, ActiveState),
        reload_ok: bool,
    ) {
        let (old, new) = (from.1, to.1);
        if from.0 != to.0 {
            let unit = &self.units[id];
            let (name, result) = (unit.name().clone(), unit.result());
            self.actions.push(Action::StateChanged {
                unit: name,
                from: from.0,
                to: to.0,
                active: new,
                result,
            });
        }
        self.note_times(id, old, new);
        if new.is_inactive_or_failed() && !old.is_inactive_or_failed() {
            let unit = self.units[id].name().clone();
            self.actions.push(Action::Release { unit });
        }

        let unexpected = match self.units[id].job {
            Some(_) => self.advance_job(id, new, reload_ok),
            None => true,
        };
        if unexpected {
            if old.is_inactive_or_failed() && new.is_active_or_activating() {
                self.start_retroactively(id);
            } else if old.is_active_or_activating() && new.is_inactive_or_deactivating() {
                self.stop_retroactively(id);
            }
        }
        if old != new && new == ActiveState::Failed {
            self.start_termination_units(id, Relation::OnFailure);
        }
        if new == ActiveState::Inactive && !old.is_inactive_or_failed() && old != ActiveState::Maintenance {
            self.start_termination_units(id, Relation::OnSuccess);
        }
        self.tell_triggers(id);
        self.queue_consequences(id, old, new);
        let flags = &self.units[id].spec.flags;
        let name = self.units[id].name();
        if old != ActiveState::Failed && new == ActiveState::Failed {
            let (action, status) = (flags.failure_action, flags.failure_action_exit_status);
            let reason = format!("unit {name} failed");
            self.emergency(action, status, reason);
        } else if !old.is_inactive_or_failed() && new == ActiveState::Inactive {
            let (action, status) = (flags.success_action, flags.success_action_exit_status);
            let reason = format!("unit {name} succeeded");
            self.emergency(action, status, reason);
        }
    }

    fn note_times(&mut self, id: UnitId, old: ActiveState, new: ActiveState) {
        let now = Some(self.now);
        let times = &mut self.units[id].times;
        times.state_change = now;
        match (old.is_inactive_or_failed(), new.is_inactive_or_failed()) {
            (true, false) => times.inactive_exit = now,
            (false, true) => times.inactive_enter = now,
            _ => {}
        }
        match (old.is_active_or_reloading(), new.is_active_or_reloading()) {
            (false, true) => times.active_enter = now,
            (true, false) => times.active_exit = now,
            _ => {}
        }
    }

    /// Ends the unit's job if the new state settles it. True when the state is not what the job was after.
    fn advance_job(&mut self, id: UnitId, new: ActiveState, reload_ok: bool) -> bool {
        let Some(job_id) = self.units[id].job else { return true };
        let Some(job) = self.jobs.get(&job_id).cloned() else { return true };
        if job.state == JobState::Waiting {
            self.enqueue_to_run(job_id);
        }
        let running = job.state == JobState::Running;
        let down = |ok: JobResult| if new == ActiveState::Failed { JobResult::Failed } else { ok };
        match job.kind {
            JobKind::Start | JobKind::VerifyActive => {
                if new.is_active_or_reloading() {
                    self.finish_job(job_id, JobResult::Done, true);
                } else if running && new != ActiveState::Activating {
                    if new.is_inactive_or_failed() {
                        self.finish_job(job_id, down(JobResult::Done), true);
                    }
                    return true;
                }
            }
            JobKind::Reload | JobKind::ReloadOrStart | JobKind::TryReload => {
                if running && new == ActiveState::Active {
                    let result = if reload_ok { JobResult::Done } else { JobResult::Failed };
                    self.finish_job(job_id, result, true);
                } else if running && !matches!(new, ActiveState::Activating | ActiveState::Reloading) {
                    if new.is_inactive_or_failed() {
                        self.finish_job(job_id, down(JobResult::Done), true);
                    }
                    return true;
                }
            }
            JobKind::Stop | JobKind::Restart | JobKind::TryRestart => {
                if new.is_inactive_or_failed() {
                    self.finish_job(job_id, JobResult::Done, true);
                } else if running && new != ActiveState::Deactivating {
                    self.finish_job(job_id, JobResult::Failed, true);
                    return true;
                }
            }
            JobKind::Nop => {}
        }
        false
    }

    /// A unit came up without having been asked: what it needs comes up too.
    fn start_retroactively(&mut self, id: UnitId) {
        for other in self.units.related(id, relation::STARTS_RETROACTIVELY) {
            if !self.units.has(id, Relation::After, other)
                && !self.units[other].active_state().is_active_or_activating()
            {
                self.add_job_quietly(other, JobKind::Start, JobMode::Replace);
            }
        }
        for other in self.units.related(id, relation::STARTS_RETROACTIVELY_WEAKLY) {
            if !self.units.has(id, Relation::After, other)
                && !self.units[other].active_state().is_active_or_activating()
            {
                self.add_job_quietly(other, JobKind::Start, JobMode::Fail);
            }
        }
        for other in self.units.related(id, relation::STOPS_ON_START) {
            if !self.units[other].active_state().is_inactive_or_deactivating() {
                self.add_job_quietly(other, JobKind::Stop, JobMode::Replace);
            }
        }
    }

    /// A unit went down without having been asked: what is bound to it goes too.
    fn stop_retroactively(&mut self, id: UnitId) {
        for other in self.units.related(id, relation::STOPS_ON_STOP) {
            if !self.units[other].active_state().is_inactive_or_deactivating() {
                self.add_job_quietly(other, JobKind::Stop, JobMode::Replace);
            }
        }
    }

    /// Starts the units of `OnFailure=` or `OnSuccess=`.
    pub(super) fn start_termination_units(&mut self, id: UnitId, relation: Relation) {
        let flags = &self.units[id].spec.flags;
        let mode = if relation == Relation::OnSuccess {
            flags.on_success_job_mode
        } else {
            flags.on_failure_job_mode
        };
        let facet: relation::Facet =
            if relation == Relation::OnSuccess { &[Relation::OnSuccess] } else { &[Relation::OnFailure] };
        for other in self.units.related(id, facet) {
            self.add_job_quietly(other, JobKind::Start, mode);
        }
    }

    /// Tells the sockets, timers and paths that trigger this unit.
    pub(super) fn tell_triggers(&mut self, id: UnitId) {
        for trigger in self.units.related(id, &[Relation::TriggeredBy]) {
            match self.units[trigger].runtime {
                Runtime::Socket(_) => self.socket_trigger_changed(trigger, id),
                Runtime::Timer(_) => self.timer_trigger_changed(trigger, id),
                Runtime::Path(_) => self.path_trigger_changed(trigger, id),
                _ => {}
            }
        }
    }

    /// Queues the checks that look at lasting conditions rather than at the change itself.
    fn queue_consequences(&mut self, id: UnitId, old: ActiveState, new: ActiveState) {
        if new.is_inactive_or_failed() {
            self.unneeded_queue.extend(self.units.related(id, relation::NEEDS));
            self.bound_queue.extend(self.units.related(id, relation::BOUND_BY));
        }
        if new.is_active_or_reloading() && new != old {
            self.upheld_queue.extend(self.units.related(id, relation::UPHOLDS));
        }
        self.unneeded_queue.insert(id);
        self.bound_queue.insert(id);
        self.upheld_queue.insert(id);
        self.collect_queue.insert(id);
    }

    /// Queues a job that nobody waits for; a refusal is only logged.
    pub(super) fn add_job_quietly(&mut self, id: UnitId, kind: JobKind, mode: JobMode) -> bool {
        match self.add_job(id, kind, mode, false) {
            Ok(_) => true,
            Err(error) => {
                self.log(id, format!("a {} job was not queued: {error}", kind.as_str()));
                false
            }
        }
    }

    /// Queues what a driver or user asks for.
    pub(super) fn queue_request(
        &mut self,
        request: &Request,
    ) -> Result<super::kind::JobId, super::event::RequestError> {
        let id = self.load(&request.unit);
        let mut kind = request.kind;
        if request.reload_if_possible && self.can_reload(id) {
            kind = match kind {
                JobKind::Restart => JobKind::ReloadOrStart,
                JobKind::TryRestart => JobKind::TryReload,
                other => other,
            };
        }
        let outcome = self.may_request(id, kind).and_then(|()| self.add_job(id, kind, request.mode, false));
        if self.units.contains(id) {
            self.collect_queue.insert(id);
        }
        outcome
    }
}
