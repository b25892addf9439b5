//! Units that start others: `[Socket]`, `[Timer]`, `[Path]` (systemd.socket(5), systemd.timer(5), systemd.path(5)).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::exec::{CommandLine, ExecSettings, KillSettings, ResourceControl};
use crate::unit::name::UnitName;
use crate::unit::value::calendar::{Calendar, CalendarError};

/// `TriggerLimitIntervalSec=` and `TriggerLimitBurst=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerLimit {
    /// The window; zero switches the limit off, `None` never forgets.
    pub interval: Option<Duration>,
    /// How many activations a window may have.
    pub burst: u32,
}

/// The kind of a `Listen...=` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the directive Listen<Kind>= of systemd.socket(5)")]
pub enum ListenKind {
    Stream,
    Datagram,
    SequentialPacket,
    Fifo,
    Special,
    Netlink,
    MessageQueue,
    UsbFunction,
}

impl ListenKind {
    /// Whether connections are accepted on it.
    pub const fn accepts(self) -> bool {
        matches!(self, Self::Stream | Self::SequentialPacket)
    }
}

/// One `Listen...=` line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    /// The kind.
    pub kind: ListenKind,
    /// A path, `@abstract`, `[host]:port`..., specifiers expanded.
    pub address: String,
}

/// Everything in `[Socket]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SocketSettings {
    /// Where it listens, in order: the order of the descriptors.
    pub listen: Vec<Listen>,
    /// `Accept=`: an instance of the service for each connection.
    pub accept: bool,
    /// `Service=`, or the service of the same name. `None` with `Accept=yes`.
    pub service: Option<UnitName>,
    /// `SocketMode=`.
    pub socket_mode: u32,
    /// `DirectoryMode=`.
    pub directory_mode: u32,
    /// `Backlog=`.
    pub backlog: u32,
    /// `RemoveOnStop=`.
    pub remove_on_stop: bool,
    /// `Writable=`.
    pub writable: bool,
    /// `FlushPending=`.
    pub flush_pending: bool,
    /// `Symlinks=`.
    pub symlinks: Vec<String>,
    /// `FileDescriptorName=`, or the unit's name.
    pub file_descriptor_name: Option<String>,
    /// `MaxConnections=`.
    pub max_connections: u32,
    /// `MaxConnectionsPerSource=`; zero: no limit.
    pub max_connections_per_source: u32,
    /// `TriggerLimit...=`; `None`: the default, which depends on `Accept=`.
    pub trigger_limit: Option<TriggerLimit>,
    /// `PollLimit...=`; `None`: the default.
    pub poll_limit: Option<TriggerLimit>,
    /// `TimeoutSec=`. `None`: for ever.
    pub timeout: Option<Duration>,
    /// `DeferTrigger=`: `no`, `yes` or `patient`.
    pub defer_trigger: Option<String>,
    /// Socket options by directive, as written: `PassCredentials`, `ReceiveBuffer`...
    pub options: std::collections::BTreeMap<String, String>,
    /// `ExecStartPre=`.
    pub start_pre: Vec<CommandLine>,
    /// `ExecStartPost=`.
    pub start_post: Vec<CommandLine>,
    /// `ExecStopPre=`.
    pub stop_pre: Vec<CommandLine>,
    /// `ExecStopPost=`.
    pub stop_post: Vec<CommandLine>,
    /// How its commands run.
    pub exec: ExecSettings,
    /// How its commands end.
    pub kill: KillSettings,
    /// Its slice and limits.
    pub resources: ResourceControl,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            accept: false,
            service: None,
            socket_mode: 0o666,
            directory_mode: 0o755,
            backlog: u32::MAX,
            remove_on_stop: false,
            writable: false,
            flush_pending: false,
            symlinks: Vec::new(),
            file_descriptor_name: None,
            max_connections: 64,
            max_connections_per_source: 0,
            trigger_limit: None,
            poll_limit: None,
            timeout: Some(Duration::from_secs(90)),
            defer_trigger: None,
            options: std::collections::BTreeMap::new(),
            start_pre: Vec::new(),
            start_post: Vec::new(),
            stop_pre: Vec::new(),
            stop_post: Vec::new(),
            exec: ExecSettings::default(),
            kill: KillSettings::default(),
            resources: ResourceControl::default(),
        }
    }
}

/// From when a monotonic timer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerBase {
    /// `OnActiveSec=`: the timer's own start.
    Active,
    /// `OnBootSec=`: the machine's boot.
    Boot,
    /// `OnStartupSec=`: the manager's start.
    Startup,
    /// `OnUnitActiveSec=`: when the unit was last activated.
    UnitActive,
    /// `OnUnitInactiveSec=`: when the unit last ended.
    UnitInactive,
}

/// `OnCalendar=` (systemd.time(7), "Calendar events").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarExpression(Calendar);

impl CalendarExpression {
    /// The first time after `after`; `None` when it never comes again.
    pub fn next_after(&self, after: SystemTime) -> Option<SystemTime> {
        self.0.next_after(after)
    }
}

impl FromStr for CalendarExpression {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for CalendarExpression {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        text.parse()
    }
}

impl From<CalendarExpression> for String {
    fn from(expression: CalendarExpression) -> String {
        expression.0.to_string()
    }
}

/// The normalized form.
impl fmt::Display for CalendarExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One `On...Sec=` or `OnCalendar=` line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerTrigger {
    /// A span from a base.
    Monotonic(TimerBase, Duration),
    /// A wall-clock time.
    Calendar(CalendarExpression),
}

/// Everything in `[Timer]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSettings {
    /// When it elapses.
    pub triggers: Vec<TimerTrigger>,
    /// `Unit=`, or the service of the same name.
    pub unit: Option<UnitName>,
    /// `AccuracySec=`.
    pub accuracy: Duration,
    /// `RandomizedDelaySec=`.
    pub randomized_delay: Duration,
    /// `RandomizedOffsetSec=`.
    pub randomized_offset: Duration,
    /// `FixedRandomDelay=`.
    pub fixed_random_delay: bool,
    /// `DeferReactivation=`.
    pub defer_reactivation: bool,
    /// `OnClockChange=`.
    pub on_clock_change: bool,
    /// `OnTimezoneChange=`.
    pub on_timezone_change: bool,
    /// `Persistent=`.
    pub persistent: bool,
    /// `WakeSystem=`.
    pub wake_system: bool,
    /// `RemainAfterElapse=`.
    pub remain_after_elapse: bool,
}

impl Default for TimerSettings {
    fn default() -> Self {
        Self {
            triggers: Vec::new(),
            unit: None,
            accuracy: Duration::from_secs(60),
            randomized_delay: Duration::ZERO,
            randomized_offset: Duration::ZERO,
            fixed_random_delay: false,
            defer_reactivation: false,
            on_clock_change: false,
            on_timezone_change: false,
            persistent: false,
            wake_system: false,
            remain_after_elapse: true,
        }
    }
}

/// What a path unit watches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the directive of systemd.path(5)")]
pub enum PathWatchKind {
    PathExists,
    PathExistsGlob,
    PathChanged,
    PathModified,
    DirectoryNotEmpty,
}

/// One watched path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathWatch {
    /// What is watched for.
    pub kind: PathWatchKind,
    /// The absolute path, or a glob pattern.
    pub path: PathBuf,
}

/// Everything in `[Path]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathSettings {
    /// The watched paths.
    pub watches: Vec<PathWatch>,
    /// `Unit=`, or the service of the same name.
    pub unit: Option<UnitName>,
    /// `MakeDirectory=`.
    pub make_directory: bool,
    /// `DirectoryMode=`.
    pub directory_mode: u32,
    /// `TriggerLimit...=`; 200 in 2 s.
    pub trigger_limit: TriggerLimit,
}

impl Default for PathSettings {
    fn default() -> Self {
        Self {
            watches: Vec::new(),
            unit: None,
            make_directory: false,
            directory_mode: 0o755,
            trigger_limit: TriggerLimit { interval: Some(Duration::from_secs(2)), burst: 200 },
        }
    }
}
