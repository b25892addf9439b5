//! A queued job.

use super::event::Moment;
use super::kind::{JobKind, JobState};
use super::units::UnitId;

/// One job that is queued or running. A unit has one at most, and a no-op beside it.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub unit: UnitId,
    pub kind: JobKind,
    pub state: JobState,
    /// No other job may replace it.
    pub irreversible: bool,
    /// It waits for nobody.
    pub ignore_order: bool,
    /// When it was queued.
    pub queued: Moment,
}
