//! How long GNOME takes from the leader's start until it says that the session runs, on both sides in turn.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Usher};

/// Log-ins on each side.
const ROUNDS: usize = 4;

/// How much slower than systemd ours may be before the test fails: other work on the machine hits either side.
const TOLERANCE: f64 = 1.5;

#[test]
fn a_session_starts_about_as_fast_as_on_systemd() {
    let artefacts = Artefacts::of("gnome-start-time");
    let Some(reference) = Stage::open(Side::Systemd, &artefacts) else { return };
    let Some(ours) = Stage::open(Side::Usher(Usher::USUAL), &artefacts) else { return };
    // The first on each side also fills caches.
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (stage, times) in [&reference, &ours].into_iter().zip(&mut times) {
            let time = log_in_and_out(stage, &format!("round-{round}"));
            if round > 0 {
                times.push(time.as_secs_f64());
            }
        }
    }
    let [reference, ours] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times
    });
    println!("systemd {reference:.2?} s, usher {ours:.2?} s");
    let best = |times: &[f64]| times.first().copied().unwrap_or(f64::INFINITY);
    assert!(
        best(&ours) <= best(&reference) * TOLERANCE,
        "usher {:.2} s, systemd {:.2} s",
        best(&ours),
        best(&reference)
    );
}

fn log_in_and_out(stage: &Stage, name: &str) -> Duration {
    let mut session = Session::log_in(stage, name);
    let time = session.wait_until_running();
    session.settle();
    Ending::LogOut.bring_about(&session);
    session.wait_for_end(Duration::from_secs(60));
    time
}
