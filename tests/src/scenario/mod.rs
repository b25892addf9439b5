//! Scenarios: unit files, what happens to them, and what becomes of them, played on the real `systemd --user`, on our own
//! daemon and on the job engine.
//!
//! - [`format`](mod@format) reads the files of `tests/scenarios/`; [`script`] is the language of the stand-in processes,
//!   which `src/bin/stand-in.rs` speaks for real and [`simulation`] pretends to;
//! - [`play`] plays a scenario with real processes on a service manager, a [`program::Program`]: [`original`] is systemd,
//!   [`live`] our own daemon; [`simulation`] plays it on the engine alone; each gives an [`observation::Observation`];
//! - [`compare`] says where two observations differ;
//! - [`collection`] has all scenarios, and a [`company`] plays them, several at a time.

pub mod backstage;
pub mod bus;
pub mod collection;
pub mod company;
pub mod compare;
pub mod format;
pub mod gnome;
pub mod live;
pub mod observation;
pub mod order;
pub mod original;
pub mod play;
pub mod program;
pub mod random;
pub mod refusal;
pub mod script;
pub mod settle;
pub mod simulation;
pub mod systemd_log;
pub mod unit_files;
