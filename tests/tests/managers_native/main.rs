//! The session's services as services of a real user's Dinit and Shepherd.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod behaviour;
mod dinit;
mod shepherd;
mod user;

/// A service manager, and its own tool.
pub trait Native {
    /// For messages.
    fn name(&self) -> &'static str;

    /// Its service for a unit.
    fn service(&self, unit: &str) -> String;

    /// The tool with `start`, `stop` or `restart`.
    fn tool(&self, verb: &str, unit: &str) -> Vec<String>;

    /// The command whose output lists the services.
    fn list(&self) -> Vec<String>;

    /// Whether that output shows the service as up.
    fn is_up(&self, list: &str, unit: &str) -> bool;

    /// The name of its own process.
    fn process(&self) -> &'static str;
}
