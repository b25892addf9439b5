//! Loads systemd user units, decides what runs, and runs it.

pub mod bus;
pub mod cli;
pub mod client;
pub mod daemon;
pub mod exec;
pub mod job;
pub mod listener;
pub mod manager;
pub mod run_service;
mod standard_error;
pub mod translate;
pub mod unit;
