//! Plays scenarios on systemd and on others at the same time, several at once, and compares.

use super::collection::Sets;
use super::compare::differences;
use super::format::Scenario;
use super::observation::Observation;
use super::original::Systemd;
use super::play::Stage;
use super::program::Program;
use super::{order, simulation};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What stands in reports for the engine with pretended processes.
pub const ENGINE: &str = "engine";

/// How often what differs is played again, and on how many stages: time is real, so a busy machine makes differences that
/// are none. One that is real stays. On one stage, only one manager plays beside systemd.
const REPETITIONS: [usize; 3] = [3, 1, 1];

/// So many differences are not chance.
const MANY: usize = 80;

/// Who plays beside systemd.
#[derive(Debug, Clone)]
pub struct Company<'a> {
    /// The program of the stand-ins.
    pub stand_in: &'a Path,
    /// How many scenarios are played at a time: they mostly wait.
    pub stages: usize,
    /// The job engine, with pretended processes.
    pub engine: bool,
    /// Service managers, with real ones.
    pub programs: Vec<&'static dyn Program>,
}

/// How one scenario went with each player: the differences from systemd.
pub type Result = BTreeMap<&'static str, Vec<String>>;

/// The same for each scenario.
pub type Results = BTreeMap<String, Result>;

/// A scenario that is to be played, and by whom beside systemd.
struct Task {
    scenario: Scenario,
    players: BTreeSet<&'static str>,
}

impl Task {
    /// A task for each player.
    fn separate(self) -> impl Iterator<Item = Self> {
        let Self { scenario, players } = self;
        players
            .into_iter()
            .map(move |player| Self { scenario: scenario.clone(), players: BTreeSet::from([player]) })
    }
}

impl Company<'_> {
    /// Plays all, and those that differ again, with whom they differ. `None` where there can be no machines.
    ///
    /// # Panics
    /// When a machine is broken.
    pub fn play(&self, scenarios: &[Scenario]) -> Option<Results> {
        let sets = Sets::open()?;
        let tasks = |players: &dyn Fn(&Scenario) -> BTreeSet<&'static str>| -> Vec<Task> {
            let tasks = scenarios.iter().map(|one| Task { scenario: one.clone(), players: players(one) });
            tasks.filter(|task| !task.players.is_empty()).collect()
        };
        let mut results = self.play_once(tasks(&|_| self.players()), self.stages, &sets)?;
        for stages in REPETITIONS {
            let again = tasks(&|one| different(results.get(&one.name)));
            if again.is_empty() || again.len() > MANY || std::env::var_os("SCENARIO_ONCE").is_some() {
                break;
            }
            let names: Vec<_> = again.iter().map(|task| task.scenario.name.as_str()).collect();
            println!("played again, {stages} at a time: {}", names.join(" "));
            let again =
                if stages == 1 { again.into_iter().flat_map(Task::separate).collect() } else { again };
            for (name, result) in self.play_once(again, stages, &sets)? {
                results.entry(name).or_default().extend(result);
            }
        }
        Some(results)
    }

    fn players(&self) -> BTreeSet<&'static str> {
        let programs = self.programs.iter().map(|program| program.name());
        programs.chain(self.engine.then_some(ENGINE)).collect()
    }

    fn play_once(&self, tasks: Vec<Task>, stages: usize, sets: &Sets) -> Option<Results> {
        let stages = stages.min(tasks.len());
        let players = tasks.iter().flat_map(|task| task.players.clone()).collect();
        let queue: Mutex<VecDeque<Task>> = Mutex::new(spread(tasks).into());
        let results: Mutex<Results> = Mutex::default();
        let directories = sets.directories();
        let work = || -> Option<()> {
            let mut ensemble = Ensemble::open(self, &players, &directories)?;
            loop {
                let Some(mut task) = queue.lock().expect("nobody panics").pop_front() else {
                    return Some(());
                };
                let places = sets.prepare(&mut task.scenario);
                let result = ensemble.play(&task, &places, &directories);
                let mut results = results.lock().expect("nobody panics");
                results.entry(task.scenario.name).or_default().extend(result);
            }
        };
        // Whatever is skipped there is skipped by the test.
        let test = std::thread::current().name().unwrap_or("unnamed test").to_owned();
        let opened = std::thread::scope(|scope| {
            let spawn = |_| {
                let builder = std::thread::Builder::new().name(test.clone());
                builder.spawn_scoped(scope, work).expect("a thread can be had")
            };
            let workers: Vec<_> = (0..stages).map(spawn).collect();
            workers.into_iter().map(|worker| worker.join().expect("it plays")).collect::<Option<Vec<()>>>()
        });
        opened.map(|_| results.into_inner().expect("nobody panics"))
    }
}

/// Sees to it that the scenarios with many processes are not played all at the same time.
fn spread(tasks: Vec<Task>) -> Vec<Task> {
    let (large, small): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|task| task.scenario.set.is_some());
    let between = small.len() / large.len().max(1);
    let mut large = large.into_iter();
    let mut all = Vec::new();
    for (number, task) in small.into_iter().enumerate() {
        if number % between.max(1) == 0 {
            all.extend(large.next());
        }
        all.push(task);
    }
    all.extend(large);
    all
}

/// Who differs.
fn different(result: Option<&Result>) -> BTreeSet<&'static str> {
    let players = result.into_iter().flatten();
    players.filter(|(_, found)| !found.is_empty()).map(|(player, _)| *player).collect()
}

/// One stage of each player.
struct Ensemble {
    original: Stage,
    others: Vec<(&'static str, Stage)>,
}

impl Ensemble {
    fn open(company: &Company<'_>, players: &BTreeSet<&str>, directories: &[PathBuf]) -> Option<Self> {
        let open = |program| Stage::open(program, company.stand_in, directories);
        let original = open(&Systemd)?;
        let programs = company.programs.iter().filter(|program| players.contains(program.name()));
        let others = programs.map(|program| Some((program.name(), open(*program)?)));
        Some(Self { original, others: others.collect::<Option<_>>()? })
    }

    /// Real time passes for all, so all play at the same time.
    fn play(&mut self, task: &Task, places: &[usize], directories: &[PathBuf]) -> Result {
        let Task { scenario, players } = task;
        if std::env::var_os("SCENARIO_NAMES").is_some() {
            eprintln!("plays {}", scenario.name);
        }
        let (theirs, mut plays) = std::thread::scope(|scope| {
            let others = self.others.iter_mut().filter(|(name, _)| players.contains(name));
            let others: Vec<_> =
                others.map(|(name, stage)| (*name, scope.spawn(|| stage.play(scenario, places)))).collect();
            let theirs = self.original.play(scenario, places);
            let others = others.into_iter().map(|(name, play)| (name, play.join().expect("it plays")));
            (theirs, others.collect::<Vec<_>>())
        });
        let base: Vec<_> = places.iter().filter_map(|place| directories.get(*place).cloned()).collect();
        if players.contains(ENGINE) {
            let play = std::panic::catch_unwind(|| simulation::play(scenario, &base));
            plays.push((ENGINE, play.map_err(|_| "it panicked".to_owned())));
        }
        let theirs = match theirs {
            Ok(theirs) => theirs,
            Err(error) => {
                return plays.into_iter().map(|(player, _)| (player, vec![error.clone()])).collect();
            }
        };
        let ordered = order::of(scenario, &base);
        let compare = |player: &str, play: std::result::Result<Observation, String>| match play {
            Ok(ours) => {
                show(player, &theirs, &ours);
                differences(player, &theirs, &ours, &|a, b| ordered.has(a, b))
            }
            Err(error) => vec![format!("{player}: {error}")],
        };
        plays.into_iter().map(|(player, play)| (player, compare(player, play))).collect()
    }
}

fn show(player: &str, theirs: &Observation, ours: &Observation) {
    if std::env::var_os("SCENARIO_SHOW").is_some() {
        println!("systemd: {theirs:#?}\n{player}: {ours:#?}");
    }
}

/// Prints what differs with these players, and a line of figures.
pub fn report(results: &Results, players: &[&str]) -> BTreeSet<String> {
    let mut different = BTreeSet::new();
    for (name, result) in results {
        let found =
            result.iter().filter(|(player, _)| players.contains(*player)).flat_map(|(_, found)| found);
        for (number, line) in found.enumerate() {
            if number == 0 {
                println!("{name}:");
                different.insert(name.clone());
            }
            println!("  {line}");
        }
    }
    println!(
        "{}: {} scenarios: {} the same, {} different",
        players.join(", "),
        results.len(),
        results.len() - different.len(),
        different.len()
    );
    different
}
