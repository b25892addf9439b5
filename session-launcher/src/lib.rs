//! Loads systemd user units and decides what runs.

pub mod cli;
pub mod job;
pub mod run_service;
pub mod translate;
pub mod unit;
