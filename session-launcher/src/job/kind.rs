//! Jobs: what may be asked of a unit, and how two requests for one unit combine.

use serde::{Deserialize, Serialize};

use super::state::ActiveState;

/// What a job does to its unit. The last three become one of the others before they are queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Start it.
    Start,
    /// Fail unless it is active.
    VerifyActive,
    /// Stop it.
    Stop,
    /// Reload it.
    Reload,
    /// Stop it if it is up, then start it.
    Restart,
    /// Nothing; what a request that has become pointless turns into.
    Nop,
    /// Restart it if it is up.
    TryRestart,
    /// Reload it if it is up.
    TryReload,
    /// Reload it if it is up, else start it.
    ReloadOrStart,
}

impl JobKind {
    /// The word that systemd logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::VerifyActive => "verify-active",
            Self::Stop => "stop",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Nop => "nop",
            Self::TryRestart => "try-restart",
            Self::TryReload => "try-reload",
            Self::ReloadOrStart => "reload-or-start",
        }
    }

    /// The job that does what both ask, if there is one. The result may still have to be collapsed.
    pub(super) const fn merged(self, other: JobKind) -> Option<JobKind> {
        use JobKind::{Reload, ReloadOrStart, Restart, Start, Stop, VerifyActive};
        Some(match (self, other) {
            (Start, Start | VerifyActive) | (VerifyActive, Start) => Start,
            (VerifyActive, VerifyActive) => VerifyActive,
            (Stop, Stop) => Stop,
            (Reload, Reload | VerifyActive) | (VerifyActive, Reload) => Reload,
            (Start, Reload) | (Reload, Start) => ReloadOrStart,
            (Restart, Restart | Start | VerifyActive | Reload) | (Start | VerifyActive | Reload, Restart) => {
                Restart
            }
            _ => return None,
        })
    }

    /// Whether both cannot be queued for one unit.
    pub(super) fn conflicts_with(self, other: JobKind) -> bool {
        self != Self::Nop && other != Self::Nop && self.merged(other).is_none()
    }

    /// The plain kind that this one comes to while its unit is in that state.
    pub(super) const fn collapsed(self, state: ActiveState) -> JobKind {
        match self {
            Self::TryRestart if state.is_inactive_or_deactivating() => Self::Nop,
            Self::TryRestart => Self::Restart,
            Self::TryReload if state.is_active_or_reloading() => Self::Reload,
            Self::TryReload => Self::Nop,
            Self::ReloadOrStart if state.is_active_or_reloading() => Self::Reload,
            Self::ReloadOrStart => Self::Start,
            plain => plain,
        }
    }

    /// Merges and collapses.
    pub(super) fn merged_collapsed(self, other: JobKind, state: ActiveState) -> Option<JobKind> {
        self.merged(other).map(|kind| kind.collapsed(state))
    }

    /// Whether the unit is already where the job would bring it.
    pub(super) const fn is_redundant(self, state: ActiveState) -> bool {
        match self {
            Self::Start | Self::VerifyActive => state.is_active_or_reloading(),
            Self::Stop => state.is_inactive_or_failed(),
            Self::Reload => matches!(state, ActiveState::Reloading),
            Self::Restart => false,
            Self::Nop | Self::TryRestart | Self::TryReload | Self::ReloadOrStart => false,
        }
    }

    /// Whether a running job of this kind already does what `other` asks.
    pub(super) fn covers(self, other: JobKind) -> bool {
        self.merged(other) == Some(self)
    }
}

/// Whether a job has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// It waits for its turn.
    Waiting,
    /// Its unit is on the way.
    Running,
}

impl JobState {
    /// systemd's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
        }
    }
}

/// How a job ended; the words of the D-Bus signal `JobRemoved`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// As asked; a start whose condition failed counts too.
    Done,
    /// Another job took its place.
    Canceled,
    /// `JobTimeoutSec=` or `JobRunningTimeoutSec=` is over.
    Timeout,
    /// The unit failed.
    Failed,
    /// A job that it depends on failed.
    Dependency,
    /// It does not apply in the unit's state.
    Skipped,
    /// The unit cannot be reloaded now.
    Invalid,
    /// An `Assert...=` does not hold.
    Assert,
    /// The unit's type is not supported here.
    Unsupported,
    /// The unit was forgotten.
    Collected,
    /// A scope starts only once.
    Once,
}

impl JobResult {
    /// systemd's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Dependency => "dependency",
            Self::Skipped => "skipped",
            Self::Invalid => "invalid",
            Self::Assert => "assert",
            Self::Unsupported => "unsupported",
            Self::Collected => "collected",
            Self::Once => "once",
        }
    }
}

/// The number of a job, as `Job.Id` on the bus; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_symmetric() {
        use JobKind::{Reload, Restart, Start, Stop, VerifyActive};
        for a in [Start, VerifyActive, Stop, Reload, Restart] {
            for b in [Start, VerifyActive, Stop, Reload, Restart] {
                assert_eq!(a.merged(b), b.merged(a), "{a:?} {b:?}");
                assert_eq!(a.merged(b).is_none(), (a == Stop) != (b == Stop));
            }
        }
    }

    #[test]
    fn a_request_for_a_stopped_unit_collapses() {
        assert_eq!(JobKind::TryRestart.collapsed(ActiveState::Inactive), JobKind::Nop);
        assert_eq!(JobKind::ReloadOrStart.collapsed(ActiveState::Failed), JobKind::Start);
        assert_eq!(JobKind::ReloadOrStart.collapsed(ActiveState::Active), JobKind::Reload);
    }
}
