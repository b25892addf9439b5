//! Which service manager supervises a session's services, and what is said when it is not the one that was asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod asked;
mod found;
mod precedence;
mod private;
mod supervisor;
mod unusable;
