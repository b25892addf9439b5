//! From a unit's settings to what its process starts with.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::command;
use super::launch::{Directory, Launch};
use crate::job::Spawn;
use crate::unit::environment_d;
use crate::unit::spec::{CommandLine, EnvironmentFile, ExecSettings, StandardOutput};
use crate::unit::specifier::Host;

/// How long a process of `Type=idle` waits at most for the jobs to end.
const IDLE_WAIT: Duration = Duration::from_secs(5);

/// What a process gets from its manager rather than from its unit.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// The manager's environment.
    pub manager: &'a BTreeMap<String, String>,
    /// The user and the machine.
    pub host: &'a Host,
    /// 32 hexadecimal digits that name this run of the unit.
    pub invocation: &'a str,
    /// Where notifications go.
    pub notify_socket: Option<&'a Path>,
    /// The manager's process.
    pub manager_pid: i32,
    /// The main process, for MAINPID.
    pub main_pid: Option<i32>,
    /// The names of the sockets that are handed over.
    pub socket_names: &'a [String],
    /// `cgroup.procs` of the unit's group.
    pub cgroup: Option<PathBuf>,
}

/// Why a process cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// An `EnvironmentFile=` without `-`.
    #[error("EnvironmentFile={path}: {error}")]
    EnvironmentFile {
        /// The file.
        path: String,
        /// What went wrong.
        error: std::io::Error,
    },
}

/// Puts together one process of a unit.
///
/// # Errors
/// An environment file cannot be read.
pub fn prepare(
    spawn: &Spawn,
    command: &CommandLine,
    exec: &ExecSettings,
    circumstances: &Circumstances<'_>,
) -> Result<Launch, PrepareError> {
    let directories = directories(exec, circumstances.host);
    let environment = environment(spawn, exec, circumstances, &directories)?;
    let (program, arguments) =
        command::resolve(command, &environment, &exec.search_path, &circumstances.host.shell);
    let home = &circumstances.host.home;
    let output = exec.standard_output.clone().unwrap_or_default();
    let error = exec.standard_error.clone().unwrap_or(StandardOutput::Inherit);
    Ok(Launch {
        unit: spawn.unit.to_string(),
        program: program.to_string_lossy().into_owned(),
        arguments,
        environment,
        working_directory: match exec.working_directory.as_deref() {
            None | Some("~") => home.clone(),
            Some(directory) => PathBuf::from(directory),
        },
        working_directory_optional: exec.working_directory_optional || exec.working_directory.is_none(),
        directories: directories.into_iter().map(|(_, directory)| directory).collect(),
        cgroup: circumstances.cgroup.clone(),
        input: exec.standard_input.clone(),
        input_data: exec.standard_input_data.clone(),
        output,
        error,
        sockets: circumstances.socket_names.len(),
        sockets_non_blocking: exec.non_blocking,
        umask: exec.umask,
        nice: exec.nice,
        oom_score_adjust: exec.oom_score_adjust,
        limits: exec.limits.clone(),
        no_new_privileges: exec.no_new_privileges,
        default_sigpipe: exec.default_sigpipe,
        cpu_affinity: exec.cpu_affinity.clone(),
        cpu_scheduling_policy: exec.cpu_scheduling_policy.clone(),
        cpu_scheduling_priority: exec.cpu_scheduling_priority,
        report_exec: spawn.report_exec,
        idle_milliseconds: spawn.idle.then_some(u64::try_from(IDLE_WAIT.as_millis()).unwrap_or(u64::MAX)),
    })
}

/// systemd's order: the manager's block, what the manager says of this run, `Environment=`, `EnvironmentFile=`.
fn environment(
    spawn: &Spawn,
    exec: &ExecSettings,
    circumstances: &Circumstances<'_>,
    directories: &[(&'static str, Directory)],
) -> Result<BTreeMap<String, String>, PrepareError> {
    let mut environment = circumstances.manager.clone();
    let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
    set("INVOCATION_ID", circumstances.invocation.to_owned());
    set("MANAGERPID", circumstances.manager_pid.to_string());
    if let Some(path) = circumstances.notify_socket {
        set("NOTIFY_SOCKET", path.to_string_lossy().into_owned());
    }
    if let Some(pid) = circumstances.main_pid {
        set("MAINPID", pid.to_string());
    }
    if let Some(interval) = spawn.watchdog {
        set("WATCHDOG_USEC", interval.as_micros().to_string());
    }
    if !circumstances.socket_names.is_empty() {
        set("LISTEN_FDS", circumstances.socket_names.len().to_string());
        set("LISTEN_FDNAMES", circumstances.socket_names.join(":"));
    }
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (variable, directory) in directories {
        lists.entry(variable).or_default().push(directory.path.to_string_lossy().into_owned());
    }
    for (variable, paths) in lists {
        set(variable, paths.join(":"));
    }
    environment.extend(exec.environment.iter().cloned());
    for file in &exec.environment_files {
        environment.extend(read_environment_file(file)?);
    }
    environment.extend(spawn.environment.iter().cloned());
    for entry in &exec.unset_environment {
        match entry.split_once('=') {
            None => {
                environment.remove(entry);
            }
            Some((name, value)) => {
                if environment.get(name).is_some_and(|set| set == value) {
                    environment.remove(name);
                }
            }
        }
    }
    Ok(environment)
}

fn read_environment_file(file: &EnvironmentFile) -> Result<Vec<(String, String)>, PrepareError> {
    let failed = |error| PrepareError::EnvironmentFile { path: file.path.clone(), error };
    let mut paths: Vec<PathBuf> = match glob::glob(&file.path) {
        Ok(paths) => paths.filter_map(Result::ok).collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    if paths.is_empty() {
        return if file.optional {
            Ok(Vec::new())
        } else {
            Err(failed(std::io::Error::from(std::io::ErrorKind::NotFound)))
        };
    }
    let mut pairs = Vec::new();
    for path in paths {
        match std::fs::read(&path) {
            Ok(bytes) => {
                let text = environment_d::parse(&String::from_utf8_lossy(&bytes));
                pairs.extend(text.assignments.into_iter().map(|entry| (entry.name, entry.value)));
            }
            Err(_) if file.optional => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(pairs)
}

/// Exit codes of systemd.exec(5) for directories that cannot be made.
mod failure {
    pub const RUNTIME: u8 = 233;
    pub const STATE: u8 = 238;
    pub const CACHE: u8 = 239;
    pub const LOGS: u8 = 240;
    pub const CONFIGURATION: u8 = 241;
}

/// What a directory of a unit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryKind {
    /// `RuntimeDirectory=`.
    Runtime,
    /// `StateDirectory=`.
    State,
    /// `CacheDirectory=`.
    Cache,
    /// `LogsDirectory=`.
    Logs,
    /// `ConfigurationDirectory=`.
    Configuration,
}

impl DirectoryKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Runtime, Self::State, Self::Cache, Self::Logs, Self::Configuration];

    /// The word of systemctl(1), `--what=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::State => "state",
            Self::Cache => "cache",
            Self::Logs => "logs",
            Self::Configuration => "configuration",
        }
    }

    /// The kind of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind of the directories that a variable names.
    pub fn of_variable(variable: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| {
            variable.strip_suffix("_DIRECTORY").is_some_and(|stem| stem.eq_ignore_ascii_case(kind.as_str()))
        })
    }
}

/// The directories that the manager makes for a unit, with the variable that names each.
pub fn directories(exec: &ExecSettings, host: &Host) -> Vec<(&'static str, Directory)> {
    let logs = host.state_home.join("log");
    let runtime = host.runtime_dir.clone();
    let kinds = [
        ("RUNTIME_DIRECTORY", "RuntimeDirectory", &exec.runtime_directory, runtime, failure::RUNTIME),
        (
            "STATE_DIRECTORY",
            "StateDirectory",
            &exec.state_directory,
            Some(host.state_home.clone()),
            failure::STATE,
        ),
        (
            "CACHE_DIRECTORY",
            "CacheDirectory",
            &exec.cache_directory,
            Some(host.cache_home.clone()),
            failure::CACHE,
        ),
        ("LOGS_DIRECTORY", "LogsDirectory", &exec.logs_directory, Some(logs), failure::LOGS),
        (
            "CONFIGURATION_DIRECTORY",
            "ConfigurationDirectory",
            &exec.configuration_directory,
            Some(host.config_home.clone()),
            failure::CONFIGURATION,
        ),
    ];
    let mut all = Vec::new();
    for (variable, directive, names, base, failure) in kinds {
        let Some(base) = base else { continue };
        let mode = exec.directory_modes.get(&format!("{directive}Mode")).copied().unwrap_or(0o755);
        for name in names {
            // `NAME:LINK` asks for a link beside it; the directory is the first part.
            let name = name.split(':').next().unwrap_or(name);
            let stays_below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            if !name.is_empty() && stays_below {
                all.push((variable, Directory { path: base.join(name), mode, failure }));
            }
        }
    }
    all
}
