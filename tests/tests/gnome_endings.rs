//! Every way in which a GNOME session ends comes to what it comes to on `systemd --user`, and the next log-in works.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::ending::{Course, Ending};
use usher_tests::gnome::expected::{UNITS, UNITS_WITHOUT_DISPLAY};
use usher_tests::gnome::side::{Side, Stage, Usher};

#[test]
fn the_user_logs_out() {
    compare(Ending::LogOut, "gnome-log-out");
}

#[test]
fn the_leader_is_terminated() {
    compare(Ending::TerminateLeader, "gnome-leader-terminated");
}

#[test]
fn the_leader_is_killed() {
    compare(Ending::KillLeader, "gnome-leader-killed");
}

#[test]
fn the_shell_is_killed() {
    compare(Ending::KillShell, "gnome-shell-killed");
}

fn compare(ending: Ending, name: &str) {
    let artefacts = Artefacts::of(name);
    let Some(reference) = play(ending, Side::Systemd, &artefacts) else { return };
    let Some(ours) = play(ending, Side::Usher(Usher::USUAL), &artefacts) else { return };
    let mut wrong = Vec::new();
    let at_the_end =
        if ending == Ending::KillShell { [UNITS, UNITS_WITHOUT_DISPLAY].concat() } else { UNITS.to_vec() };
    for (when, ours, reference, exceptions) in [
        ("while it runs", &ours.running, &reference.running, UNITS),
        ("when it has ended", &ours.ended, &reference.ended, &at_the_end),
        ("after the next log-in", &ours.again, &reference.again, UNITS),
    ] {
        wrong.extend(ours.differences(reference, exceptions).iter().map(|line| format!("{when}: {line}")));
    }
    if ours.leader != reference.leader {
        wrong.push(format!("the leader exits with {}, on systemd {}", ours.leader, reference.leader));
    }
    for (side, course) in [("usher", &ours), ("systemd", &reference)] {
        wrong.extend(course.left.iter().map(|process| format!("{side}: left: {process}")));
    }
    assert!(wrong.is_empty(), "{ending:?}:\n{}\n{}", wrong.join("\n"), artefacts.path().display());
}

fn play(ending: Ending, side: Side, artefacts: &Artefacts) -> Option<Course> {
    let stage = Stage::open(side, artefacts)?;
    let course = ending.play(&stage);
    println!(
        "{ending:?} on {}: runs after {:.2} s, ended after {:.2} s, leader {}",
        side.name(),
        course.start.as_secs_f64(),
        course.end.as_secs_f64(),
        course.leader
    );
    Some(course)
}
