//! Everything that a process starts with. The manager writes it; the wrapper carries it out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::unit::spec::{Limit, StandardInput, StandardOutput};

/// A process to be. Every value is final.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// The unit, for messages.
    pub unit: String,
    /// The program: an absolute path.
    pub program: String,
    /// Its arguments with `argv[0]`.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Where it starts.
    pub working_directory: PathBuf,
    /// A working directory that is not there is no failure.
    pub working_directory_optional: bool,
    /// Directories to make first, with their modes.
    pub directories: Vec<Directory>,
    /// `cgroup.procs` of its control group.
    pub cgroup: Option<PathBuf>,
    /// Standard input.
    pub input: StandardInput,
    /// What it reads with [`StandardInput::Data`].
    pub input_data: Vec<u8>,
    /// Standard output.
    pub output: StandardOutput,
    /// Standard error.
    pub error: StandardOutput,
    /// How many sockets come with it, as LISTEN_FDS.
    pub sockets: usize,
    /// The sockets do not block.
    pub sockets_non_blocking: bool,
    /// umask(2).
    pub umask: Option<u32>,
    /// -20 to 19.
    pub nice: Option<i32>,
    /// -1000 to 1000.
    pub oom_score_adjust: Option<i32>,
    /// Resource limits by the name after `Limit`.
    pub limits: BTreeMap<String, Limit>,
    /// PR_SET_NO_NEW_PRIVS.
    pub no_new_privileges: bool,
    /// SIGPIPE kills, instead of being ignored.
    pub default_sigpipe: bool,
    /// CPUs that it may run on; empty: all.
    pub cpu_affinity: Vec<u32>,
    /// `CPUSchedulingPolicy=`.
    pub cpu_scheduling_policy: Option<String>,
    /// `CPUSchedulingPriority=`.
    pub cpu_scheduling_priority: Option<i32>,
    /// Say over the channel when the exec fails; its closing says that it did not.
    pub report_exec: bool,
    /// Wait that long, or until the manager closes the wrapper's channel, before the exec (`Type=idle`).
    pub idle_milliseconds: Option<u64>,
}

/// A directory that is made before a process starts (`RuntimeDirectory=` and its fellows).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Where.
    pub path: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// What the wrapper ends with when it cannot be made.
    pub failure: u8,
}
