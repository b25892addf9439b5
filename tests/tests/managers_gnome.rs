//! Real GNOME with the Shepherd or Dinit as the supervisor of its services.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Stage, Supervisor};
use usher_tests::gnome::supervision::{compare_endings, open, running_services};

/// A session is shown whole by the supervisor's own tool, and its states are those of a session without it.
fn compare_sessions(supervisor: Supervisor, list: &[&str], shown: fn(&str) -> BTreeSet<String>) {
    let artefacts = Artefacts::of(&format!("{}-session", supervisor.name()));
    let mut tables = Vec::new();
    for supervisor in [supervisor, Supervisor::Direct] {
        let Some(stage) = open(supervisor, &artefacts) else { return };
        let mut session = Session::log_in(&stage, "session");
        let start = session.wait_until_running();
        println!("{}: runs after {:.2} s", supervisor.name(), start.as_secs_f64());
        tables.push(session.settle());
        if supervisor == Supervisor::Direct {
            continue;
        }
        assert!(!session.photograph().is_blank(), "{}", session.story());
        let listing = stage.command(list[0]).args(&list[1..]).run();
        println!("{listing}");
        artefacts.keep("listing.txt", &listing);
        let services = names_of(&stage, supervisor);
        assert!(services.iter().any(|name| name.starts_with("org.gnome.Shell")), "{services:?}");
        let missing: Vec<_> = services.difference(&shown(&listing)).cloned().collect();
        assert!(missing.is_empty(), "not shown: {missing:?}\n{}", session.story());
    }
    let differences = tables[0].differences(&tables[1], &[]);
    assert!(differences.is_empty(), "{}\n{}", differences.join("\n"), artefacts.path().display());
}

/// The running services, by the names that the supervisor has for them.
fn names_of(stage: &Stage, supervisor: Supervisor) -> BTreeSet<String> {
    let services = running_services(stage);
    match supervisor {
        Supervisor::Dinit => services.iter().map(|name| name.replace('\\', "_").replace('@', "-")).collect(),
        _ => services,
    }
}

/// ` + name` below `Started:`.
fn shown_by_herd(listing: &str) -> BTreeSet<String> {
    listing.lines().filter_map(|line| line.trim().strip_prefix("+ ")).map(str::to_owned).collect()
}

/// `[[+]     ] name (pid: 1)`.
fn shown_by_dinitctl(listing: &str) -> BTreeSet<String> {
    let up = |line: &str| {
        let (state, rest) = line.rsplit_once("] ")?;
        state.contains('+').then(|| rest.split_ascii_whitespace().next().unwrap_or_default().to_owned())
    };
    listing.lines().filter_map(up).collect()
}

#[test]
fn herd_shows_a_session() {
    compare_sessions(Supervisor::Shepherd, &["herd", "status"], shown_by_herd);
}

#[test]
fn a_log_out_on_the_shepherd() {
    compare_endings(Ending::LogOut, Supervisor::Shepherd, "shepherd-log-out");
}

#[test]
fn a_killed_shell_on_the_shepherd() {
    compare_endings(Ending::KillShell, Supervisor::Shepherd, "shepherd-shell-killed");
}

#[test]
fn dinitctl_shows_a_session() {
    compare_sessions(Supervisor::Dinit, &["dinitctl", "--user", "list"], shown_by_dinitctl);
}

#[test]
fn a_log_out_on_dinit() {
    compare_endings(Ending::LogOut, Supervisor::Dinit, "dinit-log-out");
}

#[test]
fn a_killed_shell_on_dinit() {
    compare_endings(Ending::KillShell, Supervisor::Dinit, "dinit-shell-killed");
}
