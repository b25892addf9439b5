//! D-Bus activation by units, with a dbus-daemon that runs with `--systemd-activation`: what a caller who wants a name hears
//! when the real `systemd --user` is asked to start the unit, and when our daemon is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use usher_tests::user_manager::UserManager;

/// Units; each `lab.NAME` is activated by `name.service`.
const UNITS: [(&str, &str); 14] = [
    ("ok.service", "[Service]\nType=dbus\nBusName=lab.Ok\nExecStart=/opt/usher/name-owner lab.Ok\n"),
    ("simple.service", "[Service]\nExecStart=/opt/usher/name-owner lab.Simple\n"),
    (
        "leaves.service",
        "[Service]\nType=dbus\nBusName=lab.Leaves\nExecStart=/opt/usher/name-owner lab.Leaves 0.3\n",
    ),
    ("-> masked.service", "/dev/null"),
    ("fails.service", "[Service]\nType=dbus\nBusName=lab.Fails\nExecStart=/bin/false\n"),
    ("exits.service", "[Service]\nType=dbus\nBusName=lab.Exits\nExecStart=/bin/true\n"),
    (
        "skipped.service",
        "[Unit]\nConditionPathExists=/nope\n[Service]\nType=dbus\nBusName=lab.Skipped\nExecStart=/bin/false\n",
    ),
    (
        "needs.service",
        "[Unit]\nRequires=fails.service\nAfter=fails.service\n\
         [Service]\nType=dbus\nBusName=lab.Needs\nExecStart=/opt/usher/name-owner lab.Needs\n",
    ),
    (
        "wants.service",
        "[Unit]\nWants=missing.service\nAfter=missing.service\n\
         [Service]\nType=dbus\nBusName=lab.Wants\nExecStart=/opt/usher/name-owner lab.Wants\n",
    ),
    (
        "refused.service",
        "[Unit]\nRefuseManualStart=yes\n\
         [Service]\nType=dbus\nBusName=lab.Refused\nExecStart=/opt/usher/name-owner lab.Refused\n",
    ),
    (
        "late.service",
        "[Service]\nType=dbus\nBusName=lab.Late\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000\n",
    ),
    ("stopped.service", "[Service]\nType=dbus\nBusName=lab.Stopped\nExecStart=/bin/sleep 1000\n"),
    ("broken.service", "[Service]\nType=dbus\nBusName=lab.Broken\n"),
    (
        "often.service",
        "[Unit]\nStartLimitBurst=1\n\
         [Service]\nType=dbus\nBusName=lab.Often\nExecStart=/opt/usher/name-owner lab.Often 0.1\n",
    ),
];

/// Names in the order in which they are asked for, some of them twice.
const NAMES: [&str; 20] = [
    "Ok", "Ok", "Simple", "Leaves", "Leaves", "Missing", "Masked", "Fails", "Fails", "Exits", "Skipped",
    "Needs", "Wants", "Refused", "Late", "Stopped", "Broken", "Nonsense", "Often", "Often",
];

/// Where the answers differ, and why. A row that differs no more is an error.
const DIFFERENCES: &[(&str, &str)] = &[
    ("Fails", FAILED),
    ("Exits", FAILED),
    ("Needs", FAILED),
    ("Late", FAILED),
    ("Stopped", FAILED),
    ("Skipped", FAILED),
];

/// Nobody takes the name any more, and whoever waits for it would wait until the bus's time is over.
const FAILED: &str = "systemd does not tell the bus what becomes of a job once it is queued";

/// How long a caller waits. Who gets no answer by then gets none for as long as the bus is willing to wait.
const PATIENCE: Duration = Duration::from_secs(4);

/// What each caller hears.
fn play(manager: &UserManager) -> Vec<String> {
    let mut heard = Vec::new();
    for name in NAMES {
        let stop = "sh -c 'sleep 1; dbus-send --session --print-reply --dest=org.freedesktop.systemd1 \
                    /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager.StopUnit \
                    string:stopped.service string:replace'";
        let _stop = (name == "Stopped").then(|| manager.spawn(stop));
        let begin = Instant::now();
        let output = manager.shell(&format!(
            "dbus-send --session --print-reply=literal --reply-timeout={} --dest=org.freedesktop.DBus / \
             org.freedesktop.DBus.StartServiceByName string:lab.{name} uint32:0",
            PATIENCE.as_millis()
        ));
        let is_silent = begin.elapsed() >= PATIENCE;
        let said = format!("{}{}", output.stdout.trim(), output.stderr.trim());
        heard.push(if is_silent { "nothing".to_owned() } else { said });
        if matches!(name, "Leaves" | "Often") {
            std::thread::sleep(Duration::from_millis(700));
        }
    }
    heard
}

/// A machine with the units, and files by which the bus knows them.
fn machine() -> Option<UserManager> {
    let manager = UserManager::machine_with(&UNITS, &[Path::new(env!("CARGO_BIN_EXE_name-owner"))])?;
    for name in NAMES {
        let unit = if name == "Nonsense" {
            "no unit".to_owned()
        } else {
            format!("{}.service", name.to_lowercase())
        };
        let text = format!("[D-BUS Service]\nName=lab.{name}\nExec=/bin/false\nSystemdService={unit}\n");
        manager.machine.write(&format!("/usr/share/dbus-1/services/lab.{name}.service"), 0o644, &text);
    }
    Some(manager)
}

#[test]
fn callers_hear_the_same() {
    let Some(mut theirs) = machine() else { return };
    theirs.start_manager();
    let mut ours = machine().unwrap();
    ours.start_daemon();
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| play(&theirs));
        let ours = play(&ours);
        (theirs.join().unwrap(), ours)
    });
    let mut wrong = Vec::new();
    for (place, name) in NAMES.iter().enumerate() {
        println!("{name}: {}", ours[place]);
        let reason = DIFFERENCES.iter().find(|(of, _)| of == name).map(|(_, reason)| reason);
        match (theirs[place] == ours[place], reason) {
            (true, None) => {}
            (false, Some(reason)) => println!("  systemd: {} ({reason})", theirs[place]),
            (true, Some(reason)) => wrong.push(format!("{name} differs no more: {reason}")),
            (false, None) => {
                wrong.push(format!("{name}:\n  systemd: {}\n  ours:    {}", theirs[place], ours[place]))
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
