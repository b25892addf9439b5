//! How long GNOME takes from the leader's start until it says that the session runs: on the real `systemd --user`, without
//! another service manager, and on each of them, in turn. By itself in this file, so that nothing else runs meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Supervisor};
use usher_tests::gnome::supervision::open;
use usher_tests::lab::dinit;

/// Log-ins on each that count.
const ROUNDS: usize = 3;

/// How much slower than systemd each may be before the test fails: other work on the machine hits now one, now the other.
const TOLERANCE: f64 = 1.5;

/// One of those that are compared.
struct Runner {
    name: &'static str,
    stage: Stage,
    seconds: Vec<f64>,
}

#[test]
fn a_session_starts_about_as_fast_as_on_systemd() {
    let artefacts = Artefacts::of("managers-start-time");
    let Some(reference) = Stage::open(Side::Systemd, &artefacts) else { return };
    let mut runners = vec![Runner { name: "systemd", stage: reference, seconds: Vec::new() }];
    for supervisor in [Supervisor::Direct, Supervisor::OpenRc, Supervisor::Shepherd, Supervisor::Dinit] {
        // This is no reason to count the whole test as skipped; the log tells who was there.
        if supervisor == Supervisor::Dinit && dinit::directories().is_empty() {
            println!("without Dinit, which is neither in DINIT_BIN_DIR nor on PATH");
            continue;
        }
        let Some(stage) = open(supervisor, &artefacts) else { return };
        runners.push(Runner { name: supervisor.name(), stage, seconds: Vec::new() });
    }
    // The first on each also fills caches.
    for round in 0..=ROUNDS {
        for runner in &mut runners {
            let time = log_in_and_out(&runner.stage, &format!("round-{round}"));
            if round > 0 {
                runner.seconds.push(time.as_secs_f64());
            }
        }
    }
    for runner in &mut runners {
        runner.seconds.sort_by(f64::total_cmp);
    }
    let best_of_systemd = runners[0].seconds[0];
    let mut table = format!("{:<10} {:>7} {:>7} {:>7}   rounds\n", "", "best", "median", "ratio");
    for Runner { name, seconds, .. } in &runners {
        let (best, median) = (seconds[0], seconds[seconds.len() / 2]);
        let ratio = best / best_of_systemd;
        table.push_str(&format!("{name:<10} {best:>5.2} s {median:>5.2} s {ratio:>7.2}   {seconds:.2?}\n"));
    }
    println!("from the leader's start to SessionRunning:\n{table}");
    artefacts.keep("table.txt", &table);
    let slow: Vec<_> = runners
        .iter()
        .filter(|runner| runner.seconds[0] > best_of_systemd * TOLERANCE)
        .map(|runner| runner.name)
        .collect();
    assert!(slow.is_empty(), "too slow: {slow:?}\n{table}");
}

fn log_in_and_out(stage: &Stage, name: &str) -> Duration {
    let mut session = Session::log_in(stage, name);
    let time = session.wait_until_running();
    session.settle();
    Ending::LogOut.bring_about(&session);
    session.wait_for_end(Duration::from_secs(60));
    time
}
