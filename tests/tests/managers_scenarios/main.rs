//! Every scenario of `tests/scenarios/` in which processes play, and graphs of chance, on OpenRC, on the Shepherd and on Dinit,
//! against the real `systemd --user`. All play at the same time, so that systemd plays once only.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod differences;

use std::path::Path;
use std::sync::OnceLock;
use usher_tests::gnome::side::Supervisor;
use usher_tests::lab::dinit;
use usher_tests::scenario::collection::{has_processes, scenarios};
use usher_tests::scenario::company::{Company, Results, report};
use usher_tests::scenario::live::SessionLauncher;
use usher_tests::scenario::program::Program;
use usher_tests::scenario::random;

/// How many plays go on at a time: they mostly wait.
const PLAYS: usize = 20;

static OPENRC: SessionLauncher = SessionLauncher { supervisor: Supervisor::OpenRc };
static SHEPHERD: SessionLauncher = SessionLauncher { supervisor: Supervisor::Shepherd };
static DINIT: SessionLauncher = SessionLauncher { supervisor: Supervisor::Dinit };

/// Whether $SCENARIO_PLAYERS, which names them, leaves that one in.
fn plays(program: &'static dyn Program) -> bool {
    std::env::var("SCENARIO_PLAYERS").map_or(true, |wanted| wanted.contains(program.name()))
}

/// What all of them have played. Whichever test comes first has it played.
fn results() -> Option<&'static Results> {
    static RESULTS: OnceLock<Option<Results>> = OnceLock::new();
    let play = || {
        let mut programs: Vec<&'static dyn Program> = vec![&OPENRC, &SHEPHERD];
        if !dinit::directories().is_empty() {
            programs.push(&DINIT);
        }
        programs.retain(|program| plays(*program));
        let stages = PLAYS / (programs.len() + 1);
        let company =
            Company { stand_in: Path::new(env!("CARGO_BIN_EXE_stand-in")), stages, engine: false, programs };
        let mut scenarios = scenarios();
        scenarios.extend(random::scenarios());
        scenarios.retain(has_processes);
        company.play(&scenarios)
    };
    RESULTS.get_or_init(play).as_ref()
}

fn assert_same(program: &'static dyn Program) {
    let Some(results) = results() else { return };
    let different = report(results, &[program.name()]);
    differences::check(program.name(), &different, &|scenario| results.contains_key(scenario));
}

#[test]
fn openrc_does_what_systemd_does() {
    assert_same(&OPENRC);
}

#[test]
fn the_shepherd_does_what_systemd_does() {
    assert_same(&SHEPHERD);
}

#[test]
fn dinit_does_what_systemd_does() {
    if dinit::directory_or_skip().is_none() {
        return;
    }
    assert_same(&DINIT);
}
