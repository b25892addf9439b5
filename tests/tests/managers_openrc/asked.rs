//! What the user asks of OpenRC is what the engine does.

use std::time::Instant;

use crate::user::User;

#[test]
fn a_stop_by_rc_service_is_a_stop_of_the_unit() {
    let Some(user) = User::with_units(&[
        (
            "lab-main.service",
            "[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/touch /run/user/1000/stopped\nRestart=always\n",
        ),
        ("lab-part.service", "[Unit]\nPartOf=lab-main.service\n[Service]\nExecStart=/bin/sleep 1000\n"),
        ("lab-other.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
    ]) else {
        return;
    };
    user.must(&["start", "lab-main.service", "lab-part.service", "lab-other.service"]);
    user.wait_for_shown("lab-part.service", "started");
    let stop = user.rc_service("lab-main.service", "stop");
    assert_eq!(stop.code(), 0, "{}{}\n{}", stop.stdout, stop.stderr, user.story());
    user.wait_for_state("lab-main.service", "inactive");
    user.wait_for_state("lab-part.service", "inactive");
    assert_eq!(user.state("lab-other.service"), "active");
    assert!(user.machine.path(user.path("stopped")).exists(), "ExecStop= ran");
    user.wait_for_shown("lab-main.service", "");
    user.wait_for_shown("lab-part.service", "");
    assert_eq!(user.shown("lab-other.service"), "started");

    let start = user.rc_service("lab-main.service", "start");
    assert_eq!(start.code(), 0, "{}{}\n{}", start.stdout, start.stderr, user.story());
    assert_eq!(user.state("lab-main.service"), "active");
    assert_eq!(user.shown("lab-main.service"), "started");
    assert_eq!(user.state("lab-part.service"), "inactive", "PartOf= starts nothing");
    assert_eq!(user.supervisors("lab-main.service").len(), 1);

    let first = user.running("lab-main.service");
    let restart = user.rc_service("lab-main.service", "restart");
    assert_eq!(restart.code(), 0, "{}{}\n{}", restart.stdout, restart.stderr, user.story());
    assert_eq!(user.state("lab-main.service"), "active");
    assert_ne!(user.main_pid("lab-main.service"), first);
    assert_eq!(user.supervisors("lab-main.service").len(), 1);
}

#[test]
fn rc_service_start_returns_when_the_service_is_ready() {
    let Some(user) = User::with_units(&[
        (
            "lab-ready.service",
            "[Service]\nType=notify\nNotifyAccess=all\n\
             ExecStart=/usr/local/bin/lab-ready\n",
        ),
        ("lab-never.service", "[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000\n"),
        (
            "lab-after.service",
            "[Unit]\nRequires=lab-ready.service\nAfter=lab-ready.service\n[Service]\n\
             ExecStart=/bin/sh -c 'test -e /run/user/1000/ready && exec sleep 1000'\n",
        ),
    ]) else {
        return;
    };
    user.machine.write("/usr/local/bin/lab-ready", 0o755, READY);
    user.must(&["start", "--no-block", "lab-after.service"]);
    user.wait_for_shown("lab-ready.service", "starting");
    user.wait_for_shown("lab-after.service", "started");
    user.must(&["stop", "lab-ready.service"]);
    user.wait_for_state("lab-after.service", "inactive");
    user.machine.command("rm").arg(user.path("ready")).run();

    let start = user.rc_service("lab-after.service", "start");
    assert_eq!(start.code(), 0, "{}{}\n{}", start.stdout, start.stderr, user.story());
    assert!(user.machine.path(user.path("ready")).exists());
    assert_eq!(user.state("lab-ready.service"), "active");
    assert_eq!(user.state("lab-after.service"), "active");

    // So that OpenRC knows it.
    assert!(!user.systemctl(&["start", "lab-never.service"]).status.success());
    user.wait_for_shown("lab-never.service", "failed");
    let began = Instant::now();
    let start = user.rc_service("lab-never.service", "start");
    assert_ne!(start.code(), 0);
    assert_ne!(start.code(), 124, "rc-service hangs ({:?})\n{}", began.elapsed(), user.story());
    user.wait_for_state("lab-never.service", "failed");
    user.wait_for_shown("lab-never.service", "failed");
    user.wait("no supervisor is left", || user.supervisors("lab-never.service").is_empty());
}

/// Takes a second to get ready, and says so.
const READY: &str = r#"#!/usr/bin/perl
use Socket;
sleep 1;
open(my $file, ">", "/run/user/1000/ready") or exit 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or exit 1;
send($socket, "READY=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or exit 1;
sleep 1000;
"#;
