//! Every way in which a session ends, and the next log-in.

use usher_tests::gnome::ending::{Course, Ending};
use usher_tests::gnome::side::{Stage, Supervisor};
use usher_tests::gnome::supervision::open;

use crate::reference::{CHANCE, Reference, artefacts};

on_each_manager!(the_user_logs_out: |on| {
    static REFERENCE: Reference<Course> = Reference::new();
    compare(Ending::LogOut, on, "log-out", &REFERENCE);
});

on_each_manager!(the_leader_is_terminated: |on| {
    static REFERENCE: Reference<Course> = Reference::new();
    compare(Ending::TerminateLeader, on, "leader-terminated", &REFERENCE);
});

on_each_manager!(the_leader_is_killed: |on| {
    static REFERENCE: Reference<Course> = Reference::new();
    compare(Ending::KillLeader, on, "leader-killed", &REFERENCE);
});

on_each_manager!(the_shell_is_killed: |on| {
    static REFERENCE: Reference<Course> = Reference::new();
    compare(Ending::KillShell, on, "shell-killed", &REFERENCE);
});

fn compare(ending: Ending, supervisor: Supervisor, check: &str, reference: &Reference<Course>) {
    let artefacts = artefacts(check);
    let Some(stage) = open(supervisor, &artefacts) else { return };
    let ours = play(ending, &stage, supervisor);
    drop(stage);
    let reference = reference.of(check, |stage| play(ending, stage, Supervisor::Direct));
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

fn play(ending: Ending, stage: &Stage, supervisor: Supervisor) -> Course {
    let course = ending.play(stage);
    println!(
        "{ending:?}, {}: runs after {:.2} s, ended after {:.2} s, leader {}",
        supervisor.name(),
        course.start.as_secs_f64(),
        course.end.as_secs_f64(),
        course.leader
    );
    course
}
