//! What each manager does without the help of `run-service`.

use super::Manager;
use crate::unit::spec::RestartPolicy;

/// What a manager does without help.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    /// Environment=.
    pub environment: bool,
    /// UMask=.
    pub umask: bool,
    /// Nice= and OOMScoreAdjust=.
    pub priorities: bool,
    /// Limits, by the name after Limit.
    pub limits: &'static [&'static str],
    /// Policies of Restart=.
    pub restart: &'static [RestartPolicy],
    /// Waits for readiness at all times; else only a limit of its own would.
    pub start_timeout: bool,
    /// Sockets are handed over by the manager.
    pub sockets: bool,
    /// Group= beside User=.
    pub group: bool,
    /// SupplementaryGroups=.
    pub supplementary_groups: bool,
    /// AmbientCapabilities=.
    pub capabilities: bool,
    /// `run-service` starts a service again itself.
    pub restart_here: bool,
}

impl Abilities {
    /// Those of a manager.
    pub const fn of(manager: Manager) -> Self {
        use RestartPolicy::{Always, No, OnFailure};
        match manager {
            Manager::Dinit => Self {
                environment: false,
                umask: false,
                priorities: true,
                limits: &["NOFILE", "CORE", "DATA", "AS"],
                // OnFailure too, but smooth-recovery then starts again whatever ends.
                restart: &[No, Always],
                start_timeout: true,
                sockets: false,
                group: false,
                supplementary_groups: false,
                // Not every Dinit is built with them.
                capabilities: false,
                restart_here: false,
            },
            Manager::Openrc => Self {
                environment: true,
                // PAM sessions of command_user set another one.
                umask: false,
                priorities: true,
                limits: &[],
                restart: &[No, Always],
                start_timeout: false,
                sockets: false,
                group: true,
                supplementary_groups: false,
                capabilities: true,
                // supervise-daemon cannot start one again that was given a descriptor to tell its readiness on.
                restart_here: true,
            },
            Manager::Shepherd => Self {
                environment: true,
                umask: true,
                priorities: false,
                limits: &[
                    "AS",
                    "CORE",
                    "CPU",
                    "DATA",
                    "FSIZE",
                    "MEMLOCK",
                    "MSGQUEUE",
                    "NICE",
                    "NOFILE",
                    "NPROC",
                    "RSS",
                    "RTPRIO",
                    "SIGPENDING",
                    "STACK",
                ],
                restart: &[No, Always, OnFailure],
                start_timeout: false,
                sockets: true,
                group: true,
                supplementary_groups: true,
                capabilities: false,
                restart_here: false,
            },
        }
    }
}
