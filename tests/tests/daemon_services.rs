//! Services that do what no service should, on `session-launcher daemon`; and many of them at once.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};
use usher_tests::session_daemon::{Groups, SessionDaemon};

const BOTH: [Groups; 2] = [Groups::Own, Groups::None];

/// It leaves processes in sessions of their own, whose parents are gone. Stopping ends them all.
#[test]
fn a_service_that_forks_away_is_ended_whole() {
    let units = [(
        "away.service",
        "[Service]
ExecStart=/bin/sh -c 'setsid sh -c \"setsid sleep 1000 & sleep 0.1\" & sleep 0.3; exec sleep 1001'
[Install]
",
    )];
    for groups in BOTH {
        let Some(daemon) = SessionDaemon::start(groups, &units) else { return };
        daemon.manage("start away.service");
        let has = |command: &str| daemon.service_processes().iter().any(|process| process.command == command);
        daemon.wait_until("forked", || has("sleep 1000") && has("sleep 1001"));
        daemon.manage("stop away.service");
        daemon.wait_until("nothing is left", || daemon.service_processes().is_empty());
        assert_eq!(daemon.property("away.service", "Result"), "success");
    }
}

/// Whatever it closes, its end is seen.
#[test]
fn a_service_that_closes_its_streams_is_still_supervised() {
    let units = [(
        "closing.service",
        "[Service]\nType=exec\nExecStart=/bin/sh -c 'exec 0<&- 1>&- 2>&-; until [ -e /run/user/1000/go ]; do sleep 0.05; done; exit 3'\n",
    )];
    let Some(daemon) = SessionDaemon::start(Groups::None, &units) else { return };
    daemon.manage("start closing.service");
    assert_eq!(daemon.state("closing.service"), "active");
    daemon.machine.write("/run/user/1000/go", 0o644, "");
    daemon.wait_for_state("closing.service", "failed");
    assert_eq!(daemon.property("closing.service", "ExecMainStatus"), "3");
}

/// Suspended by systemd's own client, it does nothing more, but can be stopped in its own way.
#[test]
fn a_service_that_is_frozen_can_be_stopped() {
    let units = [(
        "handles.service",
        "[Service]\nTimeoutStopSec=300\nExecStart=/bin/sh -c 'trap \"exit 0\" TERM; touch /run/user/1000/ready; while :; do sleep 0.05; done'\n",
    )];
    let Some(daemon) = SessionDaemon::start(Groups::Own, &units) else { return };
    daemon.manage("start handles.service");
    daemon.wait_until("ready", || daemon.machine.path("/run/user/1000/ready").exists());
    daemon.manage("freeze handles.service");
    assert_eq!(daemon.property("handles.service", "FreezerState"), "frozen");
    daemon.manage("thaw handles.service");
    assert_eq!(daemon.property("handles.service", "FreezerState"), "running");
    daemon.manage("freeze handles.service");
    daemon.manage("stop --no-block handles.service");
    daemon.wait_for_state("handles.service", "inactive");
    assert_eq!(daemon.property("handles.service", "Result"), "success");

    let Some(without) = SessionDaemon::start(Groups::None, &units) else { return };
    without.manage("start handles.service");
    let refused = without.systemctl("freeze handles.service");
    assert_eq!(refused.code(), 1);
    assert!(refused.stderr.contains("does not support freeze"), "{}", refused.stderr);
}

/// systemd's own client is told when that is done.
#[test]
fn what_a_service_has_stored_can_be_cleaned() {
    let units = [(
        "stores.service",
        "[Service]\nType=oneshot\nCacheDirectory=stores\nStateDirectory=stores\nExecStart=/bin/sh -c 'touch $CACHE_DIRECTORY/a $STATE_DIRECTORY/b'\n",
    )];
    let Some(daemon) = SessionDaemon::start(Groups::None, &units) else { return };
    daemon.manage("start stores.service");
    let (cache, state) = ("/home/user/.cache/stores/a", "/home/user/.local/state/stores/b");
    assert!(daemon.machine.path(cache).exists() && daemon.machine.path(state).exists());
    daemon.manage("clean stores.service");
    assert!(!daemon.machine.path(cache).exists() && daemon.machine.path(state).exists());
    daemon.manage("clean --what=state stores.service");
    assert!(!daemon.machine.path(state).exists());
}

#[test]
fn a_service_that_ignores_sigterm_is_killed() {
    let units = [(
        "stubborn.service",
        "[Service]\nTimeoutStopSec=300ms\nExecStart=/bin/sh -c 'trap \"\" TERM; touch /run/user/1000/ready; while :; do sleep 0.05; done'\n",
    )];
    for groups in BOTH {
        let Some(daemon) = SessionDaemon::start(groups, &units) else { return };
        daemon.manage("start stubborn.service");
        daemon.wait_until("deaf", || daemon.machine.path("/run/user/1000/ready").exists());
        daemon.manage("stop stubborn.service");
        assert_eq!(daemon.property("stubborn.service", "Result"), "timeout");
        daemon.wait_until("nothing is left", || daemon.service_processes().is_empty());
    }
}

/// Megabytes of output do not hold up the manager, and end in the unit's log.
#[test]
fn a_service_that_spams_its_log_disturbs_nobody() {
    let units = [
        ("spam.service", "[Service]\nExecStart=/bin/sh -c 'exec yes usher-spam'\n"),
        ("calm.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
    ];
    let Some(daemon) = SessionDaemon::start(Groups::Own, &units) else { return };
    daemon.manage("start spam.service");
    let log = daemon.machine.path("/home/user/.local/state/session-launcher/log/spam.service.log");
    let size = || std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
    daemon.wait_until("much was written", || size() > 4 * 1024 * 1024);
    for _ in 0..3 {
        daemon.manage("start calm.service");
        assert_eq!(daemon.state("calm.service"), "active");
        daemon.manage("stop calm.service");
    }
    daemon.manage("stop spam.service");
    let text = std::fs::read(&log).unwrap();
    assert!(text.starts_with(b"usher-spam\n") || text.windows(11).any(|window| window == b"usher-spam\n"));
    let shown = daemon.command("session-launcher").args(["log", "spam.service"]).output();
    assert!(shown.stdout.contains("usher-spam"), "{}{}", shown.stdout.len(), shown.stderr);
}

/// Only who may speak for a unit is heard: not another user, not another unit, not a child with `NotifyAccess=main`.
#[test]
fn notifications_of_strangers_are_not_heard() {
    let units = [
        (
            "main.service",
            "[Service]\nType=notify\nNotifyAccess=main\nTimeoutStartSec=infinity\nExecStart=/bin/sh -c 'while :; do sleep 0.1; [ -e /run/user/1000/child ] && { (systemd-notify --ready); rm /run/user/1000/child; }; done'\n",
        ),
        (
            "all.service",
            "[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=infinity\nExecStart=/bin/sh -c 'while :; do sleep 0.1; [ -e /run/user/1000/child-all ] && { (systemd-notify --ready); rm /run/user/1000/child-all; }; done'\n",
        ),
        (
            "other.service",
            "[Service]\nExecStart=/bin/sh -c 'NOTIFY_SOCKET=/run/user/1000/session-launcher/notify systemd-notify --ready; exec sleep 1000'\n",
        ),
    ];
    for groups in BOTH {
        let Some(daemon) = SessionDaemon::start(groups, &units) else { return };
        daemon.manage("start --no-block main.service all.service");
        daemon.wait_for_state("main.service", "activating");
        // Another unit, which may not speak for it.
        daemon.manage("start other.service");
        // Another user: root is one too, and nobody's process belongs to no unit.
        let pid = daemon.main_pid("main.service");
        for uid in [0, 65534] {
            let text = format!("--ready --pid={pid}");
            let _ = daemon
                .machine
                .command("sh")
                .args(["-c", &format!("systemd-notify {text}")])
                .env("NOTIFY_SOCKET", "/run/user/1000/session-launcher/notify")
                .uid(uid)
                .output();
        }
        // A process of the user that belongs to no unit.
        daemon.shell("NOTIFY_SOCKET=/run/user/1000/session-launcher/notify systemd-notify --ready");
        // A child of its own.
        daemon.shell("touch /run/user/1000/child");
        daemon.wait_until("the child has spoken", || !daemon.machine.path("/run/user/1000/child").exists());
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(daemon.state("main.service"), "activating", "{groups:?}\n{}", daemon.log());
        assert_eq!(daemon.state("all.service"), "activating", "{groups:?}");
        // What may, is heard.
        daemon.shell("touch /run/user/1000/child-all");
        daemon.wait_for_state("all.service", "active");
    }
}

/// A new engine finds what was said while there was none.
#[test]
fn a_notification_in_the_gap_is_not_lost() {
    let units = [(
        "late.service",
        "[Service]\nType=notify\nNotifyAccess=all\nTimeoutStartSec=infinity\nExecStart=/bin/sh -c 'until [ -e /run/user/1000/go ]; do sleep 0.05; done; systemd-notify --ready & sleep 0.5; touch /run/user/1000/said; exec sleep 1000'\n",
    )];
    let Some(mut daemon) = SessionDaemon::start(Groups::Own, &units) else { return };
    daemon.manage("start --no-block late.service");
    daemon.wait_for_state("late.service", "activating");
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.kill(guardian, "STOP");
    daemon.kill(engine, "KILL");
    daemon.machine.write("/run/user/1000/go", 0o644, "");
    daemon.wait_until("it has spoken", || daemon.machine.path("/run/user/1000/said").exists());
    daemon.resume_guardian(guardian);
    daemon.wait_until("a new engine", || daemon.is_reachable());
    daemon.wait_for_state("late.service", "active");
}

/// 200 at once, and all of them down again; nothing is left.
#[test]
fn two_hundred_services_at_once() {
    let names: Vec<String> = (0..200).map(|number| format!("n{number}.service")).collect();
    let mut wants = String::from("[Unit]\n");
    for name in &names {
        let _ = writeln!(wants, "Wants={name}\nAfter={name}");
    }
    let mut units: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), "[Service]\nExecStart=/bin/sleep 1000\n")).collect();
    units.push(("all.target", &wants));
    for groups in BOTH {
        let Some(daemon) = SessionDaemon::start(groups, &units) else { return };
        let began = Instant::now();
        daemon.manage("start all.target");
        let started = began.elapsed();
        // A simple service is up before its process has got through execve(2).
        daemon.wait_until("200 processes", || {
            daemon.service_processes().iter().filter(|process| process.command == "/bin/sleep 1000").count()
                == 200
        });
        daemon.kill_engine();
        assert_eq!(daemon.service_processes().len(), 200);
        daemon.manage("stop all.target");
        let began = Instant::now();
        daemon.manage(&format!("stop {}", names.join(" ")));
        let stopped = began.elapsed();
        daemon.wait_until("nothing is left", || daemon.service_processes().is_empty());
        println!("200 services, {groups:?} control groups: up in {started:?}, down in {stopped:?}");
    }
}
