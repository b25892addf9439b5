//! A GNOME session runs as on `systemd --user`: units, environment, autostart, sound, power-off, and a picture of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::environment::{self, Variables};
use usher_tests::gnome::expected::{UNITS, VARIABLES, VARIABLES_OF_THE_BUS};
use usher_tests::gnome::install::Leader;
use usher_tests::gnome::screenshot::Picture;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{BUS_ADDRESS, Side, Stage, Usher};
use usher_tests::gnome::units::Table;
use usher_tests::lab::Process;
use usher_tests::lab::desktop::RUNTIME_DIRECTORY;

/// What gnome-session answers when the person may do it, at once.
const POSSIBLE: &str = "(uint32 2,)";

/// What a session looks like.
struct Look {
    running: bool,
    units: Table,
    processes: Vec<Process>,
    shell: Variables,
    settings_daemon: Variables,
    activated: Variables,
    manager: Variables,
    autostarted: bool,
    power: Vec<String>,
    picture: Picture,
}

#[test]
fn a_session_is_as_on_systemd() {
    compare("gnome-session", Usher::USUAL);
}

#[test]
fn upstreams_leader_and_control_program_find_the_same_manager() {
    compare("gnome-upstream-leader", Usher { leader: Leader::Upstream, ..Usher::USUAL });
}

fn compare(name: &str, usher: Usher) {
    let artefacts = Artefacts::of(name);
    let Some(reference) = look(Side::Systemd, &artefacts) else { return };
    let Some(ours) = look(Side::Usher(usher), &artefacts) else { return };
    let mut wrong = ours.units.differences(&reference.units, UNITS);
    let of_the_bus = [VARIABLES, VARIABLES_OF_THE_BUS].concat();
    for (what, ours, reference, exceptions) in [
        ("gnome-shell", &ours.shell, &reference.shell, VARIABLES),
        ("gsd-power", &ours.settings_daemon, &reference.settings_daemon, VARIABLES),
        ("the manager", &ours.manager, &reference.manager, VARIABLES),
        ("a service that the bus starts", &ours.activated, &reference.activated, &of_the_bus),
    ] {
        let lines = environment::differences(ours, reference, exceptions);
        wrong.extend(lines.iter().map(|line| format!("environment of {what}: {line}")));
    }
    for (side, look) in [("usher", &ours), ("systemd", &reference)] {
        let mut check = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{side}: {what}"));
            }
        };
        check(look.running, "IsSessionRunning is not true");
        check(look.autostarted, "the autostart entry did not run");
        check(!look.picture.is_blank(), &format!("the picture shows nothing: {:?}", look.picture));
        check((look.picture.width, look.picture.height) == (1024, 768), "the picture has another size");
        for daemon in ["pipewire", "wireplumber", "pipewire-pulse"] {
            check(
                look.processes.iter().any(|process| process.name == daemon),
                &format!("{daemon} does not run"),
            );
        }
        for variables in [&look.shell, &look.settings_daemon, &look.activated] {
            let bus = variables.get("DBUS_SESSION_BUS_ADDRESS").map_or("", String::as_str);
            check(bus.starts_with(BUS_ADDRESS), &format!("another session bus: {bus:?}"));
        }
        for variables in [&look.settings_daemon, &look.activated, &look.manager] {
            check(variables.contains_key("WAYLAND_DISPLAY"), "no WAYLAND_DISPLAY for services");
            check(variables.contains_key("DISPLAY"), "no DISPLAY for services");
        }
    }
    // elogind allows it; the reference's systemd-logind has no PID 1 to ask.
    if !ours.power.iter().all(|entry| entry == POSSIBLE) {
        wrong.push(format!("power-off and restart are not possible: {:?}", ours.power));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), artefacts.path().display());
}

fn look(side: Side, artefacts: &Artefacts) -> Option<Look> {
    let stage = Stage::open(side, artefacts)?;
    let mut session = Session::log_in(&stage, "session");
    let start = session.wait_until_running();
    println!("{}: runs after {:.2} s", side.name(), start.as_secs_f64());
    let units = session.settle();
    stage.artefacts.keep("running.txt", units.to_string());
    let processes = stage.processes();
    let answer = |method: &str| {
        stage
            .call(
                "org.gnome.SessionManager",
                "/org/gnome/SessionManager",
                &format!("org.gnome.SessionManager.{method}"),
                &[],
            )
            .map_or_else(|error| error, |answer| answer.trim().to_owned())
    };
    let power = ["CanShutdown", "CanReboot"].map(answer).to_vec();
    let look = Look {
        running: session.is_running(),
        shell: environment::of(&processes, "gnome-shell"),
        settings_daemon: environment::of(&processes, "gsd-power"),
        activated: activated(&stage),
        manager: stage.manager_environment(),
        autostarted: stage.desktop.machine.path(RUNTIME_DIRECTORY).join("autostarted").exists(),
        power,
        picture: session.photograph(),
        units,
        processes,
    };
    for (name, variables) in [
        ("shell", &look.shell),
        ("gsd-power", &look.settings_daemon),
        ("activated", &look.activated),
        ("manager", &look.manager),
    ] {
        stage.artefacts.keep(&format!("environment-{name}.txt"), environment::text(variables));
    }
    Some(look)
}

/// The environment of a service that the bus starts by itself: what the bus was told.
fn activated(stage: &Stage) -> Variables {
    // It never owns the name, so that this fails when it ends.
    let _ = stage.call(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.StartServiceByName",
        &["lab.Activated", "0"],
    );
    let file = stage.desktop.machine.path(RUNTIME_DIRECTORY).join("activated");
    fs::read_to_string(file)
        .expect("the service has started")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
