//! The arguments of `session-launcher run-service`. Native service files are written with them, so they read like the
//! directives that they stand for.

use clap::{Args, ValueEnum};

use crate::unit::spec::RestartPolicy;

/// Whose notifications count (`NotifyAccess=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NotifyAccess {
    /// The main process's.
    Main,
    /// Those of all processes of the service.
    All,
}

/// Which processes stopping ends (`KillMode=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KillMode {
    /// All of the service.
    ControlGroup,
    /// The main one gets the first signal, the others the last.
    Mixed,
    /// Only the main one.
    Process,
}

/// Arguments of `run-service`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_subcommand = true)]
pub struct Options {
    /// What messages call the service.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Write a newline to this descriptor once the service is started, and close it.
    #[arg(long, value_name = "N")]
    pub ready_fd: Option<u32>,
    /// Started when it sends READY=1 to $NOTIFY_SOCKET.
    #[arg(long)]
    pub notify: bool,
    /// Whose notifications count.
    #[arg(long, value_enum, default_value = "main", value_name = "WHO")]
    pub notify_access: NotifyAccess,
    /// Started when this name is owned on the session bus, or the system bus with --system.
    #[arg(long, value_name = "NAME")]
    pub bus_name: Option<String>,
    /// A service of the system: its bus is the system bus.
    #[arg(long)]
    pub system: bool,
    /// Started when the commands have ended; there is no main process.
    #[arg(long)]
    pub oneshot: bool,
    /// Skip the service unless this holds, as in PathExists=/dev/input.
    #[arg(long = "condition", value_name = "TEST")]
    pub conditions: Vec<String>,
    /// Fail unless this holds.
    #[arg(long = "assert", value_name = "TEST")]
    pub asserts: Vec<String>,
    /// Run before; status 1 to 254 skips the service.
    #[arg(long, value_name = "COMMAND")]
    pub exec_condition: Vec<String>,
    /// Run before the main process.
    #[arg(long, value_name = "COMMAND")]
    pub start_pre: Vec<String>,
    /// A command of --oneshot; may be given several times.
    #[arg(long, value_name = "COMMAND")]
    pub start: Vec<String>,
    /// Run when the service is up, before it counts as started.
    #[arg(long, value_name = "COMMAND")]
    pub start_post: Vec<String>,
    /// Run on SIGHUP, which goes to the main process otherwise.
    #[arg(long, value_name = "COMMAND")]
    pub reload: Vec<String>,
    /// Run on SIGTERM, before the main process gets its signal.
    #[arg(long, value_name = "COMMAND")]
    pub stop: Vec<String>,
    /// Run when all has ended, however it did.
    #[arg(long, value_name = "COMMAND")]
    pub stop_post: Vec<String>,
    /// Seconds that starting may take; without it there is no limit.
    #[arg(long, value_name = "SECONDS")]
    pub start_timeout: Option<f64>,
    /// Seconds from the first signal to SIGKILL; without it there is no limit.
    #[arg(long, value_name = "SECONDS")]
    pub stop_timeout: Option<f64>,
    /// Seconds within which WATCHDOG=1 must come again.
    #[arg(long, value_name = "SECONDS")]
    pub watchdog: Option<f64>,
    /// Set a variable.
    #[arg(long, value_name = "NAME=VALUE")]
    pub environment: Vec<String>,
    /// Set the variables of a file; with "-" before the path it may be missing.
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    pub environment_file: Vec<String>,
    /// Take a variable away.
    #[arg(long, value_name = "NAME")]
    pub unset_environment: Vec<String>,
    /// Leave $VARIABLES in the command as they are.
    #[arg(long)]
    pub literal: bool,
    /// What the main process is called, its `argv[0]`.
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<String>,
    /// The main process stays this process's user's.
    #[arg(long)]
    pub privileged: bool,
    /// A failure of the command is none.
    #[arg(long)]
    pub ignore_failure: bool,
    /// Exit codes and signals that are no failure, beside 0 and the usual signals.
    #[arg(long, value_name = "LIST")]
    pub success_exit_status: Option<String>,
    /// Exit with 0 unless the manager shall start the service again.
    #[arg(long, value_parser = restart_policy, value_name = "POLICY")]
    pub restart: Option<RestartPolicy>,
    /// Never again after these.
    #[arg(long, value_name = "LIST")]
    pub restart_prevent_exit_status: Option<String>,
    /// Always again after these.
    #[arg(long, value_name = "LIST")]
    pub restart_force_exit_status: Option<String>,
    /// Start the service again here, once it has been up, instead of leaving that to the manager.
    #[arg(long, requires = "restart")]
    pub restart_here: bool,
    /// Seconds before it starts again here.
    #[arg(long, value_name = "SECONDS")]
    pub restart_delay: Option<f64>,
    /// How often it starts again here, and in how many seconds.
    #[arg(long, value_parser = restart_limit, value_name = "COUNT/SECONDS")]
    pub restart_limit: Option<(usize, f64)>,
    /// Run this instead of exiting with 0, and wait to be stopped: for managers that start again whatever ended.
    #[arg(long, value_name = "COMMAND")]
    pub when_done: Option<String>,
    /// What the main process is stopped with.
    #[arg(long, default_value = "SIGTERM", value_name = "SIGNAL")]
    pub kill_signal: String,
    /// Which processes are stopped.
    #[arg(long, value_enum, default_value = "control-group", value_name = "MODE")]
    pub kill_mode: KillMode,
    /// Run the service's processes as this user. Commands with "+" or "!" stay this process's.
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// The same with this group instead of the user's own.
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// One more group for the service's processes.
    #[arg(long, value_name = "GROUP")]
    pub supplementary_group: Vec<String>,
    /// What the processes may do although the user is not root, as in CAP_NET_RAW.
    #[arg(long, requires = "user", value_name = "CAPABILITY")]
    pub ambient_capability: Vec<String>,
    /// The file mode mask, octal.
    #[arg(long, value_name = "MODE")]
    pub umask: Option<String>,
    /// -20 to 19.
    #[arg(long, allow_hyphen_values = true, value_name = "N")]
    pub nice: Option<i32>,
    /// -1000 to 1000.
    #[arg(long, allow_hyphen_values = true, value_name = "N")]
    pub oom_score_adjust: Option<i32>,
    /// A resource limit, as in NPROC=100:200.
    #[arg(long, value_name = "NAME=LIMIT")]
    pub limit: Vec<String>,
    /// Hand over a socket that listens on this path, @name or address and port.
    #[arg(long, value_name = "ADDRESS")]
    pub listen_stream: Vec<String>,
    /// The mode of sockets in the file system, octal.
    #[arg(long, default_value = "0666", value_name = "MODE")]
    pub socket_mode: String,
    /// What the service calls its sockets ($LISTEN_FDNAMES).
    #[arg(long, value_name = "NAME")]
    pub socket_name: Vec<String>,
    /// The main process.
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

fn restart_limit(text: &str) -> Result<(usize, f64), String> {
    let parsed =
        text.split_once('/').and_then(|(count, span)| Some((count.parse().ok()?, span.parse().ok()?)));
    parsed.ok_or_else(|| "not COUNT/SECONDS".to_owned())
}

fn restart_policy(word: &str) -> Result<RestartPolicy, String> {
    Ok(match word {
        "no" => RestartPolicy::No,
        "on-success" => RestartPolicy::OnSuccess,
        "on-failure" => RestartPolicy::OnFailure,
        "on-abnormal" => RestartPolicy::OnAbnormal,
        "on-watchdog" => RestartPolicy::OnWatchdog,
        "on-abort" => RestartPolicy::OnAbort,
        "always" => RestartPolicy::Always,
        _ => return Err("not a Restart= policy".to_owned()),
    })
}
