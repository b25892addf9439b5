//! GNOME with another service manager as the supervisor of its services: the same session as without, which the tier
//! `gnome` compares with systemd's.

use std::collections::BTreeSet;

use super::artefacts::Artefacts;
use super::ending::{Course, Ending};
use super::side::{Side, Stage, Supervisor, Usher};

/// What is chance with one as with the other.
const CHANCE: &[(&str, &str)] = &[(
    "xdg-desktop-portal-*",
    "they fail when the display goes, and end well when they are stopped: whichever comes first when a session ends",
)];

/// A stage with that supervisor.
pub fn open(supervisor: Supervisor, artefacts: &Artefacts) -> Option<Stage> {
    let usher = Usher { supervisor, ..Usher::USUAL };
    Stage::open(Side::Usher(usher), &artefacts.within(supervisor.name()))
}

/// The units that are services with a process, by the engine's account.
///
/// # Panics
/// When they cannot be listed.
pub fn running_services(stage: &Stage) -> BTreeSet<String> {
    let output = stage
        .command("systemctl")
        .args(["--user", "list-units", "--no-pager", "--plain", "--no-legend", "--type=service"])
        .run();
    let running = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let name = fields.next()?;
        (fields.nth(2) == Some("running")).then(|| name.to_owned())
    };
    output.lines().filter_map(running).collect()
}

/// Ends a session in that way with the supervisor and without, each time with a second log-in, and compares.
///
/// # Panics
/// When they differ, or something is left.
pub fn compare_endings(ending: Ending, supervisor: Supervisor, name: &str) {
    let artefacts = Artefacts::of(name);
    let Some(ours) = end(ending, supervisor, &artefacts) else { return };
    let Some(reference) = end(ending, Supervisor::Direct, &artefacts) else { return };
    let mut wrong = Vec::new();
    for (when, ours, reference) in [
        ("while it runs", &ours.running, &reference.running),
        ("when it has ended", &ours.ended, &reference.ended),
        ("after the next log-in", &ours.again, &reference.again),
    ] {
        wrong.extend(ours.differences(reference, CHANCE).iter().map(|line| format!("{when}: {line}")));
    }
    if ours.leader != reference.leader {
        wrong.push(format!("the leader exits with {}, without it {}", ours.leader, reference.leader));
    }
    wrong.extend(ours.left.iter().map(|process| format!("left: {process}")));
    assert!(wrong.is_empty(), "{ending:?}:\n{}\n{}", wrong.join("\n"), artefacts.path().display());
}

fn end(ending: Ending, supervisor: Supervisor, artefacts: &Artefacts) -> Option<Course> {
    let stage = open(supervisor, artefacts)?;
    let course = ending.play(&stage);
    println!(
        "{ending:?}, {}: runs after {:.2} s, ended after {:.2} s, leader {}",
        supervisor.name(),
        course.start.as_secs_f64(),
        course.end.as_secs_f64(),
        course.leader
    );
    Some(course)
}
