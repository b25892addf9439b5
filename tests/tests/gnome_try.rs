#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage};

fn go(e: Ending) {
    let artefacts = Artefacts::of(&format!("try-{e:?}"));
    let Some(stage) = Stage::open(Side::Systemd, &artefacts) else { return };
    let course = e.play(&stage);
    println!(
        "{e:?}: start {:?} end {:?} leader {} left {:?}\nENDED\n{}",
        course.start, course.end, course.leader, course.left, course.ended
    );
    println!("again - running: {:?}", course.again.differences(&course.running, &[]));
}
#[test]
fn log_out() {
    go(Ending::LogOut);
}
#[test]
fn term() {
    go(Ending::TerminateLeader);
}
#[test]
fn kill() {
    go(Ending::KillLeader);
}
#[test]
fn shell() {
    go(Ending::KillShell);
}
#[test]
fn crash() {
    go(Ending::CrashLoop);
}
#[test]
fn photo() {
    let artefacts = Artefacts::of("try-photo");
    let Some(stage) = Stage::open(Side::Systemd, &artefacts) else { return };
    let mut s = Session::log_in(&stage, "p");
    println!("{:?}", s.wait_until_running());
    s.settle();
    println!("{:?}", s.photograph());
    println!("{:?}", stage.manager_environment());
    println!("{}", s.story());
}
