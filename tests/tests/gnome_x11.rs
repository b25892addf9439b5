//! An X11 program makes Xwayland and gsd-xsettings come up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Usher};
use usher_tests::lab::desktop::wait_for;

/// What has to be active then.
const X11_UNITS: [&str; 4] = [
    "gnome-session-x11-services.target",
    "gnome-session-x11-services-ready.target",
    "org.gnome.SettingsDaemon.XSettings.target",
    "org.gnome.SettingsDaemon.XSettings.service",
];

#[test]
fn on_systemd_when_a_program_comes() {
    connect(Side::Systemd, "gnome-x11-systemd", true);
}

#[test]
fn with_cgroups_when_a_program_comes() {
    connect(Side::Usher(Usher::USUAL), "gnome-x11-cgroups", true);
}

/// Without a group of its own GNOME Shell starts Xwayland at once and asks nobody for the X11 services.
#[test]
fn without_cgroups_with_the_session() {
    connect(Side::Usher(Usher { cgroups: false, ..Usher::USUAL }), "gnome-x11-plain", false);
}

fn connect(side: Side, name: &str, on_demand: bool) {
    let artefacts = Artefacts::of(name);
    let Some(stage) = Stage::open(side, &artefacts) else { return };
    let mut session = Session::log_in(&stage, "x11");
    session.wait_until_running();
    session.settle();
    let before = !session.processes("gsd-xsettings").is_empty();
    assert_eq!(before, !on_demand, "gsd-xsettings before any X11 program\n{}", session.story());

    let manager = stage.manager_environment();
    let mut client = stage.command("xprop").args(["-spy", "-root"]);
    for variable in ["DISPLAY", "XAUTHORITY"] {
        let value = manager.get(variable).unwrap_or_else(|| panic!("no {variable}\n{}", session.story()));
        client = client.env(variable, value);
    }
    let mut client = client.spawn();
    let up = || ["Xwayland", "gsd-xsettings"].iter().all(|name| !session.processes(name).is_empty());
    assert!(wait_for(Duration::from_secs(15), Duration::from_millis(100), up), "{}", session.story());
    let units = session.settle();
    let missing: Vec<_> = X11_UNITS.iter().filter(|unit| !units.is_active(unit)).collect();
    assert!(missing.is_empty(), "not active: {missing:?}\n{}", session.story());
    assert!(client.runs(), "the X11 program has ended: {}", client.log());
}
