//! Loads systemd user units and decides what runs.

pub mod cli;
pub mod client;
pub mod job;
pub mod unit;
