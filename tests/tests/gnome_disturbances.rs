//! What may happen to a GNOME session without ending it: a daemon crashes, or the manager's engine is killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::disturbance::{Disturbance, Outcome};
use usher_tests::gnome::expected::UNITS;
use usher_tests::gnome::side::{Side, Stage, Usher};

#[test]
fn a_settings_daemon_that_crashes_comes_back() {
    compare(Disturbance::Crash, "gnome-daemon-crashed");
}

/// systemd does not run `ExecStopPost=` once more when the start limit is hit, so that upstream's `--exec-stop-check`
/// never sees `start-limit-hit`: the session goes on without the daemon.
#[test]
fn a_settings_daemon_that_crashes_again_and_again_stays_away() {
    compare(Disturbance::CrashLoop, "gnome-daemon-crash-loop");
}

#[test]
fn a_killed_engine_comes_back_and_adopts_the_session() {
    let artefacts = Artefacts::of("gnome-engine-killed");
    let Some(outcome) = play(Disturbance::EngineKilled, Side::Usher(Usher::USUAL), &artefacts) else {
        return;
    };
    let mut wrong = outcome.after.differences(&outcome.before, &[]);
    wrong.extend(
        outcome
            .processes_before
            .iter()
            .filter(|process| process.name.starts_with("gsd-") || process.name == "gnome-shell")
            .filter(|process| !outcome.processes_after.iter().any(|after| after.pid == process.pid))
            .map(|process| format!("gone: {process}")),
    );
    wrong.extend(outcome.left.iter().map(|process| format!("left after log-out: {process}")));
    if !outcome.goes_on {
        wrong.push("the session ended".to_owned());
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), artefacts.path().display());
}

fn compare(disturbance: Disturbance, name: &str) {
    let artefacts = Artefacts::of(name);
    let Some(reference) = play(disturbance, Side::Systemd, &artefacts) else { return };
    let Some(ours) = play(disturbance, Side::Usher(Usher::USUAL), &artefacts) else { return };
    let mut wrong = Vec::new();
    for (when, ours, reference) in [
        ("before", &ours.before, &reference.before),
        ("after", &ours.after, &reference.after),
        ("after log-out", &ours.ended, &reference.ended),
    ] {
        wrong.extend(ours.differences(reference, UNITS).iter().map(|line| format!("{when}: {line}")));
    }
    for (what, ours, reference) in [
        ("the session goes on", usize::from(ours.goes_on), usize::from(reference.goes_on)),
        ("left after log-out", ours.left.len(), reference.left.len()),
    ] {
        if ours != reference {
            wrong.push(format!("{what}: {ours}, on systemd {reference}"));
        }
    }
    assert!(wrong.is_empty(), "{disturbance:?}:\n{}\n{}", wrong.join("\n"), artefacts.path().display());
}

fn play(disturbance: Disturbance, side: Side, artefacts: &Artefacts) -> Option<Outcome> {
    let stage = Stage::open(side, artefacts)?;
    let outcome = disturbance.play(&stage);
    println!("{disturbance:?} on {}: kills {}, goes on: {}", side.name(), outcome.kills, outcome.goes_on);
    Some(outcome)
}
