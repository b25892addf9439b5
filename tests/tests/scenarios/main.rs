//! Every scenario of `tests/scenarios/`, on the real `systemd --user`, on the job engine, and on our own daemon with real
//! processes.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use usher_tests::scenario::compare::differences;
use usher_tests::scenario::format::{self, Scenario};
use usher_tests::scenario::gnome::UnitSet;
use usher_tests::scenario::live::SessionLauncher;
use usher_tests::scenario::observation::Observation;
use usher_tests::scenario::original::Systemd;
use usher_tests::scenario::play::Stage;
use usher_tests::scenario::{order, random, simulation};

/// How many scenarios are played at a time: they mostly wait.
const STAGES: usize = 10;

/// What stands in reports for the engine with pretended processes, and for our daemon with real ones.
const ENGINE: &str = "engine";
const DAEMON: &str = "daemon";

/// Whether $SCENARIO_PLAYERS, which names `engine` or `daemon`, leaves that one out.
fn plays(player: &str) -> bool {
    std::env::var("SCENARIO_PLAYERS").map_or(true, |wanted| wanted.contains(player))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// All scenarios, or those whose name contains $SCENARIO.
fn scenarios() -> Vec<Scenario> {
    let mut files: Vec<_> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let all: Vec<_> = files.iter().flat_map(|path| format::read(path)).collect();
    let mut names: Vec<_> = all.iter().map(|scenario| scenario.name.clone()).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two scenarios have one name: {names:?}");
    all.into_iter().filter(|scenario| scenario.name.contains(&wanted)).collect()
}

/// The unit directories that scenarios play with.
struct Sets {
    gnome: UnitSet,
}

impl Sets {
    fn open() -> Option<Self> {
        Some(Self { gnome: UnitSet::open(&usher_tests::lab::root::cache())? })
    }

    fn directories(&self) -> Vec<PathBuf> {
        std::iter::once(directory().join("base")).chain(self.gnome.directories()).collect()
    }

    /// The places of a scenario's directories, the most important first. Looks at the units of its set.
    fn prepare(&self, scenario: &mut Scenario) -> Vec<usize> {
        match scenario.set.as_deref() {
            None => vec![0],
            Some("gnome") => {
                scenario.observed.extend(self.gnome.names());
                vec![1, 2, 0]
            }
            Some(other) => panic!("no set {other}"),
        }
    }
}

/// Plays the scenarios on so many stages at a time. Gives the differences of each.
fn play(scenarios: Vec<Scenario>, stages: usize, sets: &Sets) -> Option<BTreeMap<String, Vec<String>>> {
    let stages = stages.min(scenarios.len());
    let queue: Mutex<VecDeque<Scenario>> = Mutex::new(scenarios.into());
    let results: Mutex<BTreeMap<String, Vec<String>>> = Mutex::default();
    let directories = sets.directories();
    let stand_in = Path::new(env!("CARGO_BIN_EXE_stand-in"));
    let opened = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..stages)
            .map(|_| {
                scope.spawn(|| {
                    let Some(mut original) = Stage::open(&Systemd, stand_in, &directories) else {
                        return false;
                    };
                    let daemon = plays(DAEMON);
                    let mut live = daemon.then(|| Stage::open(&OURS, stand_in, &directories)).flatten();
                    loop {
                        let Some(mut scenario) = queue.lock().unwrap().pop_front() else { return true };
                        let found = play_one(&mut original, live.as_mut(), &mut scenario, sets, &directories);
                        results.lock().unwrap().insert(scenario.name, found);
                    }
                })
            })
            .collect();
        workers.into_iter().all(|worker| worker.join().unwrap())
    });
    opened.then(|| results.into_inner().unwrap())
}

/// Our daemon, with control groups of its own.
static OURS: SessionLauncher = SessionLauncher { control_groups: true };

fn play_one(
    original: &mut Stage,
    live: Option<&mut Stage>,
    scenario: &mut Scenario,
    sets: &Sets,
    directories: &[PathBuf],
) -> Vec<String> {
    let places = sets.prepare(scenario);
    let base: Vec<_> = places.iter().map(|place| directories[*place].clone()).collect();
    if std::env::var_os("SCENARIO_NAMES").is_some() {
        eprintln!("plays {}", scenario.name);
    }
    // Real time passes for both, so at the same time.
    let (theirs, live) = std::thread::scope(|scope| {
        let live = live.map(|live| scope.spawn(|| live.play(scenario, &places)));
        let theirs = original.play(scenario, &places);
        (theirs, live.map(|live| live.join().unwrap()))
    });
    let theirs = match theirs {
        Ok(theirs) => theirs,
        Err(error) => return vec![error],
    };
    let ordered = order::of(scenario, &base);
    let ordered = |a: &str, b: &str| ordered.has(a, b);
    let mut found = Vec::new();
    if plays(ENGINE) {
        let ours = std::panic::catch_unwind(|| simulation::play(scenario, &base)).unwrap_or_default();
        show(ENGINE, &theirs, &ours);
        found.extend(differences(ENGINE, &theirs, &ours, &ordered));
    }
    match live {
        Some(Ok(ours)) => {
            show(DAEMON, &theirs, &ours);
            found.extend(differences(DAEMON, &theirs, &ours, &ordered));
        }
        Some(Err(error)) => found.push(format!("{DAEMON}: {error}")),
        None => {}
    }
    found
}

fn show(player: &str, theirs: &Observation, ours: &Observation) {
    if std::env::var_os("SCENARIO_SHOW").is_some() {
        println!("systemd: {theirs:#?}\n{player}: {ours:#?}");
    }
}

/// Plays all, and those that differ again; fails with the differences that stay.
fn assert_same(scenarios: &[Scenario]) {
    let Some(sets) = Sets::open() else { return };
    let Some(mut results) = play(scenarios.to_vec(), STAGES, &sets) else { return };
    // Time is real on one side: a busy machine makes differences that are none. One that is real stays.
    for _ in 0..2 {
        let again: Vec<_> =
            scenarios.iter().filter(|scenario| !results[&scenario.name].is_empty()).cloned().collect();
        if again.is_empty() || again.len() > 80 || std::env::var_os("SCENARIO_ONCE").is_some() {
            break;
        }
        let names: Vec<_> = again.iter().map(|scenario| scenario.name.as_str()).collect();
        println!("played again, one at a time: {}", names.join(" "));
        results.extend(play(again, 1, &sets).unwrap_or_default());
    }
    let different: Vec<_> = results.iter().filter(|(_, found)| !found.is_empty()).collect();
    for (name, found) in &different {
        println!("{name}:");
        for line in *found {
            println!("  {line}");
        }
    }
    let same = results.len() - different.len();
    println!("{} scenarios: {same} the same, {} different", results.len(), different.len());
    assert!(different.is_empty(), "{} of {} scenarios differ", different.len(), results.len());
}

#[test]
fn the_engine_does_what_systemd_does() {
    assert_same(&scenarios());
}

/// The numbers of the random graphs: the first 20, or those of $SCENARIO_SEEDS, as 21..50.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let Ok(range) = std::env::var("SCENARIO_SEEDS") else { return 1..=20 };
    let (first, last) = range.split_once("..").expect("$SCENARIO_SEEDS is FIRST..LAST");
    first.parse().unwrap()..=last.parse().unwrap()
}

#[test]
fn random_graphs_do_the_same() {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let all: Vec<_> = seeds().map(random::scenario).filter(|one| one.name.contains(&wanted)).collect();
    assert_same(&all);
}
