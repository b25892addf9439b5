//! Every scenario of `tests/scenarios/`, on the real `systemd --user`, on the job engine, and on our own daemon with real
//! processes.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use usher_tests::gnome::side::Supervisor;
use usher_tests::scenario::collection::scenarios;
use usher_tests::scenario::company::{Company, ENGINE, report};
use usher_tests::scenario::format::Scenario;
use usher_tests::scenario::live::SessionLauncher;
use usher_tests::scenario::program::Program;
use usher_tests::scenario::random;

/// Our daemon, with control groups of its own.
static OURS: SessionLauncher = SessionLauncher { supervisor: Supervisor::Direct };

/// Whether $SCENARIO_PLAYERS, which names `engine` or `daemon`, leaves that one in.
fn plays(player: &str) -> bool {
    std::env::var("SCENARIO_PLAYERS").map_or(true, |wanted| wanted.contains(player))
}

/// Plays all; fails with the differences that stay.
fn assert_same(scenarios: &[Scenario]) {
    let ours: &'static dyn Program = &OURS;
    let company = Company {
        stand_in: Path::new(env!("CARGO_BIN_EXE_stand-in")),
        stages: 10,
        engine: plays(ENGINE),
        programs: plays(ours.name()).then_some(ours).into_iter().collect(),
    };
    let Some(results) = company.play(scenarios) else { return };
    let different = report(&results, &[ENGINE, ours.name()]);
    assert!(different.is_empty(), "{} of {} scenarios differ", different.len(), results.len());
}

#[test]
fn the_engine_does_what_systemd_does() {
    assert_same(&scenarios());
}

#[test]
fn random_graphs_do_the_same() {
    assert_same(&random::scenarios());
}
