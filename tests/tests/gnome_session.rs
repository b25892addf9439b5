//! A GNOME session runs as on `systemd --user`: units, environment, autostart, sound, power-off, and a picture of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::environment;
use usher_tests::gnome::expected::{UNITS, VARIABLES, VARIABLES_OF_THE_BUS};
use usher_tests::gnome::install::Leader;
use usher_tests::gnome::look::Look;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Usher};

/// What gnome-session answers when the person may do it, at once.
const POSSIBLE: &str = "(uint32 2,)";

#[test]
fn a_session_is_as_on_systemd() {
    compare("gnome-session", Usher::USUAL);
}

#[test]
fn upstreams_leader_and_control_program_find_the_same_manager() {
    compare("gnome-upstream-leader", Usher { leader: Leader::Upstream, ..Usher::USUAL });
}

fn compare(name: &str, usher: Usher) {
    let artefacts = Artefacts::of(name);
    let Some(reference) = look(Side::Systemd, &artefacts) else { return };
    let Some(ours) = look(Side::Usher(usher), &artefacts) else { return };
    let mut wrong = ours.units.differences(&reference.units, UNITS);
    let of_the_bus = [VARIABLES, VARIABLES_OF_THE_BUS].concat();
    for ((whose, ours), (_, reference)) in ours.environments().into_iter().zip(reference.environments()) {
        let exceptions = if whose == "a service that the bus starts" { &of_the_bus } else { VARIABLES };
        let lines = environment::differences(ours, reference, exceptions);
        wrong.extend(lines.iter().map(|line| format!("environment of {whose}: {line}")));
    }
    for (side, look) in [("usher", &ours), ("systemd", &reference)] {
        wrong.extend(look.faults().iter().map(|fault| format!("{side}: {fault}")));
    }
    // elogind allows it; the reference's systemd-logind has no PID 1 to ask.
    if !ours.power.iter().all(|entry| entry == POSSIBLE) {
        wrong.push(format!("power-off and restart are not possible: {:?}", ours.power));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), artefacts.path().display());
}

fn look(side: Side, artefacts: &Artefacts) -> Option<Look> {
    let stage = Stage::open(side, artefacts)?;
    let mut session = Session::log_in(&stage, "session");
    let start = session.wait_until_running();
    println!("{}: runs after {:.2} s", side.name(), start.as_secs_f64());
    Some(Look::at(&session))
}
