//! A user whose service manager is a native one, with its own tool to look at it and to ask it.
//!
//! - [`user`]: the user, her units, her bus; [`supervised`]: the same with a service manager
//! - [`dinit`], [`openrc`], [`shepherd`]: the service managers

pub mod dinit;
pub mod openrc;
pub mod shepherd;
pub mod supervised;
pub mod user;

use std::path::PathBuf;

use crate::lab::machine::Builder;
use crate::lab::process::Daemon;
use user::User;

/// A service manager, and its own tool.
pub trait Native: std::fmt::Debug {
    /// The word for `--manager=`.
    fn name(&self) -> &'static str;

    /// Its service for a unit.
    fn service(&self, unit: &str) -> String;

    /// The tool with `start`, `stop` or `restart`.
    fn tool(&self, verb: &str, unit: &str) -> Vec<String>;

    /// The command whose output lists the services.
    fn list(&self) -> Vec<String>;

    /// Whether that output shows the service as up.
    fn is_up(&self, list: &str, unit: &str) -> bool;

    /// The name of the process that is above its services.
    fn process(&self) -> &'static str;

    /// Whether session-launcher can start one of its own.
    fn can_be_private(&self) -> bool {
        true
    }

    /// Makes its programs appear in a machine that is to be.
    fn bind(&self, builder: Builder) -> Builder;

    /// Starts it as the user's log-in would.
    fn log_in(&self, user: &User) -> Option<Daemon>;
}

/// The directories that a variable names, separated by colons.
fn directories(variable: &str) -> Vec<PathBuf> {
    let value = std::env::var_os(variable).unwrap_or_default();
    std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect()
}
