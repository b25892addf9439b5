//! An X11 program makes Xwayland and gsd-xsettings come up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;
use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::expected::UNITS;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Usher};
use usher_tests::gnome::units::Table;
use usher_tests::lab::desktop::wait_for;

/// What has to be active then.
const X11_UNITS: [&str; 3] = [
    "gnome-session-x11-services.target",
    "gnome-session-x11-services-ready.target",
    "org.gnome.SettingsDaemon.XSettings.service",
];

#[test]
fn with_cgroups_when_a_program_comes() {
    let artefacts = Artefacts::of("gnome-x11");
    let Some(reference) = connect(Side::Systemd, &artefacts, true) else { return };
    let Some(ours) = connect(Side::Usher(Usher::USUAL), &artefacts, true) else { return };
    let differences = ours.differences(&reference, UNITS);
    assert!(differences.is_empty(), "{}\n{}", differences.join("\n"), artefacts.path().display());
}

/// Without a group of its own GNOME Shell starts Xwayland at once and asks nobody for the X11 services.
#[test]
fn without_cgroups_with_the_session() {
    let artefacts = Artefacts::of("gnome-x11-without-cgroups");
    connect(Side::Usher(Usher { cgroups: false, ..Usher::USUAL }), &artefacts, false);
}

fn connect(side: Side, artefacts: &Artefacts, on_demand: bool) -> Option<Table> {
    let stage = Stage::open(side, artefacts)?;
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
    assert!(wait_for(Duration::from_secs(30), Duration::from_millis(100), up), "{}", session.story());
    let units = session.settle();
    stage.artefacts.keep("units.txt", units.to_string());
    let missing: Vec<_> = X11_UNITS.iter().filter(|unit| !units.is_active(unit)).collect();
    assert!(missing.is_empty(), "not active: {missing:?}\n{}", session.story());
    assert!(client.runs(), "the X11 program has ended: {}", client.log());
    assert!(client.log().contains("_NET_"), "the X11 program sees no window manager: {}", client.log());
    Some(units)
}
