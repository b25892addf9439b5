//! Every scenario of `tests/scenarios/`, on the real `systemd --user` and on the job engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use usher_tests::scenario::compare::differences;
use usher_tests::scenario::format::{self, Scenario};
use usher_tests::scenario::original::Stage;
use usher_tests::scenario::{order, simulation};

/// How many scenarios are played at a time: they mostly wait.
const STAGES: usize = 10;

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

#[test]
fn the_engine_does_what_systemd_does() {
    let queue: Mutex<VecDeque<Scenario>> = Mutex::new(scenarios().into());
    let results: Mutex<BTreeMap<String, Vec<String>>> = Mutex::default();
    let count = queue.lock().unwrap().len();
    let base = [directory().join("base")];
    let stand_in = Path::new(env!("CARGO_BIN_EXE_stand-in"));
    std::thread::scope(|scope| {
        for _ in 0..STAGES.min(count) {
            scope.spawn(|| {
                let Some(mut stage) = Stage::open(stand_in, &base) else { return };
                loop {
                    let Some(scenario) = queue.lock().unwrap().pop_front() else { return };
                    let found = match stage.play(&scenario, base.len()) {
                        Ok(original) => {
                            let ours = std::panic::catch_unwind(|| simulation::play(&scenario, &base))
                                .unwrap_or_default();
                            if std::env::var_os("SCENARIO_SHOW").is_some() {
                                println!("{original:#?}\n{ours:#?}");
                            }
                            let ordered = order::of(&scenario, &base);
                            differences(&original, &ours, &|a, b| ordered.has(a, b))
                        }
                        Err(error) => vec![error],
                    };
                    results.lock().unwrap().insert(scenario.name, found);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let different: Vec<_> = results.iter().filter(|(_, found)| !found.is_empty()).collect();
    for (name, found) in &different {
        println!("{name}:");
        for line in *found {
            println!("  {line}");
        }
    }
    println!(
        "{} scenarios: {} the same, {} different",
        results.len(),
        results.len() - different.len(),
        different.len()
    );
    assert!(different.is_empty(), "{} of {} scenarios differ", different.len(), results.len());
}
