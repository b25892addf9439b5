//! How processes are run and ended (systemd.exec(5), systemd.kill(5), systemd.resource-control(5)).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One command of an `Exec...=` line (systemd.service(5), "Command lines"). Quotes and specifiers are resolved;
/// `$VARIABLE` still stands, as it is expanded when the process starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// The program: an absolute path, or a name that is looked up in the fixed search path.
    pub path: String,
    /// All arguments with `argv[0]`.
    pub argv: Vec<String>,
    /// `-`: a failure is recorded but counts as success.
    pub ignore_failure: bool,
    /// `:`: no environment expansion.
    pub literal: bool,
    /// `+` or `!`: with full privileges; means nothing to a user manager.
    pub privileged: bool,
    /// `|`: through the user's shell with `-c`; the shell alone when `path` is empty.
    pub via_shell: bool,
    /// `@` beside `|`: the shell is a login shell.
    pub login_shell: bool,
}

/// One `EnvironmentFile=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentFile {
    /// An absolute path, or a glob pattern.
    pub path: String,
    /// `-`: it may be missing.
    pub optional: bool,
}

/// `StandardInput=`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words of systemd.exec(5)")]
pub enum StandardInput {
    #[default]
    Null,
    Tty,
    TtyForce,
    TtyFail,
    Data,
    File(String),
    Socket,
    Fd(String),
}

/// `StandardOutput=` and `StandardError=`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words of systemd.exec(5)")]
pub enum StandardOutput {
    Inherit,
    Null,
    Tty,
    #[default]
    Journal,
    JournalConsole,
    Kmsg,
    KmsgConsole,
    File(String),
    Append(String),
    Truncate(String),
    Socket,
    Fd(String),
}

/// A resource limit; `None` is infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The soft limit, in the unit of getrlimit(2).
    pub soft: Option<u64>,
    /// The hard limit.
    pub hard: Option<u64>,
}

/// The environment of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExecSettings {
    /// `Environment=`, the last assignment of a name wins.
    pub environment: Vec<(String, String)>,
    /// `EnvironmentFile=`, in order.
    pub environment_files: Vec<EnvironmentFile>,
    /// `PassEnvironment=`.
    pub pass_environment: Vec<String>,
    /// `UnsetEnvironment=`: names, or NAME=VALUE pairs.
    pub unset_environment: Vec<String>,
    /// `WorkingDirectory=`; `~` is the home directory.
    pub working_directory: Option<String>,
    /// `WorkingDirectory=-...`: it may be missing.
    pub working_directory_optional: bool,
    /// `RootDirectory=`.
    pub root_directory: Option<String>,
    /// `User=`; a user manager can only keep its own.
    pub user: Option<String>,
    /// `Group=`.
    pub group: Option<String>,
    /// `SupplementaryGroups=`.
    pub supplementary_groups: Vec<String>,
    /// `ExecSearchPath=`: where names of programs are looked up.
    pub search_path: Vec<String>,
    /// `StandardInput=`.
    pub standard_input: StandardInput,
    /// `StandardInputText=` and `StandardInputData=`, decoded.
    pub standard_input_data: Vec<u8>,
    /// `StandardOutput=`; `None`: the manager's default.
    pub standard_output: Option<StandardOutput>,
    /// `StandardError=`; `None`: the manager's default.
    pub standard_error: Option<StandardOutput>,
    /// `TTYPath=`.
    pub tty_path: Option<PathBuf>,
    /// `SyslogIdentifier=`.
    pub syslog_identifier: Option<String>,
    /// `SyslogLevel=`, 0 to 7.
    pub syslog_level: Option<u8>,
    /// `LogLevelMax=`, 0 to 7.
    pub log_level_max: Option<u8>,
    /// `UMask=`.
    pub umask: Option<u32>,
    /// `Nice=`, -20 to 19.
    pub nice: Option<i32>,
    /// `OOMScoreAdjust=`, -1000 to 1000.
    pub oom_score_adjust: Option<i32>,
    /// `CPUSchedulingPolicy=`.
    pub cpu_scheduling_policy: Option<String>,
    /// `CPUSchedulingPriority=`, 0 to 99.
    pub cpu_scheduling_priority: Option<i32>,
    /// `CPUSchedulingResetOnFork=`.
    pub cpu_scheduling_reset_on_fork: bool,
    /// `CPUAffinity=`, the CPUs' numbers.
    pub cpu_affinity: Vec<u32>,
    /// `IOSchedulingClass=`.
    pub io_scheduling_class: Option<String>,
    /// `IOSchedulingPriority=`, 0 to 7.
    pub io_scheduling_priority: Option<u8>,
    /// `TimerSlackNSec=`, in nanoseconds.
    pub timer_slack_ns: Option<u64>,
    /// `Limit...=`, by the name after `Limit`, such as `NOFILE`.
    pub limits: BTreeMap<String, Limit>,
    /// `NoNewPrivileges=`.
    pub no_new_privileges: bool,
    /// `IgnoreSIGPIPE=no`: SIGPIPE keeps its default action instead of being ignored.
    pub default_sigpipe: bool,
    /// `NonBlocking=`: sockets are passed with O_NONBLOCK.
    pub non_blocking: bool,
    /// `PAMName=`.
    pub pam_name: Option<String>,
    /// `RuntimeDirectory=`, below $XDG_RUNTIME_DIR.
    pub runtime_directory: Vec<String>,
    /// `RuntimeDirectoryPreserve=`: `no`, `yes` or `restart`.
    pub runtime_directory_preserve: Option<String>,
    /// `StateDirectory=`, below $XDG_STATE_HOME.
    pub state_directory: Vec<String>,
    /// `CacheDirectory=`, below $XDG_CACHE_HOME.
    pub cache_directory: Vec<String>,
    /// `LogsDirectory=`, below $XDG_STATE_HOME/log.
    pub logs_directory: Vec<String>,
    /// `ConfigurationDirectory=`, below $XDG_CONFIG_HOME.
    pub configuration_directory: Vec<String>,
    /// `RuntimeDirectoryMode=` and its fellows, by the directive's name.
    pub directory_modes: BTreeMap<String, u32>,
    /// Directives that only wall a process in, by name: the last value, as written.
    pub sandbox: BTreeMap<String, Vec<String>>,
}

/// `KillMode=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KillMode {
    /// Every process of the unit.
    #[default]
    ControlGroup,
    /// SIGTERM to the main process, SIGKILL to all.
    Mixed,
    /// Only the main process.
    Process,
    /// Nobody.
    None,
}

/// systemd.kill(5). Signals are Linux's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSettings {
    /// `KillMode=`.
    pub mode: KillMode,
    /// `KillSignal=`; 15.
    pub signal: i32,
    /// `RestartKillSignal=`; `None`: as `signal`.
    pub restart_signal: Option<i32>,
    /// `FinalKillSignal=`; 9.
    pub final_signal: i32,
    /// `WatchdogSignal=`; 6.
    pub watchdog_signal: i32,
    /// `SendSIGHUP=`: SIGHUP right after the first signal.
    pub send_sighup: bool,
    /// `SendSIGKILL=`: the final signal after the time-out.
    pub send_sigkill: bool,
}

impl Default for KillSettings {
    fn default() -> Self {
        Self {
            mode: KillMode::ControlGroup,
            signal: 15,
            restart_signal: None,
            final_signal: 9,
            watchdog_signal: 6,
            send_sighup: false,
            send_sigkill: true,
        }
    }
}

/// The slice and the limits of a unit's control group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceControl {
    /// `Slice=`, or the default of the type. `None` for the root slice.
    pub slice: Option<crate::unit::name::UnitName>,
    /// `Delegate=`: `None` when off, else the controllers (empty: all).
    pub delegate: Option<Vec<String>>,
    /// All others by directive, as written: `MemoryHigh`, `CPUWeight`...
    pub limits: BTreeMap<String, Vec<String>>,
}
