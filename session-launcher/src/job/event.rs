//! What goes into the engine and what comes out of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kind::{JobId, JobKind, JobResult};
use super::phase::Phase;
use super::state::{ActiveState, UnitResult};
use crate::unit::spec::{
    CalendarExpression, Condition, EmergencyAction, JobMode, NotifyAccess, PathWatch, SocketSettings, Unit,
    UnitName,
};

/// A moment of the monotonic clock: the time since the machine's boot.
pub type Moment = Duration;

/// A process as the engine names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProcessId {
    /// The n-th process that the engine asked for with [`Action::Spawn`].
    Spawned(u64),
    /// One that somebody else started, by the number of the kernel: from a PID file, `MAINPID=`, or a scope.
    Foreign(u32),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(u8),
    /// This signal ended it.
    Signal(i32),
    /// This signal ended it, and it left a core dump.
    CoreDump(i32),
}

/// The world, as far as the engine has to look at it while it decides. No method may change anything or wait.
pub trait Host {
    /// The unit of that name as it is on disk now. An alias gives the unit with its primary name.
    fn load(&mut self, name: &UnitName) -> Unit;
    /// Whether one condition or assert holds, before `!`.
    fn condition(&mut self, unit: &UnitName, condition: &Condition) -> bool;
    /// Whether the unit has a live process beside the `known` ones, its main and its control process.
    fn has_other_processes(&mut self, unit: &UnitName, known: &[ProcessId]) -> bool;
    /// The live process that the unit's `PIDFile=` names, if it is one of the unit's own.
    fn pid_file(&mut self, unit: &UnitName) -> Option<ProcessId>;
    /// The only process left of a forking service, when that can be told.
    fn guess_main_process(&mut self, unit: &UnitName) -> Option<ProcessId>;
    /// Whether what a path unit watches for is there now.
    fn path_is_ready(&mut self, unit: &UnitName, watch: &PathWatch) -> bool;
    /// The next moment at which a calendar expression elapses, on the monotonic clock.
    fn calendar_next(&mut self, expression: &CalendarExpression) -> Option<Moment>;
}

/// A kind of request to start, stop or change a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The unit, by any of its names.
    pub unit: UnitName,
    /// What to do.
    pub kind: JobKind,
    /// How to meet queued jobs.
    pub mode: JobMode,
    /// `ReloadOrRestart`: reload if the unit can, else `kind`, which is restart or try-restart.
    pub reload_if_possible: bool,
}

/// Why a request was refused; each is an error of systemd's D-Bus interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `org.freedesktop.systemd1.NoSuchUnit`.
    #[error("Unit {0} not found.")]
    NoSuchUnit(UnitName),
    /// `org.freedesktop.systemd1.NoSuchUnit`, of a stop.
    #[error("Unit {0} not loaded.")]
    NotLoaded(UnitName),
    /// `org.freedesktop.systemd1.LoadFailed`.
    #[error("Unit {unit} failed to load properly: {reason}.")]
    LoadFailed {
        /// The unit.
        unit: UnitName,
        /// What is wrong with it.
        reason: String,
    },
    /// `org.freedesktop.systemd1.BadUnitSetting`.
    #[error("Unit {0} has a bad unit file setting.")]
    BadUnitSetting(UnitName),
    /// `org.freedesktop.systemd1.UnitMasked`.
    #[error("Unit {0} is masked.")]
    UnitMasked(UnitName),
    /// `org.freedesktop.systemd1.OnlyByDependency`.
    #[error(
        "Operation refused, unit {0} may be requested by dependency only (it is configured to refuse manual start/stop)."
    )]
    OnlyByDependency(UnitName),
    /// `org.freedesktop.systemd1.NoIsolation`.
    #[error("Operation refused, unit may not be isolated.")]
    NoIsolation(UnitName),
    /// `org.freedesktop.DBus.Error.InvalidArgs`.
    #[error("{} is only valid for {kind}.", mode_option(mode))]
    InvalidMode {
        /// The mode.
        mode: &'static str,
        /// The job kind that it goes with.
        kind: &'static str,
    },
    /// `org.freedesktop.systemd1.JobTypeNotApplicable`.
    #[error("Job type {kind} is not applicable for unit {unit}.")]
    NotApplicable {
        /// The kind of job.
        kind: &'static str,
        /// The unit.
        unit: UnitName,
    },
    /// `org.freedesktop.systemd1.TransactionJobsConflicting`.
    #[error(
        "Transaction contains conflicting jobs '{first}' and '{second}' for {unit}. Probably contradicting requirement dependencies configured."
    )]
    JobsConflicting {
        /// The unit that would have to do both.
        unit: UnitName,
        /// One job.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// `org.freedesktop.systemd1.TransactionOrderIsCyclic`.
    #[error("Transaction order is cyclic: {}", .0.join(", "))]
    OrderIsCyclic(Vec<String>),
    /// `org.freedesktop.systemd1.TransactionIsDestructive`.
    #[error(
        "Transaction for {anchor}/{anchor_kind} is destructive ({unit} has '{queued}' job queued, but '{wanted}' is included in transaction)."
    )]
    Destructive {
        /// The unit asked for.
        anchor: UnitName,
        /// What was asked.
        anchor_kind: &'static str,
        /// The unit in the way.
        unit: UnitName,
        /// The job that it has.
        queued: &'static str,
        /// The job that it would get.
        wanted: &'static str,
    },
    /// The same error, in the mode `lenient`.
    #[error("{unit}/{wanted} would stop a running unit or change a queued job")]
    NotLenient {
        /// The unit in the way.
        unit: UnitName,
        /// The job that it would get.
        wanted: &'static str,
    },
}

fn mode_option(mode: &str) -> String {
    if mode == "isolate" { "Isolate".to_owned() } else { format!("--job-mode={mode}") }
}

/// Who sent a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifySender {
    /// A process that the engine knows.
    Process(ProcessId),
    /// Another process of the unit.
    Other,
}

/// The fields of one sd_notify(3) message that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    /// `READY=1`.
    pub ready: bool,
    /// `RELOADING=1`.
    pub reloading: bool,
    /// `STOPPING=1`.
    pub stopping: bool,
    /// `MONOTONIC_USEC=`.
    pub monotonic: Option<Moment>,
    /// `STATUS=`.
    pub status: Option<String>,
    /// `MAINPID=`, when the driver has made sure that it is a process of the unit.
    pub main_process: Option<ProcessId>,
    /// `NOTIFYACCESS=`.
    pub access: Option<NotifyAccess>,
    /// `WATCHDOG=1`.
    pub watchdog: bool,
    /// `WATCHDOG=trigger`.
    pub watchdog_trigger: bool,
    /// `WATCHDOG_USEC=`.
    pub watchdog_interval: Option<Duration>,
    /// `EXTEND_TIMEOUT_USEC=`.
    pub extend_timeout: Option<Duration>,
    /// `RESTART_RESET=1`.
    pub restart_reset: bool,
}

/// What happened. Requests go through [`super::Engine::request`], as they have an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A process ended.
    Exited {
        /// Which.
        process: ProcessId,
        /// How.
        status: ExitStatus,
    },
    /// A process of `Type=exec` has got through execve(2).
    Executed {
        /// Which.
        process: ProcessId,
    },
    /// A process could not even be forked.
    SpawnFailed {
        /// Which.
        process: ProcessId,
    },
    /// A process was asked for by an engine that was killed, and has never run.
    NeverRan {
        /// Which.
        process: ProcessId,
    },
    /// A notification arrived.
    Notified {
        /// The unit of the sender.
        unit: UnitName,
        /// The sender.
        sender: NotifySender,
        /// What it says.
        message: Notification,
    },
    /// A name on the bus has an owner or has lost it.
    BusNameOwned {
        /// The name.
        name: String,
        /// Whether it has one.
        owned: bool,
    },
    /// The last process of a unit is gone.
    Empty {
        /// The unit.
        unit: UnitName,
    },
    /// The kernel killed a process of the unit for want of memory.
    OutOfMemory {
        /// The unit.
        unit: UnitName,
    },
    /// A connection, or a datagram, waits at a socket unit.
    SocketReady {
        /// The socket unit.
        unit: UnitName,
        /// With `Accept=yes`: the service instance that the driver has given the connection to.
        instance: Option<UnitName>,
    },
    /// A socket unit's sockets could not be opened.
    ListenFailed {
        /// The socket unit.
        unit: UnitName,
    },
    /// What a path unit watches has changed; the engine looks itself whether it is there.
    PathChanged {
        /// The path unit.
        unit: UnitName,
        /// The watch that fired, counted from 0.
        watch: usize,
    },
    /// The PID file that a forking service was expected to write has appeared or changed.
    PidFileChanged {
        /// The unit.
        unit: UnitName,
    },
    /// A scope's own creator has let it go.
    ScopeAbandoned {
        /// The scope.
        unit: UnitName,
    },
    /// The unit files have changed on disk (`daemon-reload`).
    Reload,
    /// A deadline may have passed: look at the clock.
    Tick,
}

/// A process to start.
#[derive(Debug, Clone, PartialEq)]
pub struct Spawn {
    /// The name under which its end is to be reported.
    pub process: ProcessId,
    /// Its unit.
    pub unit: UnitName,
    /// Which list of commands.
    pub phase: Phase,
    /// Which command of the list, counted from 0.
    pub index: usize,
    /// It is the main process: it gets the sockets, the watchdog, and NOTIFY_SOCKET as `NotifyAccess=` says.
    pub is_main: bool,
    /// Variables for it beside those of the unit: SERVICE_RESULT, EXIT_CODE, EXIT_STATUS, MONITOR_..., TRIGGER_UNIT...
    pub environment: Vec<(String, String)>,
    /// Who may notify; with [`NotifyAccess::None`] there is no NOTIFY_SOCKET.
    pub notify: NotifyAccess,
    /// The main process at this moment, for MAINPID.
    pub main_process: Option<ProcessId>,
    /// `Type=idle`: the exec waits until no job is left, 5 s at most.
    pub idle: bool,
    /// `Type=exec`: the driver reports [`Event::Executed`].
    pub report_exec: bool,
    /// `WATCHDOG_USEC` for it.
    pub watchdog: Option<Duration>,
}

/// Whom a signal is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KillTarget {
    /// One process.
    Process(ProcessId),
    /// All of the unit's processes but these, its main and its control process.
    AllBut(Vec<ProcessId>),
}

/// What is to be done, or has come about, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Start a process.
    Spawn(Box<Spawn>),
    /// Send a signal, and SIGCONT after it.
    Kill {
        /// The unit.
        unit: UnitName,
        /// Whom.
        target: KillTarget,
        /// The signal's number.
        signal: i32,
    },
    /// Watch the owner of a bus name; its present state is to be reported as an event.
    WatchBusName {
        /// The name.
        name: String,
    },
    /// Report when the unit's PID file appears or changes, once.
    WatchPidFile {
        /// The unit.
        unit: UnitName,
        /// The file.
        path: std::path::PathBuf,
    },
    /// Open a unit's sockets, or keep them if they are open, and report [`Event::SocketReady`] from now on.
    Listen {
        /// The socket unit.
        unit: UnitName,
        /// Its settings.
        settings: Box<SocketSettings>,
    },
    /// Report connections of a socket unit again, or no more; the sockets stay open.
    WatchSocket {
        /// The socket unit.
        unit: UnitName,
        /// Whether to report.
        watch: bool,
    },
    /// Read away what waits at a socket unit (`FlushPending=`).
    FlushSocket {
        /// The socket unit.
        unit: UnitName,
    },
    /// Close a unit's sockets.
    CloseSockets {
        /// The socket unit.
        unit: UnitName,
    },
    /// Report changes of these paths; an empty list ends that.
    WatchPaths {
        /// The path unit.
        unit: UnitName,
        /// What to watch.
        watches: Vec<PathWatch>,
    },
    /// The run time directories and other leftovers of a run can go, and the unit's control group.
    Release {
        /// The unit.
        unit: UnitName,
    },
    /// A job was queued.
    JobNew {
        /// Its number.
        job: JobId,
        /// Its unit.
        unit: UnitName,
        /// What it does.
        kind: JobKind,
    },
    /// A queued job has taken in another request.
    JobMerged {
        /// Its number.
        job: JobId,
        /// Its unit.
        unit: UnitName,
        /// What it does now.
        kind: JobKind,
    },
    /// A job has begun.
    JobRunning {
        /// Its number.
        job: JobId,
        /// Its unit.
        unit: UnitName,
    },
    /// A job is over. A restart job reports done for its first half and goes on as a start job, `continues`.
    JobRemoved {
        /// Its number.
        job: JobId,
        /// Its unit.
        unit: UnitName,
        /// What it did.
        kind: JobKind,
        /// How it ended.
        result: JobResult,
        /// It goes on as a start job.
        continues: bool,
    },
    /// A unit's state has changed.
    StateChanged {
        /// The unit.
        unit: UnitName,
        /// The fine state before.
        from: &'static str,
        /// The fine state now.
        to: &'static str,
        /// The coarse state now.
        active: ActiveState,
        /// Its result so far.
        result: UnitResult,
    },
    /// The engine has loaded a unit.
    UnitNew {
        /// The unit.
        unit: UnitName,
    },
    /// The engine has forgotten a unit.
    UnitRemoved {
        /// The unit.
        unit: UnitName,
    },
    /// The engine wants the manager to end, or to do something else that only a system manager could.
    Emergency {
        /// What.
        action: EmergencyAction,
        /// The exit status it is to have.
        status: Option<u8>,
        /// Why, for the log.
        reason: String,
    },
    /// Something a person should read in the log.
    Log {
        /// The unit.
        unit: UnitName,
        /// One sentence.
        message: String,
    },
}
