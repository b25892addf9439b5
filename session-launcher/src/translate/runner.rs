//! The arguments of `run-service` for what a manager cannot do itself.

use std::time::Duration;

use super::draft::Identity;
use super::{Manager, portable};
use crate::unit::property::condition_text;
use crate::unit::spec::{
    CommandLine, ConditionSet, ExitStatusSet, KillMode, ListenKind, NotifyAccess, RestartPolicy,
    ServiceSettings, ServiceType, SocketSettings, Unit,
};
use crate::unit::value::signal;

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

/// Whether the service has to tell when it is up.
pub fn tells_readiness(service: &ServiceSettings) -> bool {
    matches!(service.service_type, ServiceType::Notify | ServiceType::NotifyReload | ServiceType::Dbus)
}

/// Whether the service has no process that stays.
pub fn has_no_process(service: &ServiceSettings) -> bool {
    matches!(service.service_type, ServiceType::Oneshot | ServiceType::Forking)
}

/// Whether ExecReload= only sends a SIGHUP, which managers can do.
pub fn reloads_by_hangup(service: &ServiceSettings) -> bool {
    let hangup = |command: &CommandLine| {
        let words: Vec<&str> = command.argv.iter().skip(1).map(String::as_str).collect();
        command.path.ends_with("/kill")
            && matches!(
                words.as_slice(),
                ["-HUP" | "-SIGHUP" | "-1", "$MAINPID" | "${MAINPID}"]
                    | ["-s", "HUP" | "SIGHUP", "$MAINPID" | "${MAINPID}"]
            )
    };
    match service.commands.reload.as_slice() {
        [only] => hangup(only),
        [] => service.service_type == ServiceType::NotifyReload && service.reload_signal == 1,
        _ => false,
    }
}

/// Whether a command can stand for itself in a native file.
pub fn is_plain(command: &CommandLine) -> bool {
    let expands = !command.literal && command.argv.iter().any(|word| word.contains('$'));
    let argv0 = command.argv.first() != Some(&command.path);
    !expands && !argv0 && !command.ignore_failure && !command.via_shell
}

/// Whether a service needs the help of `run-service`; `waits` is whether somebody has to wait for it.
pub fn is_needed(
    unit: &Unit,
    service: &ServiceSettings,
    sockets: &[&SocketSettings],
    able: Abilities,
    waits: bool,
) -> bool {
    let commands = &service.commands;
    let oneshot = has_no_process(service);
    let around = [&commands.condition, &commands.start_pre, &commands.start_post, &commands.stop_post];
    waits && (sockets.is_empty() || !able.sockets)
        || around.iter().any(|list| !list.is_empty())
        || !oneshot && !commands.stop.is_empty()
        || !commands.start.iter().all(is_plain)
        || commands.start.len() > 1
        || !unit.conditions.is_empty()
        || !unit.asserts.is_empty()
        || service.watchdog.is_some()
        || !sockets.is_empty() && !able.sockets
        || !service.exec.environment_files.is_empty()
        || !service.exec.unset_environment.is_empty()
        || service.exec.umask.is_some() && !able.umask
        || (service.exec.nice.is_some() || service.exec.oom_score_adjust.is_some()) && !able.priorities
        || service.exec.limits.keys().any(|name| !able.limits.contains(&name.as_str()))
        || judges(service, able)
        || needs_identity(service, able)
        || !oneshot && !commands.reload.is_empty() && !reloads_by_hangup(service)
}

/// Whether the manager cannot make the processes those of the user that the unit names.
fn needs_identity(service: &ServiceSettings, able: Abilities) -> bool {
    let identity = Identity::of(&service.exec);
    let own_group = identity.group.is_some() && identity.group != identity.user;
    identity.is_given()
        && (own_group && !able.group
            || !identity.supplementary_groups.is_empty() && !able.supplementary_groups
            || !identity.capabilities.is_empty() && !able.capabilities
            || all_commands(service).any(|command| command.privileged))
}

fn all_commands(service: &ServiceSettings) -> impl Iterator<Item = &CommandLine> {
    let commands = &service.commands;
    let lists = [
        &commands.condition,
        &commands.start_pre,
        &commands.start,
        &commands.start_post,
        &commands.reload,
        &commands.stop,
        &commands.stop_post,
    ];
    lists.into_iter().flatten()
}

/// Whether exit codes have to be turned into what the manager's restart rule understands.
fn judges(service: &ServiceSettings, able: Abilities) -> bool {
    let given = |set: &ExitStatusSet| !set.codes.is_empty() || !set.signals.is_empty();
    !able.restart.contains(&service.restart)
        || given(&service.success_exit_status)
        || given(&service.restart_prevent_exit_status)
        || given(&service.restart_force_exit_status)
}

/// What all commands of a service have in common.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The path of this program on the machine.
    pub program: &'a str,
    /// The native name.
    pub name: &'a str,
    /// A service of the system.
    pub system: bool,
    /// What the manager does itself.
    pub able: Abilities,
    /// The service.
    pub service: &'a ServiceSettings,
    /// Its variables.
    pub environment: &'a [(String, String)],
    /// What tells the manager that the service is over, where it would start again whatever ends.
    pub when_done: &'a str,
    /// What has to run already, where the manager cannot test that.
    pub requisites: &'a [String],
}

impl Context<'_> {
    fn begin(&self) -> Arguments {
        let mut list = Arguments(vec![self.program.to_owned(), "run-service".to_owned()]);
        list.option("name", self.name);
        if self.system {
            list.identity(&Identity::of(&self.service.exec));
        }
        list
    }
}

/// The whole command of a service that `run-service` runs.
pub fn command(context: &Context<'_>, unit: &Unit, sockets: &[&SocketSettings]) -> Vec<String> {
    let Context { service, able, .. } = *context;
    let mut list = context.begin();
    let oneshot = has_no_process(service);
    let handed = able.sockets && !sockets.is_empty();
    if oneshot {
        list.flag("oneshot");
    } else if !handed {
        // A simple service too is only up after what goes before it.
        list.option("ready-fd", super::READY_FD);
    }
    if !handed {
        list.readiness(service, context.system);
    }
    list.conditions("condition", &unit.conditions);
    list.conditions("assert", &unit.asserts);
    list.environment(service, able, context.environment);
    list.process(service, able);
    if !able.sockets {
        list.sockets(sockets);
    }
    let commands = &service.commands;
    list.commands("exec-condition", &commands.condition);
    let user = if context.system { "" } else { "--user " };
    for name in context.requisites {
        list.option("start-pre", format!("dinitctl {user}--quiet is-started {name}"));
    }
    list.commands("start-pre", &commands.start_pre);
    list.commands("start-post", &commands.start_post);
    if !reloads_by_hangup(service) {
        list.commands("reload", &commands.reload);
    }
    if !oneshot {
        list.commands("stop", &commands.stop);
        list.commands("stop-post", &commands.stop_post);
        list.exits(service, able);
        if service.restart != RestartPolicy::No {
            if able.restart_here {
                list.restart_here(unit, service);
            }
            if judges(service, able) && !context.when_done.is_empty() {
                list.option("when-done", context.when_done);
            }
        }
        list.stopping(service);
    }
    if !able.start_timeout || !able.restart.contains(&service.restart) {
        list.timeout("start-timeout", service.timeout_start);
    }
    if oneshot && !commands.start.iter().all(is_plain) || commands.start.len() > 1 {
        list.commands("start", &commands.start);
        return list.0;
    }
    list.main(commands.start.first());
    list.0
}

/// A command that runs others one after the other.
pub fn sequence(context: &Context<'_>, commands: &[CommandLine]) -> Vec<String> {
    let mut list = context.begin();
    list.flag("oneshot");
    list.environment(context.service, context.able, context.environment);
    list.commands("start", commands);
    list.0
}

struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, name: &str) {
        self.0.push(format!("--{name}"));
    }

    fn option(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("--{name}={value}"));
    }

    fn timeout(&mut self, name: &str, limit: Option<Duration>) {
        if let Some(limit) = limit {
            self.option(name, super::seconds(limit));
        }
    }

    fn readiness(&mut self, service: &ServiceSettings, system: bool) {
        match service.service_type {
            ServiceType::Notify | ServiceType::NotifyReload => self.flag("notify"),
            ServiceType::Dbus => {
                if system {
                    self.flag("system");
                }
                if let Some(name) = &service.bus_name {
                    self.option("bus-name", name);
                }
            }
            _ => {}
        }
        if matches!(service.notify_access, NotifyAccess::All | NotifyAccess::Exec) {
            self.option("notify-access", "all");
        }
        self.timeout("watchdog", service.watchdog);
    }

    fn identity(&mut self, identity: &Identity) {
        let Identity { user, group, supplementary_groups, capabilities } = identity;
        for (name, value) in [("user", user), ("group", group)] {
            if let Some(value) = value {
                self.option(name, value);
            }
        }
        for group in supplementary_groups {
            self.option("supplementary-group", group);
        }
        for capability in capabilities.iter().filter(|_| user.is_some()) {
            self.option("ambient-capability", capability);
        }
    }

    fn conditions(&mut self, name: &str, set: &ConditionSet) {
        for condition in &set.0 {
            self.option(name, condition_text("", condition));
        }
    }

    fn environment(&mut self, service: &ServiceSettings, able: Abilities, variables: &[(String, String)]) {
        if !able.environment {
            for (name, value) in variables {
                self.option("environment", format!("{name}={value}"));
            }
        }
        for file in &service.exec.environment_files {
            let mark = if file.optional { "-" } else { "" };
            self.option("environment-file", format!("{mark}{}", file.path));
        }
        for name in &service.exec.unset_environment {
            self.option("unset-environment", name);
        }
    }

    fn process(&mut self, service: &ServiceSettings, able: Abilities) {
        let exec = &service.exec;
        if let Some(umask) = exec.umask.filter(|_| !able.umask) {
            self.option("umask", format!("{umask:04o}"));
        }
        // Even where the manager could: it would give up in a container, which allows neither.
        if let Some(nice) = exec.nice {
            self.option("nice", nice);
        }
        if let Some(adjust) = exec.oom_score_adjust {
            self.option("oom-score-adjust", adjust);
        }
        for (name, limit) in exec.limits.iter().filter(|(name, _)| !able.limits.contains(&name.as_str())) {
            let text =
                |value: Option<u64>| value.map_or_else(|| "infinity".to_owned(), |value| value.to_string());
            self.option("limit", format!("{name}={}:{}", text(limit.soft), text(limit.hard)));
        }
    }

    fn sockets(&mut self, sockets: &[&SocketSettings]) {
        for socket in sockets {
            for listen in socket.listen.iter().filter(|listen| listen.kind == ListenKind::Stream) {
                self.option("listen-stream", &listen.address);
                if let Some(name) = &socket.file_descriptor_name {
                    self.option("socket-name", name);
                }
            }
            if socket.socket_mode != 0o666 {
                self.option("socket-mode", format!("{:04o}", socket.socket_mode));
            }
        }
    }

    fn commands(&mut self, name: &str, commands: &[CommandLine]) {
        for command in commands {
            self.option(name, quoted_command(command));
        }
    }

    fn exits(&mut self, service: &ServiceSettings, able: Abilities) {
        for (name, set) in [
            ("success-exit-status", &service.success_exit_status),
            ("restart-prevent-exit-status", &service.restart_prevent_exit_status),
            ("restart-force-exit-status", &service.restart_force_exit_status),
        ] {
            let codes = set.codes.iter().map(u8::to_string);
            let words: Vec<String> =
                codes.chain(set.signals.iter().map(|number| signal::name(*number))).collect();
            if !words.is_empty() {
                self.option(name, words.join(" "));
            }
        }
        if service.restart != RestartPolicy::No && (judges(service, able) || able.restart_here) {
            self.option("restart", policy(service.restart));
        }
    }

    fn restart_here(&mut self, unit: &Unit, service: &ServiceSettings) {
        self.flag("restart-here");
        self.timeout("restart-delay", service.restart_delay);
        if let Some((count, interval)) = super::draft::restart_limit(unit) {
            self.option("restart-limit", format!("{count}/{}", super::seconds(interval)));
        }
    }

    fn stopping(&mut self, service: &ServiceSettings) {
        if service.kill.signal != 15 {
            self.option("kill-signal", signal::name(service.kill.signal));
        }
        match service.kill.mode {
            KillMode::ControlGroup => {}
            KillMode::Mixed => self.option("kill-mode", "mixed"),
            KillMode::Process | KillMode::None => self.option("kill-mode", "process"),
        }
        self.timeout("stop-timeout", service.timeout_stop);
    }

    fn main(&mut self, command: Option<&CommandLine>) {
        let Some(command) = command else { return };
        if command.via_shell {
            self.0.extend(["--literal", "--", "/bin/sh", "-c"].map(str::to_owned));
            self.0.push(command.argv.join(" "));
            return;
        }
        if command.literal && command.argv.iter().any(|word| word.contains('$')) {
            self.flag("literal");
        }
        if command.privileged {
            self.flag("privileged");
        }
        if command.ignore_failure {
            self.flag("ignore-failure");
        }
        let mut words = command.argv.iter();
        match words.next() {
            Some(name) if *name != command.path => self.option("argv0", name),
            _ => {}
        }
        self.0.push("--".to_owned());
        self.0.push(command.path.clone());
        self.0.extend(words.cloned());
    }
}

/// The word of a policy.
pub const fn policy(policy: RestartPolicy) -> &'static str {
    match policy {
        RestartPolicy::No => "no",
        RestartPolicy::OnSuccess => "on-success",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::OnAbnormal => "on-abnormal",
        RestartPolicy::OnWatchdog => "on-watchdog",
        RestartPolicy::OnAbort => "on-abort",
        RestartPolicy::Always => "always",
    }
}

/// A command as systemd writes it, with marks as variables.
fn quoted_command(command: &CommandLine) -> String {
    let varies = command.argv.iter().any(|word| portable::varies(word));
    let argv0 = command.argv.first().filter(|name| **name != command.path && !command.via_shell);
    let literal = command.literal && !varies;
    let mut text = String::new();
    for (mark, given) in [
        ("-", command.ignore_failure),
        ("@", argv0.is_some() || command.login_shell),
        (":", literal),
        ("+", command.privileged),
        ("|", command.via_shell),
    ] {
        if given {
            text.push_str(mark);
        }
    }
    // Where a literal command has marks, dollar signs are written so that they stay.
    let double = command.literal && varies;
    text.push_str(&quoted_word(&command.path, double));
    let skipped = usize::from(argv0.is_none());
    for word in command.argv.iter().skip(skipped) {
        text.push(' ');
        text.push_str(&quoted_word(word, double));
    }
    text
}

fn quoted_word(word: &str, double_dollars: bool) -> String {
    let literal = |text: &str| {
        let text = text.replace('%', "%%");
        if double_dollars { text.replace('$', "$$") } else { text }
    };
    let text = portable::render(word, literal, |name| format!("${{{name}}}"));
    let special = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '\\');
    if !text.is_empty() && text != ";" && !text.contains(special) {
        return text;
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_service::command;

    /// What is written is read again as the same.
    #[test]
    fn quoted_commands_are_read_back() {
        for text in [
            "/bin/x a b",
            r#"-@/bin/x name "two words" 'it''s' a\\b"#,
            ":/bin/x $HOME",
            "/bin/x 100%% ${A} \"\"",
            r#"/bin/sh -c "echo \"$A\" ; exit 1""#,
            "/bin/x \";\"",
            "-+/bin/x a",
        ] {
            let parsed = command::parse(&[text.to_owned()]).unwrap();
            assert_eq!(parsed.len(), 1, "{text}");
            let again = command::parse(&[quoted_command(&parsed[0])]).unwrap();
            assert_eq!(parsed, again, "{text}");
        }
    }
}
