//! `org.freedesktop.systemd1` on the session bus: the face by which unmodified clients of systemd reach this manager.
//!
//! Messages are dispatched by hand and not by an object server, so that replies and signals go out in exactly the order
//! that systemd's clients rely on: a job is announced, then its request is answered, then the rest follows.
//!
//! - [`face`]: takes messages and reports, sends answers and signals; [`client`]: who calls
//! - [`dispatch`]: from a message to its handler; [`table`]: what an interface is; [`introspect`]: its description
//! - `manager/`, `unit/`, `job`: the objects; [`properties`]: `org.freedesktop.DBus.Properties` for all of them
//! - [`transient`]: units that a client describes; [`activation`]: services that the bus wants started
//! - [`signal`]: what is told unasked; [`saved`]: what outlives a killed engine; [`error`], [`path`]: names of errors and objects

// Whoever reads standard error may have gone, and println! would panic.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod activation;
mod call;
mod client;
mod dispatch;
mod error;
mod face;
mod introspect;
mod job;
mod manager;
mod path;
mod properties;
mod saved;
mod signal;
mod table;
mod transient;
mod unit;

pub use face::Face;
pub use saved::SavedFace;

/// The name on the bus.
pub const NAME: &str = "org.freedesktop.systemd1";
