//! Whole-system tests: the lab (Debian roots entered in fresh namespaces), and what the suites share.
//!
//! A test that cannot run says so with [`skip`]; `cargo xtask test` counts and prints the reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected has to stop"
)]

pub mod binaries;
pub mod gnome;
pub mod lab;
pub mod libc;
pub mod musl;
pub mod native;
pub mod native_files;
pub mod scenario;
pub mod session_daemon;
mod skip;
pub mod user_manager;
pub mod userdb;

pub use skip::{SKIP_FILE_VARIABLE, continuous_integration, skip};
