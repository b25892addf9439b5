//! Scenarios: unit files, what happens to them, and what becomes of them, played on the real `systemd --user` and on the
//! job engine.
//!
//! - [`format`](mod@format) reads the files of `tests/scenarios/`; [`script`] is the language of the stand-in processes,
//!   which `src/bin/stand-in.rs` speaks for real and [`simulation`] pretends to;
//! - [`original`] plays a scenario on systemd, [`simulation`] on the engine; each gives an [`observation::Observation`];
//! - [`compare`] says where two observations differ.

pub mod bus;
pub mod compare;
pub mod format;
pub mod gnome;
pub mod observation;
pub mod order;
pub mod original;
pub mod script;
pub mod settle;
pub mod simulation;
pub mod systemd_log;
