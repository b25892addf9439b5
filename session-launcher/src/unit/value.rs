//! Single values of unit files: booleans, time spans, sizes, modes, signals, exit codes.

pub mod boolean;
pub mod calendar;
pub mod exit_status;
pub mod number;
pub mod signal;
pub mod timespan;
