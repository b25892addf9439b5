//! The real GDM: two greeters at once, each for a user that GDM lends, and then a user's session.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::gdm::DisplayManager;
use usher_tests::gnome::greeters;
use usher_tests::gnome::side::Supervisor;

#[test]
fn two_greeters_at_once_then_a_users_session() {
    let artefacts = Artefacts::of("gnome-gdm");
    let Some(gdm) = DisplayManager::start_or_skip(Supervisor::Direct, &artefacts) else { return };
    let wrong = greeters::play(&gdm, &|_, _| Vec::new());
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), gdm.story());
}
