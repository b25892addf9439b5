//! An X11 program makes Xwayland and gsd-xsettings come up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::expected::UNITS;
use usher_tests::gnome::side::{Side, Stage, Usher};
use usher_tests::gnome::units::Table;
use usher_tests::gnome::x11;

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
    Some(x11::connect(&stage, on_demand).units.clone())
}
