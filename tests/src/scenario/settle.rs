//! When a play goes on: the same rule for both players.

use std::time::Duration;

/// A deadline that is due within that time of the last thing that happened is waited for.
pub const SOON: Duration = Duration::from_millis(450);

/// The original has settled when nothing has happened for that long.
pub const QUIET: Duration = Duration::from_millis(520);

/// The same on a machine that is very busy. Deadlines that nobody waits for are later than that.
pub const LOADED_QUIET: Duration = Duration::from_millis(850);
