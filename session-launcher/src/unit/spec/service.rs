//! `[Service]` (systemd.service(5)).

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exec::{CommandLine, ExecSettings, KillSettings, ResourceControl};
use crate::unit::name::UnitName;

/// `Type=`: when a service counts as started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceType {
    /// At once.
    #[default]
    Simple,
    /// When execve(2) has succeeded.
    Exec,
    /// When the first process has gone and left a child.
    Forking,
    /// When the process has ended.
    Oneshot,
    /// When `BusName=` is owned.
    Dbus,
    /// When it sends READY=1.
    Notify,
    /// As notify, and it reloads on a signal.
    NotifyReload,
    /// As simple, a little later, when no job runs.
    Idle,
}

/// `ExitType=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitType {
    /// Over when the main process ends.
    #[default]
    Main,
    /// Over when the last process of the control group ends.
    Cgroup,
}

/// `Restart=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words of systemd.service(5)")]
pub enum RestartPolicy {
    #[default]
    No,
    OnSuccess,
    OnFailure,
    OnAbnormal,
    OnWatchdog,
    OnAbort,
    Always,
}

/// `RestartMode=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartMode {
    /// Through failed or inactive, so that dependents notice.
    #[default]
    Normal,
    /// Straight to activating.
    Direct,
    /// As normal, and the log says so: systemd's `debug`.
    Debug,
}

/// `NotifyAccess=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyAccess {
    /// Nobody.
    #[default]
    None,
    /// The main process.
    Main,
    /// Any process that the manager itself started.
    Exec,
    /// Any process of the unit.
    All,
}

/// `TimeoutStartFailureMode=` and `TimeoutStopFailureMode=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeoutFailureMode {
    /// `KillSignal=`, then the final signal.
    #[default]
    Terminate,
    /// `WatchdogSignal=`, then the final signal.
    Abort,
    /// The final signal at once.
    Kill,
}

/// `OOMPolicy=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OomPolicy {
    /// Only a log line.
    Continue,
    /// The unit is stopped.
    #[default]
    Stop,
    /// The kernel ends all of its processes.
    Kill,
}

/// Exit codes and signals, as `SuccessExitStatus=` and its fellows list them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitStatusSet {
    /// Exit codes.
    pub codes: Vec<u8>,
    /// Signal numbers.
    pub signals: Vec<i32>,
}

/// The `Exec...=` lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is the directive Exec<Name>= of systemd.service(5)")]
pub struct ServiceCommands {
    pub condition: Vec<CommandLine>,
    pub start_pre: Vec<CommandLine>,
    pub start: Vec<CommandLine>,
    pub start_post: Vec<CommandLine>,
    pub reload: Vec<CommandLine>,
    pub reload_post: Vec<CommandLine>,
    pub stop: Vec<CommandLine>,
    pub stop_post: Vec<CommandLine>,
}

/// Everything in `[Service]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceSettings {
    /// `Type=`, or what systemd takes when it is not given: dbus with a `BusName=`, oneshot without `ExecStart=`.
    pub service_type: ServiceType,
    /// `ExitType=`.
    pub exit_type: ExitType,
    /// `BusName=`.
    pub bus_name: Option<String>,
    /// The commands.
    pub commands: ServiceCommands,
    /// `Restart=`.
    pub restart: RestartPolicy,
    /// `RestartMode=`.
    pub restart_mode: RestartMode,
    /// `RestartSec=`. `None`: never.
    pub restart_delay: Option<Duration>,
    /// `RestartSteps=`: in how many restarts the delay grows to `restart_max_delay`.
    pub restart_steps: u32,
    /// `RestartMaxDelaySec=`. `None`: no growth.
    pub restart_max_delay: Option<Duration>,
    /// `RestartRandomizedDelaySec=`, added at random.
    pub restart_randomized_delay: Duration,
    /// `TimeoutStartSec=`. `None`: for ever, which is the default of oneshot.
    pub timeout_start: Option<Duration>,
    /// `TimeoutStopSec=`. `None`: for ever.
    pub timeout_stop: Option<Duration>,
    /// `TimeoutAbortSec=`, after a watchdog's signal; as `timeout_stop` where it is not given. `None`: for ever.
    pub timeout_abort: Option<Duration>,
    /// `TimeoutStartFailureMode=`.
    pub timeout_start_failure_mode: TimeoutFailureMode,
    /// `TimeoutStopFailureMode=`.
    pub timeout_stop_failure_mode: TimeoutFailureMode,
    /// `RuntimeMaxSec=`. `None`: for ever.
    pub runtime_max: Option<Duration>,
    /// `RuntimeRandomizedExtraSec=`.
    pub runtime_randomized_extra: Duration,
    /// `WatchdogSec=`. `None`: no watchdog.
    pub watchdog: Option<Duration>,
    /// `RemainAfterExit=`.
    pub remain_after_exit: bool,
    /// `GuessMainPID=`.
    pub guess_main_pid: bool,
    /// `PIDFile=`, absolute.
    pub pid_file: Option<PathBuf>,
    /// `SuccessExitStatus=`, beside 0 and SIGHUP, SIGINT, SIGTERM, SIGPIPE.
    pub success_exit_status: ExitStatusSet,
    /// `RestartPreventExitStatus=`.
    pub restart_prevent_exit_status: ExitStatusSet,
    /// `RestartForceExitStatus=`.
    pub restart_force_exit_status: ExitStatusSet,
    /// `NotifyAccess=`, with the default of the type.
    pub notify_access: NotifyAccess,
    /// `ReloadSignal=`; SIGHUP, 1.
    pub reload_signal: i32,
    /// `Sockets=`, and those that name this service.
    pub sockets: Vec<UnitName>,
    /// `FileDescriptorStoreMax=`.
    pub file_descriptor_store_max: u32,
    /// `FileDescriptorStorePreserve=`: `no`, `yes` or `restart`.
    pub file_descriptor_store_preserve: Option<String>,
    /// `OpenFile=`, as written.
    pub open_files: Vec<String>,
    /// `OOMPolicy=`.
    pub oom_policy: OomPolicy,
    /// How its processes run.
    pub exec: ExecSettings,
    /// How its processes end.
    pub kill: KillSettings,
    /// Its slice and limits.
    pub resources: ResourceControl,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            service_type: ServiceType::Simple,
            exit_type: ExitType::Main,
            bus_name: None,
            commands: ServiceCommands::default(),
            restart: RestartPolicy::No,
            restart_mode: RestartMode::Normal,
            restart_delay: Some(Duration::from_millis(100)),
            restart_steps: 0,
            restart_max_delay: None,
            restart_randomized_delay: Duration::ZERO,
            timeout_start: Some(Duration::from_secs(90)),
            timeout_stop: Some(Duration::from_secs(90)),
            timeout_abort: Some(Duration::from_secs(90)),
            timeout_start_failure_mode: TimeoutFailureMode::Terminate,
            timeout_stop_failure_mode: TimeoutFailureMode::Terminate,
            runtime_max: None,
            runtime_randomized_extra: Duration::ZERO,
            watchdog: None,
            remain_after_exit: false,
            guess_main_pid: true,
            pid_file: None,
            success_exit_status: ExitStatusSet::default(),
            restart_prevent_exit_status: ExitStatusSet::default(),
            restart_force_exit_status: ExitStatusSet::default(),
            notify_access: NotifyAccess::None,
            reload_signal: 1,
            sockets: Vec::new(),
            file_descriptor_store_max: 0,
            file_descriptor_store_preserve: None,
            open_files: Vec::new(),
            oom_policy: OomPolicy::Stop,
            exec: ExecSettings::default(),
            kill: KillSettings::default(),
            resources: ResourceControl::default(),
        }
    }
}
