//! Loads systemd user units and decides what runs.

pub mod job;
pub mod unit;
