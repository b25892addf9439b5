//! How a manager is spoken to.

use super::system::System;

/// A manager of a system, which runs.
pub trait Manager {
    /// Its system.
    fn system(&self) -> &System;
    /// Its own tool's start; whether that says that it worked.
    fn start(&self, service: &str) -> bool;
    /// The same for a service that crashed.
    fn start_after_crash(&self, service: &str) -> bool {
        self.start(service)
    }
    /// Its own tool's stop.
    fn stop(&self, service: &str) -> bool;
    /// Whether its own tool calls the service started.
    fn is_started(&self, service: &str) -> bool;
    /// What the service wrote, where users of this manager look for it.
    fn log_of(&self, service: &str) -> String;
}
