//! Real GNOME on every service manager: each check of the tier `gnome` with OpenRC, the Shepherd and Dinit as the supervisor
//! of the session's services. It comes to the same as without one, which the tier `gnome` compares with systemd.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use usher_tests::gnome::side::Supervisor;

/// A test for each supervisor: `NAME::openrc`, `NAME::shepherd`, `NAME::dinit`.
macro_rules! on_each_manager {
    ($name:ident: $check:expr) => {
        mod $name {
            #[allow(clippy::wildcard_imports, reason = "whatever the check names")]
            use super::*;

            // One for all, so that they share its statics.
            const CHECK: fn(crate::Supervisor) = $check;

            #[test]
            fn openrc() {
                CHECK(crate::Supervisor::OpenRc);
            }

            #[test]
            fn shepherd() {
                CHECK(crate::Supervisor::Shepherd);
            }

            #[test]
            fn dinit() {
                CHECK(crate::Supervisor::Dinit);
            }
        }
    };
}

mod disturbances;
mod endings;
mod greeters;
mod reference;
mod session;
mod x11;
