//! The states of units: the coarse one that all share, and the fine one of each type.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the words are systemd's")]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            /// systemd's word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words! {
    /// `ActiveState`: what every type of unit is in.
    ActiveState {
        Active = "active",
        Reloading = "reloading",
        Inactive = "inactive",
        Failed = "failed",
        Activating = "activating",
        Deactivating = "deactivating",
        Maintenance = "maintenance",
    }
}

impl ActiveState {
    /// Up.
    pub const fn is_active_or_reloading(self) -> bool {
        matches!(self, Self::Active | Self::Reloading)
    }

    /// Up or on the way up.
    pub const fn is_active_or_activating(self) -> bool {
        matches!(self, Self::Active | Self::Reloading | Self::Activating)
    }

    /// Down.
    pub const fn is_inactive_or_failed(self) -> bool {
        matches!(self, Self::Inactive | Self::Failed)
    }

    /// Down or on the way down.
    pub const fn is_inactive_or_deactivating(self) -> bool {
        matches!(self, Self::Inactive | Self::Failed | Self::Deactivating)
    }
}

words! {
    /// `SubState` of a service.
    ServiceState {
        Dead = "dead",
        Condition = "condition",
        StartPre = "start-pre",
        Start = "start",
        StartPost = "start-post",
        Running = "running",
        Exited = "exited",
        Reload = "reload",
        ReloadSignal = "reload-signal",
        ReloadNotify = "reload-notify",
        ReloadPost = "reload-post",
        Stop = "stop",
        StopWatchdog = "stop-watchdog",
        StopSigterm = "stop-sigterm",
        StopSigkill = "stop-sigkill",
        StopPost = "stop-post",
        FinalWatchdog = "final-watchdog",
        FinalSigterm = "final-sigterm",
        FinalSigkill = "final-sigkill",
        Failed = "failed",
        DeadBeforeAutoRestart = "dead-before-auto-restart",
        FailedBeforeAutoRestart = "failed-before-auto-restart",
        AutoRestart = "auto-restart",
        AutoRestartQueued = "auto-restart-queued",
    }
}

impl ServiceState {
    /// The coarse state; a service of `Type=idle` counts as active from the first command on.
    pub const fn active(self, idle: bool) -> ActiveState {
        match self {
            Self::Condition | Self::StartPre | Self::Start | Self::StartPost if idle => ActiveState::Active,
            Self::Dead | Self::DeadBeforeAutoRestart => ActiveState::Inactive,
            Self::Failed | Self::FailedBeforeAutoRestart => ActiveState::Failed,
            Self::Condition
            | Self::StartPre
            | Self::Start
            | Self::StartPost
            | Self::AutoRestart
            | Self::AutoRestartQueued => ActiveState::Activating,
            Self::Running | Self::Exited => ActiveState::Active,
            Self::Reload | Self::ReloadSignal | Self::ReloadNotify | Self::ReloadPost => {
                ActiveState::Reloading
            }
            Self::Stop
            | Self::StopWatchdog
            | Self::StopSigterm
            | Self::StopSigkill
            | Self::StopPost
            | Self::FinalWatchdog
            | Self::FinalSigterm
            | Self::FinalSigkill => ActiveState::Deactivating,
        }
    }

    /// Whether a main process may be there.
    pub(super) const fn has_main_process(self) -> bool {
        matches!(
            self,
            Self::Start
                | Self::StartPost
                | Self::Running
                | Self::Reload
                | Self::ReloadSignal
                | Self::ReloadNotify
                | Self::ReloadPost
                | Self::Stop
                | Self::StopWatchdog
                | Self::StopSigterm
                | Self::StopSigkill
                | Self::StopPost
                | Self::FinalWatchdog
                | Self::FinalSigterm
                | Self::FinalSigkill
        )
    }

    /// Whether a control process may be there.
    pub(super) const fn has_control_process(self) -> bool {
        matches!(
            self,
            Self::Condition
                | Self::StartPre
                | Self::Start
                | Self::StartPost
                | Self::Reload
                | Self::ReloadSignal
                | Self::ReloadNotify
                | Self::ReloadPost
                | Self::Stop
                | Self::StopWatchdog
                | Self::StopSigterm
                | Self::StopSigkill
                | Self::StopPost
                | Self::FinalWatchdog
                | Self::FinalSigterm
                | Self::FinalSigkill
        )
    }

    /// Whether whatever is left is being killed.
    pub(super) const fn is_killing(self) -> bool {
        matches!(
            self,
            Self::StopWatchdog
                | Self::StopSigterm
                | Self::StopSigkill
                | Self::FinalWatchdog
                | Self::FinalSigterm
                | Self::FinalSigkill
        )
    }

    /// Whether the watchdog is looked at.
    pub(super) const fn has_watchdog(self) -> bool {
        matches!(
            self,
            Self::StartPost
                | Self::Running
                | Self::Reload
                | Self::ReloadSignal
                | Self::ReloadNotify
                | Self::ReloadPost
        )
    }

    /// Whether the state has a deadline of its own.
    pub(super) const fn has_deadline(self) -> bool {
        !matches!(
            self,
            Self::Dead
                | Self::Exited
                | Self::Failed
                | Self::DeadBeforeAutoRestart
                | Self::FailedBeforeAutoRestart
                | Self::AutoRestartQueued
        )
    }

    /// Between two runs.
    pub(super) const fn is_auto_restart(self) -> bool {
        matches!(
            self,
            Self::DeadBeforeAutoRestart
                | Self::FailedBeforeAutoRestart
                | Self::AutoRestart
                | Self::AutoRestartQueued
        )
    }
}

words! {
    /// `Result` of a service, socket, scope, timer or path: why it went down.
    UnitResult {
        Success = "success",
        Resources = "resources",
        Protocol = "protocol",
        Timeout = "timeout",
        ExitCode = "exit-code",
        Signal = "signal",
        CoreDump = "core-dump",
        Watchdog = "watchdog",
        StartLimitHit = "start-limit-hit",
        OomKill = "oom-kill",
        ExecCondition = "exec-condition",
        TriggerLimitHit = "trigger-limit-hit",
        ServiceStartLimitHit = "service-start-limit-hit",
        UnitStartLimitHit = "unit-start-limit-hit",
    }
}

words! {
    /// `SubState` of a target or slice.
    PlainState { Dead = "dead", Active = "active" }
}

words! {
    /// `SubState` of a scope.
    ScopeState {
        Dead = "dead",
        Running = "running",
        Abandoned = "abandoned",
        StopSigterm = "stop-sigterm",
        StopSigkill = "stop-sigkill",
        Failed = "failed",
    }
}

impl ScopeState {
    /// The coarse state.
    pub const fn active(self) -> ActiveState {
        match self {
            Self::Dead => ActiveState::Inactive,
            Self::Running | Self::Abandoned => ActiveState::Active,
            Self::StopSigterm | Self::StopSigkill => ActiveState::Deactivating,
            Self::Failed => ActiveState::Failed,
        }
    }
}

words! {
    /// `SubState` of a socket.
    SocketState {
        Dead = "dead",
        StartPre = "start-pre",
        StartOpen = "start-open",
        StartPost = "start-post",
        Listening = "listening",
        Running = "running",
        StopPre = "stop-pre",
        StopPreSigterm = "stop-pre-sigterm",
        StopPreSigkill = "stop-pre-sigkill",
        StopPost = "stop-post",
        FinalSigterm = "final-sigterm",
        FinalSigkill = "final-sigkill",
        Failed = "failed",
    }
}

impl SocketState {
    /// The coarse state.
    pub const fn active(self) -> ActiveState {
        match self {
            Self::Dead => ActiveState::Inactive,
            Self::StartPre | Self::StartOpen | Self::StartPost => ActiveState::Activating,
            Self::Listening | Self::Running => ActiveState::Active,
            Self::Failed => ActiveState::Failed,
            _ => ActiveState::Deactivating,
        }
    }
}

words! {
    /// `SubState` of a timer.
    TimerState {
        Dead = "dead",
        Waiting = "waiting",
        Running = "running",
        Elapsed = "elapsed",
        Failed = "failed",
    }
}

impl TimerState {
    /// The coarse state.
    pub const fn active(self) -> ActiveState {
        match self {
            Self::Dead => ActiveState::Inactive,
            Self::Failed => ActiveState::Failed,
            _ => ActiveState::Active,
        }
    }
}

words! {
    /// `SubState` of a path unit.
    PathState { Dead = "dead", Waiting = "waiting", Running = "running", Failed = "failed" }
}

impl PathState {
    /// The coarse state.
    pub const fn active(self) -> ActiveState {
        match self {
            Self::Dead => ActiveState::Inactive,
            Self::Failed => ActiveState::Failed,
            _ => ActiveState::Active,
        }
    }
}
