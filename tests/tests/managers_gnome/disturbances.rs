//! What may happen to a session without ending it: a daemon crashes, or the manager's engine is killed.

use usher_tests::gnome::disturbance::{Disturbance, Outcome};
use usher_tests::gnome::side::Supervisor;
use usher_tests::gnome::supervision::open;

use crate::reference::{Reference, artefacts};

on_each_manager!(a_daemon_crashes_once: |on| {
    static REFERENCE: Reference<Outcome> = Reference::new();
    compare(Disturbance::Crash, on, "daemon-crashed", &REFERENCE);
});

on_each_manager!(a_daemon_crashes_again_and_again: |on| {
    static REFERENCE: Reference<Outcome> = Reference::new();
    compare(Disturbance::CrashLoop, on, "daemon-crash-loop", &REFERENCE);
});

on_each_manager!(the_engine_is_killed: |on| {
    static REFERENCE: Reference<Outcome> = Reference::new();
    let Some(outcome) = compare(Disturbance::EngineKilled, on, "engine-killed", &REFERENCE) else { return };
    assert!(outcome.processes_before.iter().any(|process| on.is_supervisor(process)), "nothing supervises");
    let gone: Vec<_> = outcome
        .processes_before
        .iter()
        .filter(|process| {
            process.name.starts_with("gsd-") || process.name == "gnome-shell" || on.is_supervisor(process)
        })
        .filter(|process| !outcome.processes_after.iter().any(|after| after.pid == process.pid))
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
});

fn compare(
    disturbance: Disturbance,
    supervisor: Supervisor,
    check: &str,
    reference: &Reference<Outcome>,
) -> Option<Outcome> {
    let artefacts = artefacts(check);
    let ours = disturbance.play(&open(supervisor, &artefacts)?);
    let reference = reference.of(check, |stage| disturbance.play(stage));
    let mut wrong = Vec::new();
    for (when, ours, reference) in [
        ("before", &ours.before, &reference.before),
        ("after", &ours.after, &reference.after),
        ("after log-out", &ours.ended, &reference.ended),
    ] {
        wrong.extend(ours.differences(reference, &[]).iter().map(|line| format!("{when}: {line}")));
    }
    if ours.goes_on != reference.goes_on {
        wrong.push(format!("goes on: {}, in the reference {}", ours.goes_on, reference.goes_on));
    }
    // How often it may start depends on how fast it does: the limit is five times in ten seconds.
    let least = if disturbance == Disturbance::CrashLoop { 5 } else { 1 };
    if ours.kills.min(reference.kills) < least {
        wrong.push(format!("killed {} times, in the reference {}", ours.kills, reference.kills));
    }
    wrong.extend(ours.left.iter().map(|process| format!("left after log-out: {process}")));
    assert!(wrong.is_empty(), "{disturbance:?}:\n{}\n{}", wrong.join("\n"), artefacts.path().display());
    Some(ours)
}
