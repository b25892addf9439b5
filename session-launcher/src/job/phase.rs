//! The kinds of commands that a unit has.

use serde::{Deserialize, Serialize};

use crate::unit::spec::{CommandLine, ServiceCommands, SocketSettings};

/// Which of a unit's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// `ExecCondition=`.
    Condition,
    /// `ExecStartPre=`.
    StartPre,
    /// `ExecStart=`.
    Start,
    /// `ExecStartPost=`.
    StartPost,
    /// `ExecReload=`.
    Reload,
    /// `ExecReloadPost=`.
    ReloadPost,
    /// `ExecStop=`, or a socket's `ExecStopPre=`.
    Stop,
    /// `ExecStopPost=`.
    StopPost,
}

impl Phase {
    /// The directive.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Condition => "ExecCondition",
            Self::StartPre => "ExecStartPre",
            Self::Start => "ExecStart",
            Self::StartPost => "ExecStartPost",
            Self::Reload => "ExecReload",
            Self::ReloadPost => "ExecReloadPost",
            Self::Stop => "ExecStop",
            Self::StopPost => "ExecStopPost",
        }
    }

    /// A service's commands of this kind.
    pub fn of_service(self, commands: &ServiceCommands) -> &[CommandLine] {
        match self {
            Self::Condition => &commands.condition,
            Self::StartPre => &commands.start_pre,
            Self::Start => &commands.start,
            Self::StartPost => &commands.start_post,
            Self::Reload => &commands.reload,
            Self::ReloadPost => &commands.reload_post,
            Self::Stop => &commands.stop,
            Self::StopPost => &commands.stop_post,
        }
    }

    /// A socket's commands of this kind.
    pub fn of_socket(self, socket: &SocketSettings) -> &[CommandLine] {
        match self {
            Self::StartPre => &socket.start_pre,
            Self::StartPost => &socket.start_post,
            Self::Stop => &socket.stop_pre,
            Self::StopPost => &socket.stop_post,
            Self::Condition | Self::Start | Self::Reload | Self::ReloadPost => &[],
        }
    }
}
