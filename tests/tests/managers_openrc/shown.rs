//! `rc-status` tells the truth about what the engine does.

use crate::user::User;

const SLEEP: &str = "[Service]\nExecStart=/bin/sleep 1000\n";

#[test]
fn a_service_is_shown_as_it_is() {
    let Some(user) = User::with_units(&[("lab-sleep.service", SLEEP)]) else { return };
    user.must(&["start", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", "started");
    let first = user.running("lab-sleep.service");
    assert_eq!(user.supervisors("lab-sleep.service").len(), 1, "{}", user.story());
    let status = user.rc_service("lab-sleep.service", "status");
    assert_eq!(status.code(), 0, "{}", status.stdout);

    user.must(&["restart", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", "started");
    user.wait("the second process runs", || ![0, first].contains(&user.main_pid("lab-sleep.service")));
    user.wait("one supervisor", || user.supervisors("lab-sleep.service").len() == 1);

    user.must(&["stop", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", "");
    user.wait("no supervisor is left", || user.supervisors("lab-sleep.service").is_empty());
    let status = user.rc_service("lab-sleep.service", "status");
    assert_eq!(status.code(), 3, "stopped: {}", status.stdout);
    assert!(user.processes().iter().all(|process| process.name != "sleep"), "{}", user.story());
}

/// OpenRC compares whole seconds: a script that comes in the second of the last look is one that it does not know.
#[test]
fn services_that_come_in_the_same_second_are_all_known() {
    let need = "[Unit]\nRequires=lab-0.service\nAfter=lab-0.service\n[Service]\nExecStart=/bin/sleep 1000\n";
    let units: Vec<(String, &str)> =
        (0..6).map(|n| (format!("lab-{n}.service"), if n == 0 { SLEEP } else { need })).collect();
    let units: Vec<(&str, &str)> = units.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let Some(user) = User::with_units(&units) else { return };
    for (name, _) in &units {
        user.must(&["start", name]);
        assert_eq!(user.shown(name), "started", "at once\n{}", user.story());
    }
    let needs = user.rc_service("lab-5.service", "ineed");
    assert_eq!(needs.stdout.trim(), "lab-0.service", "{}", needs.stderr);
}

#[test]
fn names_of_instances_and_escapes_survive() {
    let unit = "[Service]\nExecStart=/bin/sh -c 'printf %%s \"$1\" > $XDG_RUNTIME_DIR/instance; exec sleep 1000' sh %i\n";
    let Some(user) = User::with_units(&[("lab@.service", unit)]) else { return };
    user.must(&["start", r"lab@a\x2db:c.service"]);
    let service = "lab@a+x2db:c.service";
    user.wait_for_shown(service, "started");
    user.wait("it runs", || user.read(&user.path("instance")).trim() == r"a\x2db:c");
    let stop = user.rc_service(service, "stop");
    assert_eq!(stop.code(), 0, "{}{}", stop.stdout, stop.stderr);
    user.wait_for_state(r"lab@a\x2db:c.service", "inactive");
    let start = user.rc_service(service, "start");
    assert_eq!(start.code(), 0, "{}{}\n{}", start.stdout, start.stderr, user.story());
    user.wait_for_state(r"lab@a\x2db:c.service", "active");
}

#[test]
fn nothing_is_left_when_the_session_is_over() {
    let Some(user) = User::with_units(&[("lab-sleep.service", SLEEP)]) else { return };
    user.must(&["start", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", "started");
    user.systemctl(&["start", "--no-block", "exit.target"]);
    user.wait("the manager has ended", || {
        user.processes().iter().all(|process| !process.command_line.contains("session-launcher"))
    });
    assert!(user.rc_status().is_empty(), "{:?}", user.rc_status());
    let left = user.command("find").args([user.path("openrc"), "-name".to_owned(), "*lab*".to_owned()]).run();
    assert_eq!(left, "");
    assert!(user.supervisors("lab-sleep.service").is_empty());
}

/// openrc-user goes through the login shell, so that a greeter has no OpenRC of its own. Its services run nevertheless.
#[test]
fn without_openrc_the_services_are_the_engines_own() {
    let Some(user) = User::new(&[("lab-sleep.service", SLEEP)], "/usr/sbin/nologin", false) else { return };
    let refused = user.machine.command("/usr/lib/rc/bin/openrc-user").arg("ann").output();
    assert_ne!(refused.code(), 0, "OpenRC starts no services for a user without a shell");
    user.must(&["start", "lab-sleep.service"]);
    user.wait_for_state("lab-sleep.service", "active");
    assert_ne!(user.main_pid("lab-sleep.service"), 0);
    assert!(user.supervisors("lab-sleep.service").is_empty());
}
