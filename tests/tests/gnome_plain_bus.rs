//! GNOME where nothing is prepared for a manager: no cgroups, and a session bus that starts the manager when it is
//! first asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::bus;
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::install::Leader;
use usher_tests::gnome::side::{HEADLESS_SHELL, Side, Stage, Usher};
use usher_tests::gnome::{install, session};
use usher_tests::lab::Process;
use usher_tests::lab::desktop::{Desktop, Logind, UID, wait_for};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;

/// Units of GNOME itself. What else the bus starts are no units here.
const GNOME_UNITS: [&str; 3] = ["org.gnome.", "gnome-session", "graphical-session"];

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_bus_starts_the_manager() {
    let artefacts = Artefacts::of("gnome-plain-bus");
    let plain = Usher { activates_units: false, cgroups: false, ..Usher::USUAL };
    let Some(stage) = Stage::open(Side::Systemd, &artefacts) else { return };
    let mut reference = session::Session::log_in(&stage, "reference");
    reference.wait_until_running();
    let expected = reference.settle();
    drop(reference);
    drop(stage);

    let Some(stage) = Stage::open(Side::Usher(plain), &artefacts) else { return };
    let course = Ending::LogOut.play(&stage);
    for (when, table) in [("first", &course.running), ("second", &course.again)] {
        let missing: Vec<_> = expected
            .names()
            .filter(|name| GNOME_UNITS.iter().any(|prefix| name.starts_with(prefix)))
            .filter(|name| !table.is_active(name))
            .collect();
        assert!(missing.is_empty(), "{when} log-in: not active: {missing:?}\n{table}");
    }
    let left: Vec<_> = course.ended.names().filter(|name| name.contains("gnome")).collect();
    // Slices stay, as on systemd.
    assert!(left.iter().all(|name| name.ends_with(".slice")), "units left: {left:?}");
    // A program of the bus that is ending may call the sound server once more, which is the user's, not the session's.
    let sound = |process: &&Process| ["pipewire", "pipewire-pulse", "wireplumber"].contains(&&*process.name);
    let left: Vec<_> = course.left.iter().filter(|process| !sound(process)).collect();
    assert!(left.is_empty(), "processes left: {left:?}");
    assert_eq!(course.leader, 0);
}

/// A bus for one log-in, as gdm-wayland-session starts one where there is none: it ends with the leader, and the
/// manager with the bus.
#[test]
fn nothing_outlives_a_log_in_with_a_bus_of_its_own() {
    let artefacts = Artefacts::of("gnome-own-bus");
    let Some(desktop) = Desktop::start_or_skip(install::bind(Machine::builder("gnome")), Logind::Elogind)
    else {
        return;
    };
    let machine = &desktop.machine;
    install::install(machine, Leader::Ours);
    machine.write("/etc/systemd/user/org.gnome.Shell@.service.d/headless.conf", 0o644, HEADLESS_SHELL);
    for log_in in ["first", "second"] {
        let mut leader = desktop
            .command_of_user("dbus-run-session")
            .args(["--", "gnome-session", "--session", "gnome"])
            .spawn();
        let mut address = None;
        let running = wait_for(LIMIT, Duration::from_millis(200), || {
            address = address.take().or_else(|| bus_of_shell(machine));
            address.as_deref().is_some_and(|address| is_running(&desktop, address)) || !leader.runs()
        });
        let story = |leader: &Daemon| {
            let processes: String =
                machine.processes_of(UID).iter().map(|process| format!("{process}\n")).collect();
            format!("{}\n{processes}\n{}", leader.log(), artefacts.path().display())
        };
        assert!(running && leader.runs(), "{log_in} log-in: the session does not run\n{}", story(&leader));
        let address = address.expect("a running session has a bus");
        wait_for_calm(machine);
        let quit = desktop.command_of_user("gnome-session-quit").arg("--no-prompt");
        quit.env("DBUS_SESSION_BUS_ADDRESS", address).run();
        let ended = wait_for(LIMIT, Duration::from_millis(100), || !leader.runs());
        assert!(ended, "{log_in} log-in: the leader does not end\n{}", story(&leader));
        let empty = || machine.processes_of(UID).is_empty();
        let clean = wait_for(Duration::from_secs(10), Duration::from_millis(100), empty);
        artefacts.keep(&format!("{log_in}.log"), leader.log());
        assert!(clean, "{log_in} log-in: processes are left\n{}", story(&leader));
    }
}

/// Waits until the session's programs are all there: one that is still starting does not answer when the session is
/// about to end, and gnome-session then asks the person first.
fn wait_for_calm(machine: &Machine) {
    let mut last = Vec::new();
    let mut same = 0;
    let calm = wait_for(LIMIT, Duration::from_secs(1), || {
        let now: Vec<_> = machine.processes_of(UID).iter().map(|process| process.pid).collect();
        same = if now == last { same + 1 } else { 0 };
        last = now;
        same == 4
    });
    assert!(calm, "programs come and go");
}

fn bus_of_shell(machine: &Machine) -> Option<String> {
    let processes = machine.processes_of(UID);
    let shell = processes.iter().find(|process| process.name == "gnome-shell")?;
    let variables = shell.environment();
    variables.into_iter().find(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS").map(|(_, value)| value)
}

fn is_running(desktop: &Desktop, address: &str) -> bool {
    let gdbus = desktop.command_of_user("gdbus").env("DBUS_SESSION_BUS_ADDRESS", address);
    let answer = bus::call(
        gdbus,
        "org.gnome.SessionManager",
        "/org/gnome/SessionManager",
        "org.gnome.SessionManager.IsSessionRunning",
        &[],
    );
    answer.is_ok_and(|answer| answer.contains("true"))
}
