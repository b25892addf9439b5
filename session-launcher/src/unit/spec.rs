//! What a loaded unit says, as plain data. The job engine reads nothing else.
//!
//! Every value is final: specifiers are expanded, lists are merged over drop-ins, defaults and implicit dependencies of
//! the unit's type are filled in. A time is a [`Duration`]; where systemd says `infinity` it is `None`.

mod condition;
mod dependency;
mod exec;
mod service;
mod trigger;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::name::{UnitKind, UnitName};
pub use condition::{Condition, ConditionKind, ConditionSet};
pub use dependency::{Dependencies, Dependency, DependencyKind, DependencyOrigin};
pub use exec::{
    CommandLine, EnvironmentFile, ExecSettings, KillMode, KillSettings, Limit, ResourceControl,
    StandardInput, StandardOutput,
};
pub use service::{
    ExitStatusSet, ExitType, NotifyAccess, OomPolicy, RestartMode, RestartPolicy, ServiceCommands,
    ServiceSettings, ServiceType, TimeoutFailureMode,
};
pub use trigger::{
    CalendarExpression, Listen, ListenKind, PathSettings, PathWatch, PathWatchKind, SocketSettings,
    TimerBase, TimerSettings, TimerTrigger, TriggerLimit,
};

/// One unit as it is in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// The primary name (systemd's `Id`).
    pub name: UnitName,
    /// Other names that reach the same unit.
    pub aliases: Vec<UnitName>,
    /// `Description=`; the name when there is none.
    pub description: String,
    /// `Documentation=`.
    pub documentation: Vec<String>,
    /// Whether there is a unit to run at all.
    pub load_state: LoadState,
    /// What made the load state other than loaded, with file and line where there is one.
    pub load_error: Option<String>,
    /// The main file. `None` for slices and scopes that have none.
    pub fragment_path: Option<PathBuf>,
    /// The drop-in files, in the order in which they were read.
    pub drop_in_paths: Vec<PathBuf>,
    /// What wrote the main file (`SourcePath=`), such as a .desktop file.
    pub source_path: Option<PathBuf>,
    /// What this unit asks of others, with default and implicit dependencies.
    pub dependencies: Dependencies,
    /// `Condition...=`: when they fail the start is skipped.
    pub conditions: ConditionSet,
    /// `Assert...=`: when they fail the start fails.
    pub asserts: ConditionSet,
    /// The switches of `[Unit]`.
    pub flags: UnitFlags,
    /// The settings of the unit's own type.
    pub settings: Settings,
}

impl Unit {
    /// An empty unit of that name and load state: nothing but defaults.
    pub fn new(name: UnitName, load_state: LoadState) -> Self {
        let settings = Settings::default_for(name.kind());
        Self {
            description: name.to_string(),
            name,
            aliases: Vec::new(),
            documentation: Vec::new(),
            load_state,
            load_error: None,
            fragment_path: None,
            drop_in_paths: Vec::new(),
            source_path: None,
            dependencies: Dependencies::default(),
            conditions: ConditionSet::default(),
            asserts: ConditionSet::default(),
            flags: UnitFlags::default(),
            settings,
        }
    }

    /// The type of the unit.
    pub fn kind(&self) -> UnitKind {
        self.name.kind()
    }

    /// The service settings, when it is a service.
    pub fn service(&self) -> Option<&ServiceSettings> {
        match &self.settings {
            Settings::Service(service) => Some(service),
            _ => None,
        }
    }
}

/// systemd's `LoadState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadState {
    /// Read and usable.
    Loaded,
    /// No file of that name.
    NotFound,
    /// A line that the unit cannot do without is wrong.
    BadSetting,
    /// The file could not be read.
    Error,
    /// Linked to /dev/null, or an empty file.
    Masked,
}

impl LoadState {
    /// The word that systemctl prints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::NotFound => "not-found",
            Self::BadSetting => "bad-setting",
            Self::Error => "error",
            Self::Masked => "masked",
        }
    }
}

/// The switches of `[Unit]`, and its start limit and job time-outs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitFlags {
    /// Stop once nothing that is active needs it.
    pub stop_when_unneeded: bool,
    /// Only as a dependency may it start.
    pub refuse_manual_start: bool,
    /// Only as a dependency may it stop.
    pub refuse_manual_stop: bool,
    /// May be given to `isolate`.
    pub allow_isolate: bool,
    /// Whether the type's default dependencies were added.
    pub default_dependencies: bool,
    /// `isolate` of another unit leaves it alone.
    pub ignore_on_isolate: bool,
    /// `SurviveFinalKillSignal=`.
    pub survive_final_kill_signal: bool,
    /// When the unit is forgotten.
    pub collect_mode: CollectMode,
    /// The job mode in which `OnFailure=` units start.
    pub on_failure_job_mode: JobMode,
    /// The job mode in which `OnSuccess=` units start.
    pub on_success_job_mode: JobMode,
    /// `JobTimeoutSec=`: from the queueing of a job. `None`: never.
    pub job_timeout: Option<Duration>,
    /// `JobRunningTimeoutSec=`: from the start of a job. `None`: never.
    pub job_running_timeout: Option<Duration>,
    /// What happens when a job times out.
    pub job_timeout_action: EmergencyAction,
    /// `FailureAction=`.
    pub failure_action: EmergencyAction,
    /// `SuccessAction=`.
    pub success_action: EmergencyAction,
    /// `FailureActionExitStatus=`, 0 to 255.
    pub failure_action_exit_status: Option<u8>,
    /// `SuccessActionExitStatus=`, 0 to 255.
    pub success_action_exit_status: Option<u8>,
    /// How often it may start.
    pub start_limit: StartLimit,
}

impl Default for UnitFlags {
    fn default() -> Self {
        Self {
            stop_when_unneeded: false,
            refuse_manual_start: false,
            refuse_manual_stop: false,
            allow_isolate: false,
            default_dependencies: true,
            ignore_on_isolate: false,
            survive_final_kill_signal: false,
            collect_mode: CollectMode::Inactive,
            on_failure_job_mode: JobMode::Replace,
            on_success_job_mode: JobMode::Fail,
            job_timeout: None,
            job_running_timeout: None,
            job_timeout_action: EmergencyAction::None,
            failure_action: EmergencyAction::None,
            success_action: EmergencyAction::None,
            failure_action_exit_status: None,
            success_action_exit_status: None,
            start_limit: StartLimit::default(),
        }
    }
}

/// `StartLimitIntervalSec=`, `StartLimitBurst=`, `StartLimitAction=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartLimit {
    /// The window; zero switches the limit off, `None` never forgets a start.
    pub interval: Option<Duration>,
    /// Starts allowed in a window; zero switches the limit off.
    pub burst: u32,
    /// What happens when it is hit.
    pub action: EmergencyAction,
}

impl Default for StartLimit {
    fn default() -> Self {
        Self { interval: Some(Duration::from_secs(10)), burst: 5, action: EmergencyAction::None }
    }
}

/// When systemd forgets a unit that nothing refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CollectMode {
    /// Once it is inactive; a failed one stays.
    #[default]
    Inactive,
    /// Once it is inactive or failed.
    InactiveOrFailed,
}

/// How a new transaction meets jobs that are queued (systemctl(1), `--job-mode=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobMode {
    /// Refuse when a job in the way is queued.
    Fail,
    /// Replace the job in the way.
    Replace,
    /// As `fail`, and like `replace-irreversibly` otherwise: systemd's `lenient`.
    Lenient,
    /// As replace, and the new jobs cannot be replaced.
    ReplaceIrreversibly,
    /// Stop all that the new transaction does not need.
    Isolate,
    /// Drop all queued jobs.
    Flush,
    /// Without dependencies.
    IgnoreDependencies,
    /// Without what others require.
    IgnoreRequirements,
    /// Start what this one triggers too.
    Triggering,
    /// Restart only what needs it.
    RestartDependencies,
}

/// What a failure, success, time-out or start limit does to the manager. Only the exit ones mean anything to a user manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmergencyAction {
    /// Nothing.
    #[default]
    None,
    /// Start exit.target.
    Exit,
    /// Leave at once.
    ExitForce,
    /// Reboot; refused for users.
    Reboot,
    /// Reboot; refused for users.
    RebootForce,
    /// Reboot; refused for users.
    RebootImmediate,
    /// Power off; refused for users.
    Poweroff,
    /// Power off; refused for users.
    PoweroffForce,
    /// Power off; refused for users.
    PoweroffImmediate,
    /// Soft reboot; refused for users.
    SoftReboot,
    /// Soft reboot; refused for users.
    SoftRebootForce,
    /// Kexec; refused for users.
    Kexec,
    /// Kexec; refused for users.
    KexecForce,
    /// Halt; refused for users.
    Halt,
    /// Halt; refused for users.
    HaltForce,
    /// Halt; refused for users.
    HaltImmediate,
}

/// The settings of a unit's own type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settings {
    /// `[Service]`.
    Service(Box<ServiceSettings>),
    /// A target has none.
    Target,
    /// `[Socket]`.
    Socket(Box<SocketSettings>),
    /// `[Timer]`.
    Timer(TimerSettings),
    /// `[Path]`.
    Path(PathSettings),
    /// `[Slice]`.
    Slice(ResourceControl),
    /// `[Scope]`.
    Scope(ScopeSettings),
    /// A type that belongs to the system manager; never loaded.
    Foreign,
}

impl Settings {
    /// The defaults of a type.
    pub fn default_for(kind: UnitKind) -> Self {
        match kind {
            UnitKind::Service => Self::Service(Box::default()),
            UnitKind::Target => Self::Target,
            UnitKind::Socket => Self::Socket(Box::default()),
            UnitKind::Timer => Self::Timer(TimerSettings::default()),
            UnitKind::Path => Self::Path(PathSettings::default()),
            UnitKind::Slice => Self::Slice(ResourceControl::default()),
            UnitKind::Scope => Self::Scope(ScopeSettings::default()),
            UnitKind::Mount | UnitKind::Automount | UnitKind::Swap | UnitKind::Device => Self::Foreign,
        }
    }
}

/// `[Scope]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScopeSettings {
    /// Stop it when it has run that long. `None`: never.
    pub runtime_max: Option<Duration>,
    /// At most this is added to `runtime_max`, at random.
    pub runtime_randomized_extra: Duration,
    /// How long stopping may take before SIGKILL. `None`: for ever.
    pub timeout_stop: Option<Duration>,
    /// What the kernel's out-of-memory killer means to it.
    pub oom_policy: OomPolicy,
    /// How its processes are stopped.
    pub kill: KillSettings,
    /// Its slice and limits.
    pub resources: ResourceControl,
}

impl Default for ScopeSettings {
    fn default() -> Self {
        Self {
            runtime_max: None,
            runtime_randomized_extra: Duration::ZERO,
            timeout_stop: Some(Duration::from_secs(90)),
            oom_policy: OomPolicy::Stop,
            kill: KillSettings::default(),
            resources: ResourceControl::default(),
        }
    }
}
