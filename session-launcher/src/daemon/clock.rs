//! The clocks that the engine and the bus speak of.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::job::Moment;

/// The engine's clock: CLOCK_MONOTONIC.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::try_from(time).unwrap_or_default()
}

/// A point in time on both clocks, in microseconds, as the D-Bus properties give it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Since 1970.
    pub realtime: u64,
    /// On the engine's clock.
    pub monotonic: u64,
}

impl Stamp {
    /// Now.
    pub fn now() -> Self {
        Self { realtime: microseconds(since_epoch()), monotonic: microseconds(now()) }
    }

    /// The point on both clocks that the engine's clock calls `moment`; zero stays zero, which means never.
    pub fn at(moment: Moment) -> Self {
        if moment.is_zero() {
            return Self::default();
        }
        let age = now().saturating_sub(moment);
        Self { realtime: microseconds(since_epoch().saturating_sub(age)), monotonic: microseconds(moment) }
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// As a D-Bus property gives a time.
pub fn microseconds(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
