//! The same check without another service manager, played once for all of them.

use std::sync::OnceLock;

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::side::{Stage, Supervisor};
use usher_tests::gnome::supervision::open;

/// What a check comes to without another manager.
pub struct Reference<T>(OnceLock<T>);

impl<T> Reference<T> {
    /// Not played yet.
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Plays it, unless another test has.
    pub fn of(&self, check: &str, play: impl FnOnce(&Stage) -> T) -> &T {
        self.0.get_or_init(|| {
            let stage = open(Supervisor::Direct, &artefacts(check));
            play(&stage.expect("where the others can be played, this one can"))
        })
    }
}

/// Where a check's logs go.
pub fn artefacts(check: &str) -> Artefacts {
    Artefacts::at(&format!("managers-gnome/{check}"))
}

/// What is chance with one as with the other.
pub const CHANCE: &[(&str, &str)] = &[(
    "xdg-desktop-portal-*",
    "they fail when the display goes, and end well when they are stopped: whichever comes first when a session ends",
)];
