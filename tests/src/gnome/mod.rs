//! Real GNOME: one scenario, played on the real `systemd --user` and on ours, and what both come to compared.
//!
//! - [`side`] is the difference between the two: how a user's manager comes up and what is installed,
//! - [`session`] is a log-in, from the leader's start to its end,
//! - [`ending`] lists the ways in which one ends, [`disturbance`] what may happen to it without ending it,
//! - [`look`] is what a running one looks like, [`x11`] what an X11 program makes of it,
//! - [`units`] is the table of unit states, [`environment`] that of variables, and how they are compared,
//! - [`screenshot`] takes and judges pictures, [`artefacts`] keeps them with the logs,
//! - [`expected`] says what may differ between the sides, and why,
//! - [`supervision`] is about other service managers as supervisors,
//! - [`gdm`] is the real display manager, [`greeters`] what it is for,
//! - [`bus`] asks the session bus through gdbus.

pub mod artefacts;
pub mod bus;
pub mod disturbance;
pub mod ending;
pub mod environment;
pub mod expected;
pub mod gdm;
pub mod greeters;
pub mod install;
pub mod look;
pub mod screenshot;
pub mod session;
pub mod side;
pub mod supervision;
pub mod units;
pub mod x11;
