//! Real log-ins through PAM, by the examples of the packaging guide: they start the user's service manager and the
//! session bus, session-launcher finds both, and after the log-out nothing is left.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod dinit;
mod login;
mod openrc;
mod shepherd;
