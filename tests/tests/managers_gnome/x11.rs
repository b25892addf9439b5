//! An X11 program makes Xwayland and its services come.

use usher_tests::gnome::supervision::{list, open};
use usher_tests::gnome::units::Table;
use usher_tests::gnome::x11;

use crate::reference::{Reference, artefacts};

on_each_manager!(they_come_when_a_program_comes: |on| {
    static REFERENCE: Reference<Table> = Reference::new();
    let artefacts = artefacts("x11");
    let Some(stage) = open(on, &artefacts) else { return };
    let program = x11::connect(&stage, true);
    let listing = list(on, &|program| stage.command(program)).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(listing.contains("org.gnome.SettingsDaemon.XSettings.service"), "{listing}");
    let ours = program.units.clone();
    drop(program);
    drop(stage);
    let reference = REFERENCE.of("x11", |stage| x11::connect(stage, true).units.clone());
    let differences = ours.differences(reference, &[]);
    assert!(differences.is_empty(), "{}\n{}", differences.join("\n"), artefacts.path().display());
});
