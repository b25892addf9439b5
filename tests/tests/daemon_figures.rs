//! What a hundred services cost on `session-launcher daemon` and on `systemd --user`: figures for the log, compared in
//! one run. Nothing here depends on how fast the machine is.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::time::{Duration, Instant};
use usher_tests::session_daemon::{Groups, SessionDaemon};
use usher_tests::user_manager::UserManager;

const COUNT: usize = 100;

fn units() -> Vec<(String, String)> {
    let names: Vec<String> = (0..COUNT).map(|number| format!("n{number}.service")).collect();
    let wants = format!("[Unit]\nWants={0}\nAfter={0}\n", names.join(" "));
    let service = "[Service]\nExecStart=/bin/sleep 1000\n".to_owned();
    let mut units: Vec<_> = names.into_iter().map(|name| (name, service.clone())).collect();
    units.push(("all.target".to_owned(), wants));
    units
}

/// User and system time of a process and its dead children that it waited for, and its memory of its own in KiB.
fn cost(proc: &std::path::Path) -> (Duration, u64) {
    let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| {
            rest.split_whitespace().skip(11).take(4).filter_map(|field| field.parse().ok()).collect()
        })
        .unwrap_or_default();
    let rollup = fs::read_to_string(proc.join("smaps_rollup")).unwrap_or_default();
    let own = rollup
        .lines()
        .filter(|line| line.starts_with("Private_"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum();
    // A tick is a hundredth of a second everywhere.
    (Duration::from_millis(fields.iter().sum::<u64>() * 10), own)
}

#[test]
fn a_hundred_services_beside_systemd() {
    compare(Groups::Own);
}

/// The embedded manager of most systems: nobody has given the user control groups.
#[test]
fn a_hundred_services_without_control_groups() {
    compare(Groups::None);
}

fn compare(groups: Groups) {
    let units = units();
    let units: Vec<(&str, &str)> = units.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let Some(ours) = SessionDaemon::start(groups, &units) else { return };
    let Some(theirs) = UserManager::start(&units) else { return };
    let running = "systemctl --user list-units --no-legend --state=active 'n*.service' | wc -l";

    let began = Instant::now();
    ours.manage("start all.target");
    let our_time = began.elapsed();
    assert_eq!(ours.shell(running).stdout.trim(), COUNT.to_string());
    let began = Instant::now();
    let output = theirs.shell("systemctl --user start all.target");
    let their_time = began.elapsed();
    assert!(output.status.success(), "{}", output.stderr);
    assert_eq!(theirs.shell(running).stdout.trim(), COUNT.to_string());

    let engine = ours.machine.path(format!("/proc/{}", ours.engine().unwrap()));
    let guardian = ours.machine.path(format!("/proc/{}", ours.guardian().unwrap()));
    let (engine, guardian) = (cost(&engine), cost(&guardian));
    let manager = theirs.shell("busctl --user status org.freedesktop.systemd1 | sed -n 's/^PID=//p'").stdout;
    let systemd = cost(&theirs.machine.path(format!("/proc/{}", manager.trim())));
    println!(
        "{COUNT} services, groups {groups:?}: ours {our_time:?} (engine {:?} of CPU), systemd --user {their_time:?} ({:?} of CPU): ratio {:.2}",
        engine.0,
        systemd.0,
        our_time.as_secs_f64() / their_time.as_secs_f64()
    );
    println!(
        "memory of their own: engine {} KiB, guardian {} KiB, systemd {} KiB",
        engine.1, guardian.1, systemd.1
    );
    let began = Instant::now();
    ours.manage("stop 'n*.service'");
    let our_time = began.elapsed();
    let began = Instant::now();
    theirs.shell("systemctl --user stop 'n*.service'");
    println!("down again, groups {groups:?}: ours {our_time:?}, systemd --user {:?}", began.elapsed());
    assert!(ours.service_processes().is_empty());
}
