//! The session's services as services of a real user's OpenRC.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod asked;
mod engine;
mod failure;
mod launch;
mod shown;
mod user;
