//! Our systemctl against systemd's: the same command lines, the same `systemd --user`, and output that is equal byte
//! for byte where nothing else is meant.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod differences;
mod same;
mod units;

use usher_tests::lab::process::Output;
use usher_tests::user_manager::UserManager;

const THEIRS: &str = "/usr/bin/systemctl --user";
const OURS: &str = "/opt/usher/systemctl --user";

fn manager() -> Option<UserManager> {
    let manager = UserManager::start(units::UNITS)?;
    let output = manager.shell(units::BEGIN);
    assert!(output.status.success(), "{output:?}");
    Some(manager)
}

/// Runs a command line with `systemctl` replaced.
fn run(manager: &UserManager, line: &str, program: &str) -> Output {
    manager.shell(&line.replace("systemctl", program))
}

/// What both show. Time may have passed between them, so what differs gets a second chance.
fn both(manager: &UserManager, line: &str) -> (Output, Output) {
    let mut shown = (run(manager, line, THEIRS), run(manager, line, OURS));
    if !is_same(&shown.0, &shown.1) {
        shown = (run(manager, line, THEIRS), run(manager, line, OURS));
    }
    shown
}

fn is_same(theirs: &Output, ours: &Output) -> bool {
    theirs.code() == ours.code() && theirs.stdout == ours.stdout
}

fn all_same(manager: &UserManager, lines: &[&str]) {
    let mut failures = Vec::new();
    for line in lines {
        let (theirs, ours) = both(manager, line);
        if !is_same(&theirs, &ours) {
            failures.push(format!("{line}\n{}", first_difference(&theirs, &ours)));
        }
    }
    assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), lines.len(), failures.join("\n"));
    println!("{} command lines, all the same", lines.len());
}

fn first_difference(theirs: &Output, ours: &Output) -> String {
    if theirs.code() != ours.code() {
        return format!(
            "  exit code {} / {}\n  {:?}\n  {:?}",
            theirs.code(),
            ours.code(),
            theirs.stderr,
            ours.stderr
        );
    }
    let (mut left, mut right) = (theirs.stdout.lines(), ours.stdout.lines());
    loop {
        let (x, y) = (left.next(), right.next());
        if x != y {
            return format!("  systemd {x:?}\n  ours    {y:?}");
        }
        if x.is_none() {
            return "  line breaks".to_owned();
        }
    }
}

#[test]
fn what_is_looked_at_is_shown_the_same() {
    let Some(manager) = manager() else { return };
    all_same(&manager, same::LOOKS);
}

#[test]
fn properties_of_every_kind_of_unit_are_written_the_same() {
    let Some(manager) = manager() else { return };
    let mut failures = Vec::new();
    let mut count = 0;
    for unit in same::SHOWN {
        let (theirs, ours) = both(&manager, &format!("systemctl show --all {unit}"));
        assert_eq!(theirs.code(), ours.code(), "{unit}: {ours:?}");
        // What is measured changes between the two.
        let measured = |line: &&str| {
            same::MEASURED.iter().any(|name| line.split('=').next().is_some_and(|found| found.contains(name)))
        };
        let lines = |output: &Output| -> Vec<String> {
            output.stdout.lines().filter(|line| !measured(line)).map(str::to_owned).collect()
        };
        let (theirs, ours) = (lines(&theirs), lines(&ours));
        count += theirs.len();
        for line in theirs.iter().filter(|line| !ours.contains(line)) {
            let name = line.split('=').next().unwrap_or_default();
            let other = ours.iter().find(|other| other.split('=').next() == Some(name));
            failures.push(format!("{unit}: {line:?} / {other:?}"));
        }
        for line in ours.iter().filter(|line| !theirs.contains(line)) {
            let name = line.split('=').next().unwrap_or_default();
            if !theirs.iter().any(|other| other.split('=').next() == Some(name)) {
                failures.push(format!("{unit}: only ours: {line:?}"));
            }
        }
        if failures.is_empty() {
            assert_eq!(theirs, ours, "{unit}: order");
        }
    }
    assert!(failures.is_empty(), "{} of {count} properties differ:\n{}", failures.len(), failures.join("\n"));
    println!("{count} properties, all the same");
}

/// Each command is run by both on a manager of its own, one after the other, and the states that follow are compared.
#[test]
fn what_changes_units_does_the_same() {
    let (Some(one), Some(two)) = (manager(), manager()) else { return };
    let mut failures = Vec::new();
    for line in same::CHANGES {
        let (theirs, ours) = (run(&one, line, THEIRS), run(&two, line, OURS));
        let see =
            "systemctl list-units --all --plain --no-legend 'w-*'; systemctl show-environment | grep ^W_";
        let (after, ours_after) = (run(&one, see, THEIRS), run(&two, see, THEIRS));
        if !is_same(&theirs, &ours) || after.stdout != ours_after.stdout {
            failures.push(format!(
                "{line}\n{}\n{}",
                first_difference(&theirs, &ours),
                first_difference(&after, &ours_after)
            ));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn mistakes_are_answered_in_the_same_words() {
    let Some(manager) = manager() else { return };
    let mut failures = Vec::new();
    for line in same::MISTAKES {
        let (theirs, ours) = (run(&manager, line, THEIRS), run(&manager, line, OURS));
        if theirs.code() != ours.code() || theirs.stderr != ours.stderr || theirs.stdout != ours.stdout {
            failures.push(format!(
                "{line}: {} {:?}{:?}\n  ours {} {:?}{:?}",
                theirs.code(),
                theirs.stdout,
                theirs.stderr,
                ours.code(),
                ours.stdout,
                ours.stderr
            ));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn differences_on_purpose_are_as_said() {
    let Some(manager) = manager() else { return };
    for difference in differences::ALL {
        let (theirs, ours) = both(&manager, difference.line);
        let shown = |output: &Output| format!("{}{}", output.stdout, output.stderr);
        let what = format!("{}: {}", difference.line, difference.reason);
        assert_ne!(shown(&theirs), shown(&ours), "no difference any more: {what}");
        assert_eq!(ours.code(), difference.code, "{what}: {ours:?}");
        for part in difference.shows {
            assert!(shown(&ours).contains(part), "{what}: {part:?} is missing: {}", shown(&ours));
        }
    }
}

#[test]
fn only_the_user_manager_is_served() {
    let Some(manager) = manager() else { return };
    for line in ["systemctl --system list-units", "systemctl --global enable w-a.service"] {
        let output = manager.shell(&line.replace("systemctl", "/opt/usher/systemctl"));
        assert_eq!(output.code(), 1, "{output:?}");
        assert!(output.stderr.contains("only --user is served"), "{output:?}");
    }
    let root = manager.machine.command("/opt/usher/systemctl").arg("list-units").output();
    assert_eq!(root.code(), 1, "{root:?}");
    // An ordinary user has no other manager.
    let output = manager.shell("/opt/usher/systemctl is-active w-run.service");
    assert_eq!((output.code(), output.stdout.as_str()), (0, "active\n"));
}
