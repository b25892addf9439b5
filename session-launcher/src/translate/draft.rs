//! A service as every manager can have it, before it is written down.

use std::time::Duration;

use super::ability::Abilities;
use super::links::Links;
use super::report::Findings;
use super::runner::{self, Context};
use super::{Manager, Request, portable};
use crate::unit::spec::{
    ExecSettings, RestartPolicy, ServiceSettings, ServiceType, SocketSettings, StandardOutput, StartLimit,
    Unit,
};

/// A directory that is made before the service starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The absolute path.
    pub path: String,
    /// Its mode.
    pub mode: u32,
    /// It goes when the service stops.
    pub temporary: bool,
    /// It belongs to the service's user, not to root.
    pub owned: bool,
}

/// How a service is told to read its configuration again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// It cannot.
    None,
    /// By SIGHUP: to it, or to `run-service`, which knows what to do.
    Hangup,
}

/// A user with groups.
#[derive(Debug, Default)]
pub struct Identity {
    /// `User=`.
    pub user: Option<String>,
    /// `Group=`.
    pub group: Option<String>,
    /// `SupplementaryGroups=`.
    pub supplementary_groups: Vec<String>,
    /// `AmbientCapabilities=`.
    pub capabilities: Vec<String>,
}

impl Identity {
    /// What a unit says of it.
    pub fn of(exec: &ExecSettings) -> Self {
        let capabilities = exec.sandbox.get("AmbientCapabilities").into_iter().flatten();
        Self {
            user: exec.user.clone(),
            group: exec.group.clone(),
            supplementary_groups: exec.supplementary_groups.clone(),
            capabilities: capabilities
                .flat_map(|list| list.split_ascii_whitespace())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Whether it names anybody but whom the manager runs as.
    pub fn is_given(&self) -> bool {
        self.user.is_some() || self.group.is_some() || !self.supplementary_groups.is_empty()
    }
}

/// A service.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Its settings.
    pub service: &'a ServiceSettings,
    /// The native name.
    pub name: String,
    /// Second names.
    pub aliases: Vec<String>,
    /// Native dependencies.
    pub links: Links,
    /// The command with its arguments.
    pub command: Vec<String>,
    /// The command is `run-service`.
    pub wrapped: bool,
    /// Whom the manager runs it as; with `run-service` as root, which goes over to the user itself.
    pub identity: Identity,
    /// It writes a newline to the descriptor 3 when it is up.
    pub ready: bool,
    /// What stops a service without a process.
    pub stop_command: Vec<String>,
    /// Variables that the native file sets.
    pub environment: Vec<(String, String)>,
    /// Directories.
    pub directories: Vec<Directory>,
    /// Its reload.
    pub reload: Reload,
    /// Sockets, where the manager hands them over.
    pub sockets: Vec<&'a SocketSettings>,
    /// A service of the system.
    pub system: bool,
}

impl<'a> Draft<'a> {
    /// Drafts a service.
    pub fn new(
        unit: &'a Unit,
        service: &'a ServiceSettings,
        sockets: &[&'a SocketSettings],
        name: String,
        links: Links,
        ready_option: Option<&str>,
        request: &Request,
    ) -> Self {
        let able = Abilities::of(request.manager);
        let directories = directories(&service.exec, request.system);
        let mut environment = service.exec.environment.clone();
        environment.extend(directory_variables(&service.exec, request.system));
        let context = Context {
            program: &request.program,
            name: &name,
            system: request.system,
            able,
            service,
            environment: &environment,
            when_done: &when_done(&name, request),
            requisites: if request.manager == Manager::Dinit { &links.requisite } else { &[] },
        };
        // It tells by itself that it is up, unless OpenRC could not start it again then.
        let openrc_restarts = request.manager == Manager::Openrc && service.restart != RestartPolicy::No;
        let speaks = ready_option.filter(|_| !openrc_restarts);
        let waits = runner::tells_readiness(service) && speaks.is_none();
        let wrapped =
            runner::is_needed(unit, service, sockets, able, waits) || !context.requisites.is_empty();
        let mut command = if wrapped {
            runner::command(&context, unit, sockets)
        } else {
            service.commands.start.first().map(|command| command.argv.clone()).unwrap_or_default()
        };
        let handed = able.sockets && !sockets.is_empty();
        let mut ready = wrapped && !runner::has_no_process(service) && !handed;
        if let Some(option) = speaks.filter(|_| !wrapped && !handed) {
            command.extend([option.to_owned(), super::READY_FD.to_string()]);
            ready = true;
        }
        let without_process = service.service_type == ServiceType::Oneshot;
        let identity = Identity::of(&service.exec);
        // A user's manager has no other identity to give.
        let switches = wrapped && request.system && identity.is_given();
        let stop = service.commands.stop.as_slice();
        let stop_command = match stop {
            [only] if without_process && runner::is_plain(only) && environment.is_empty() && !switches => {
                only.argv.clone()
            }
            [_, ..] if without_process => runner::sequence(&context, stop),
            _ => Vec::new(),
        };
        let reload = if runner::reloads_by_hangup(service) || !service.commands.reload.is_empty() && wrapped {
            Reload::Hangup
        } else {
            Reload::None
        };
        let sockets = if able.sockets { sockets.to_vec() } else { Vec::new() };
        if wrapped && !able.environment {
            environment.clear();
        }
        Self {
            unit,
            service,
            name,
            aliases: Vec::new(),
            links,
            command,
            wrapped,
            identity: if switches { Identity::default() } else { identity },
            ready,
            stop_command,
            environment,
            directories,
            reload,
            sockets,
            system: request.system,
        }
    }

    /// The directory that it runs in.
    pub fn working_directory(&self) -> String {
        match self.service.exec.working_directory.as_deref() {
            Some("~") | None if !self.system => portable::user().home.to_string_lossy().into_owned(),
            Some("~") => "/root".to_owned(),
            Some(path) => path.to_owned(),
            None => "/".to_owned(),
        }
    }

    /// How long stopping may take, to the manager: longer than to `run-service`, which has things to do afterwards.
    pub fn stop_timeout(&self) -> Option<Duration> {
        let extra = if self.wrapped { 5 } else { 0 };
        self.service.timeout_stop.and_then(|limit| limit.checked_add(Duration::from_secs(extra)))
    }

    /// How often it may be started again, and in which time. `None`: without end.
    pub fn restart_limit(&self) -> Option<(u32, Duration)> {
        restart_limit(self.unit)
    }

    /// Whether the manager starts it again, ever.
    pub fn restarts(&self) -> bool {
        self.service.restart != RestartPolicy::No
    }

    /// The file that its output goes to, if it is one; `Some(None)` for nowhere.
    pub fn output_file(&self) -> Option<Option<&str>> {
        match &self.service.exec.standard_output {
            Some(
                StandardOutput::File(path) | StandardOutput::Append(path) | StandardOutput::Truncate(path),
            ) => Some(Some(path)),
            Some(StandardOutput::Null) => Some(None),
            _ => None,
        }
    }

    /// All texts that go into the file, to be searched for what nobody knows beforehand.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let environment = self.environment.iter().map(|(_, value)| value.as_str());
        let directories = self.directories.iter().map(|directory| directory.path.as_str());
        let commands = self.command.iter().chain(&self.stop_command).map(String::as_str);
        let identity = [&self.service.exec.user, &self.service.exec.group].into_iter().flatten();
        commands.chain(environment).chain(directories).chain(identity.map(String::as_str))
    }
}

/// How often a unit may be started again, and in which time. `None`: without end.
pub fn restart_limit(unit: &Unit) -> Option<(u32, Duration)> {
    let StartLimit { interval, burst, .. } = unit.flags.start_limit;
    let interval = interval.unwrap_or(Duration::from_secs(86_400));
    // The first start counts too.
    (burst > 0 && !interval.is_zero()).then(|| (burst.saturating_sub(1).max(1), interval))
}

/// Dinit's smooth recovery and supervise-daemon start again whatever ends.
fn when_done(name: &str, request: &Request) -> String {
    let user = if request.system { "" } else { "--user " };
    match request.manager {
        Manager::Dinit => format!("dinitctl {user}--quiet stop --no-wait --force {name}"),
        Manager::Openrc => format!("rc-service {user}--nodeps {name} stop"),
        Manager::Shepherd => String::new(),
    }
}

type Kind<'a> = (&'static str, &'static str, &'a [String], bool);

fn kinds(exec: &ExecSettings) -> [Kind<'_>; 5] {
    let preserved = exec.runtime_directory_preserve.as_deref().is_some_and(|word| word != "no");
    [
        ("RUNTIME_DIRECTORY", "RuntimeDirectoryMode", &exec.runtime_directory, !preserved),
        ("STATE_DIRECTORY", "StateDirectoryMode", &exec.state_directory, false),
        ("CACHE_DIRECTORY", "CacheDirectoryMode", &exec.cache_directory, false),
        ("LOGS_DIRECTORY", "LogsDirectoryMode", &exec.logs_directory, false),
        ("CONFIGURATION_DIRECTORY", "ConfigurationDirectoryMode", &exec.configuration_directory, false),
    ]
}

fn base(variable: &str, system: bool) -> String {
    let host = if system { portable::system() } else { portable::user() };
    let path = match variable {
        "RUNTIME_DIRECTORY" => host.runtime_dir.unwrap_or_default(),
        "STATE_DIRECTORY" => host.state_home,
        "CACHE_DIRECTORY" => host.cache_home,
        "LOGS_DIRECTORY" if system => "/var/log".into(),
        "LOGS_DIRECTORY" => host.state_home.join("log"),
        _ => host.config_home,
    };
    path.to_string_lossy().into_owned()
}

/// `name:link` makes a link too, which is reported elsewhere.
fn path_of<'a>(base: &'a str, entry: &'a str) -> String {
    format!("{base}/{}", entry.split(':').next().unwrap_or_default())
}

fn directories(exec: &ExecSettings, system: bool) -> Vec<Directory> {
    let mut directories = Vec::new();
    for (variable, mode, entries, temporary) in kinds(exec) {
        let base = base(variable, system);
        let mode = exec.directory_modes.get(mode).copied().unwrap_or(0o755);
        directories.extend(entries.iter().map(|entry| Directory {
            path: path_of(&base, entry),
            mode,
            temporary,
            // systemd.exec(5): those of the configuration stay root's.
            owned: variable != "CONFIGURATION_DIRECTORY",
        }));
    }
    directories
}

fn directory_variables(exec: &ExecSettings, system: bool) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (variable, _, entries, _) in kinds(exec) {
        let base = base(variable, system);
        let paths: Vec<String> = entries.iter().map(|entry| path_of(&base, entry)).collect();
        if !paths.is_empty() {
            variables.push((variable.to_owned(), paths.join(":")));
        }
    }
    variables
}

/// Says which directories have links beside them, which nobody makes.
pub fn report_links(exec: &ExecSettings, findings: &mut Findings) {
    for (_, mode, entries, _) in kinds(exec) {
        for entry in entries.iter().filter(|entry| entry.contains(':')) {
            let directive = mode.trim_end_matches("Mode");
            findings.lost(format!("{directive}={}", portable::readable(entry)), "the link is not made");
        }
    }
}
