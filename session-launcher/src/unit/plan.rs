//! Plays the start of a unit on the job engine, with processes that do what is expected of them, to show the
//! transaction before it runs.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::condition::Surroundings;
use super::load::Loader;
use super::property;
use super::pull_tree::{Edge, Options, PullTree};
use super::spec::{
    CalendarExpression, Condition, DependencyOrigin, JobMode, LoadState, PathWatch, ServiceType, Unit,
    UnitName,
};
use crate::job::{
    Action, Engine, Event, ExitStatus, Host, JobKind, JobResult, Moment, Notification, NotifySender, Phase,
    ProcessId, Request, RequestError, Spawn,
};

/// One job of a transaction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The unit.
    pub unit: UnitName,
    /// What the job does.
    pub kind: JobKind,
    /// Why it is there: which unit pulls it in, with the line. `None` for the unit that was asked for.
    pub reason: Option<Reason>,
    /// It is not part of the transaction but follows from running it, as a stop when something fails.
    pub follows: bool,
    /// Jobs of one wave do not wait for each other.
    pub wave: usize,
    /// Conditions that do not hold now, for which the unit is skipped.
    pub skipped_by: Vec<String>,
    /// Asserts that do not hold now, for which it fails.
    pub failed_by: Vec<String>,
    /// How the job would end.
    pub result: Option<JobResult>,
}

/// What pulls a unit in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The unit that states the dependency.
    pub by: UnitName,
    /// Which dependency.
    pub kind: &'static str,
    /// Where it is written.
    pub origin: DependencyOrigin,
}

/// A transaction as it would run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The jobs in the order in which they begin.
    pub steps: Vec<Step>,
    /// Units that are wanted but cannot be had, with their load state.
    pub left_out: Vec<(UnitName, LoadState)>,
}

/// Jobs that a pretended run may take; a real session has some hundreds.
const MAX_EVENTS: usize = 100_000;

/// Plans the start of a unit on a manager that runs nothing yet.
///
/// # Errors
/// The request would be refused.
pub fn plan(
    loader: &Loader,
    environment: &BTreeMap<String, String>,
    name: &UnitName,
    mode: JobMode,
) -> Result<Plan, RequestError> {
    let view = View { loader, environment };
    let request = Request { unit: name.clone(), kind: JobKind::Start, mode, reload_if_possible: false };
    let mut engine = Engine::new(view, Moment::ZERO);
    let (answer, actions) = engine.request(Moment::ZERO, &request);
    answer?;
    let mut run = Run { loader, steps: Vec::new(), events: VecDeque::new(), wave: 0, queued: false };
    run.take(actions);
    run.queued = true;
    let mut now = Moment::ZERO;
    for _ in 0..MAX_EVENTS {
        // All events that wait belong to jobs that ran at the same time.
        run.wave += 1;
        let batch: Vec<Event> = run.events.drain(..).collect();
        if batch.is_empty() {
            break;
        }
        for event in batch {
            now += Moment::from_micros(1);
            let actions = engine.handle(now, event);
            run.take(actions);
        }
    }
    Ok(finish(loader, environment, name, run.steps))
}

fn finish(
    loader: &Loader,
    environment: &BTreeMap<String, String>,
    name: &UnitName,
    mut steps: Vec<Step>,
) -> Plan {
    let set = loader.closure([name]);
    let tree = PullTree::new(&set, name, &Options { defaults: true, ..Options::default() });
    let mut reasons: BTreeMap<&UnitName, &Edge> = BTreeMap::new();
    let units = tree.units();
    for edge in units.iter().flat_map(|unit| tree.children(unit)) {
        reasons.insert(&edge.to, edge);
    }
    let surroundings = Surroundings { host: loader.host(), environment, root: loader.path().root() };
    for step in steps.iter_mut().filter(|step| !step.follows) {
        step.reason = reasons.get(&step.unit).map(|edge| Reason {
            by: edge.from.clone(),
            kind: edge.kind.as_str(),
            origin: edge.origin.clone(),
        });
        if let Some(unit) = set.get(&step.unit).filter(|_| step.kind == JobKind::Start) {
            step.skipped_by = failing(&surroundings, unit, "Condition");
            step.failed_by = failing(&surroundings, unit, "Assert");
        }
    }
    let missing = |unit: &&UnitName| set.get(unit).is_some_and(|unit| unit.load_state != LoadState::Loaded);
    let left_out = units
        .iter()
        .filter(missing)
        .filter_map(|unit| Some((unit.clone(), set.get(unit)?.load_state)))
        .collect();
    steps.sort_by_key(|step| (step.follows, step.wave));
    Plan { steps, left_out }
}

/// The conditions for which a unit would be skipped now; none when it would not be.
fn failing(surroundings: &Surroundings<'_>, unit: &Unit, prefix: &str) -> Vec<String> {
    let set = if prefix == "Assert" { &unit.asserts } else { &unit.conditions };
    if set.holds(|condition| surroundings.test(condition)) {
        return Vec::new();
    }
    let broken = set.0.iter().filter(|condition| !surroundings.holds(condition));
    broken.map(|condition| property::condition_text(prefix, condition)).collect()
}

/// The world in which all goes well.
#[derive(Debug)]
struct View<'a> {
    loader: &'a Loader,
    environment: &'a BTreeMap<String, String>,
}

impl Host for View<'_> {
    fn load(&mut self, name: &UnitName) -> Unit {
        self.loader.load(name).unit
    }

    fn condition(&mut self, _: &UnitName, condition: &Condition) -> bool {
        let surroundings = Surroundings {
            host: self.loader.host(),
            environment: self.environment,
            root: self.loader.path().root(),
        };
        surroundings.test(condition)
    }

    fn has_other_processes(&mut self, unit: &UnitName, _: &[ProcessId]) -> bool {
        // A forking service leaves its daemon.
        let unit = self.loader.load(unit).unit;
        unit.service().is_some_and(|service| service.service_type == ServiceType::Forking)
    }

    fn pid_file(&mut self, _: &UnitName) -> Option<ProcessId> {
        Some(ProcessId::Foreign(1))
    }

    fn guess_main_process(&mut self, _: &UnitName) -> Option<ProcessId> {
        None
    }

    fn path_is_ready(&mut self, _: &UnitName, _: &PathWatch) -> bool {
        false
    }

    fn calendar_next(&mut self, _: &CalendarExpression) -> Option<Moment> {
        None
    }
}

struct Run<'a> {
    loader: &'a Loader,
    steps: Vec<Step>,
    events: VecDeque<Event>,
    wave: usize,
    /// The transaction was queued; what comes now follows from it.
    queued: bool,
}

impl Run<'_> {
    fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::JobNew { unit, kind, .. } => self.steps.push(Step {
                    unit,
                    kind,
                    reason: None,
                    follows: self.queued,
                    wave: self.wave,
                    skipped_by: Vec::new(),
                    failed_by: Vec::new(),
                    result: None,
                }),
                Action::JobRunning { unit, .. } => {
                    let wave = self.wave;
                    if let Some(step) = self.step(&unit) {
                        step.wave = wave;
                    }
                }
                Action::JobRemoved { unit, result, .. } => {
                    if let Some(step) = self.step(&unit) {
                        step.result = Some(result);
                    }
                }
                Action::Spawn(spawn) => self.pretend(&spawn),
                Action::WatchBusName { name } => {
                    self.events.push_back(Event::BusNameOwned { name, owned: true })
                }
                _ => {}
            }
        }
    }

    /// The newest step of a unit whose job has not ended.
    fn step(&mut self, unit: &UnitName) -> Option<&mut Step> {
        self.steps.iter_mut().rev().find(|step| step.unit == *unit && step.result.is_none())
    }

    /// What a process does that behaves.
    fn pretend(&mut self, spawn: &Spawn) {
        let exited = Event::Exited { process: spawn.process, status: ExitStatus::Code(0) };
        let unit = self.loader.load(&spawn.unit).unit;
        let service_type = unit.service().map(|service| service.service_type);
        match (spawn.phase, service_type) {
            (Phase::Start, Some(ServiceType::Notify | ServiceType::NotifyReload)) => {
                self.events.push_back(Event::Notified {
                    unit: spawn.unit.clone(),
                    sender: NotifySender::Process(spawn.process),
                    message: Notification { ready: true, ..Notification::default() },
                });
            }
            (Phase::Start, Some(ServiceType::Exec)) => {
                self.events.push_back(Event::Executed { process: spawn.process });
            }
            (Phase::Start, Some(ServiceType::Simple | ServiceType::Idle | ServiceType::Dbus)) => {}
            _ => self.events.push_back(exited),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::search_path::SearchPath;
    use crate::unit::specifier;

    fn plan_of(files: &[(&str, &str)], unit: &str) -> Result<Vec<(String, usize, usize)>, RequestError> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let loader =
            Loader::new(SearchPath::of_directories([dir.path().to_owned()]), specifier::Host::fixed());
        let plan = plan(&loader, &BTreeMap::new(), &UnitName::new(unit).unwrap(), JobMode::Replace)?;
        Ok(plan
            .steps
            .iter()
            .filter(|step| step.unit.as_str().len() == "a.service".len())
            .map(|step| (step.unit.to_string(), step.wave, step.skipped_by.len()))
            .collect())
    }

    #[test]
    fn waves_follow_the_order_and_conditions_are_told() {
        let service = |more: &str, kind: &str| {
            format!(
                "[Unit]\nDefaultDependencies=no\n{more}[Service]\nType={kind}\nBusName=x.y\nExecStart=/bin/true\n"
            )
        };
        let files = [
            (
                "t.target".to_owned(),
                "[Unit]\nDefaultDependencies=no\nWants=a.service b.service c.service d.service\n".to_owned(),
            ),
            ("a.service".to_owned(), service("", "notify")),
            ("b.service".to_owned(), service("After=a.service\n", "oneshot")),
            ("c.service".to_owned(), service("After=b.service\nConditionPathExists=/no/such\n", "simple")),
            ("d.service".to_owned(), service("After=a.service\n", "dbus")),
            // A service of this type requires the bus's socket.
            (
                "dbus.socket".to_owned(),
                "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/bus\n".to_owned(),
            ),
            ("dbus.service".to_owned(), service("", "notify")),
        ];
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let steps = plan_of(&files, "t.target").unwrap();
        let wave = |unit: &str| steps.iter().find(|(name, _, _)| name == unit).unwrap().1;
        assert!(wave("a.service") < wave("b.service"));
        assert!(wave("b.service") < wave("c.service"));
        assert_eq!(wave("b.service"), wave("d.service"));
        assert_eq!(steps.iter().find(|(name, _, _)| name == "c.service").unwrap().2, 1);
    }

    #[test]
    fn what_is_refused() {
        assert!(matches!(plan_of(&[], "a.service"), Err(RequestError::NoSuchUnit(_))));
    }
}
