//! The session's services as services of a real user's Dinit, OpenRC and Shepherd: what has to be so on each of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod behaviour;

use usher_tests::native::Native;
use usher_tests::native::dinit::Dinit;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::shepherd::Shepherd;

/// Each version that there is: `DINIT_BIN_DIR` may name several.
#[test]
fn dinit_supervises() {
    let Some(_) = Dinit::any_or_skip() else { return };
    for dinit in Dinit::all() {
        eprintln!("= {}", dinit.version());
        behaviour::play(&|| Box::new(dinit.clone()));
    }
}

/// The root's own, and those of `OPENRC_DIR`.
#[test]
fn openrc_supervises() {
    for openrc in OpenRc::all() {
        eprintln!("= OpenRC {}", openrc.version());
        behaviour::play(&|| Box::new(openrc.clone()));
    }
}

#[test]
fn the_shepherd_supervises() {
    behaviour::play(&|| Box::new(Shepherd) as Box<dyn Native>);
}
