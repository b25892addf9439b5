//! The arguments of `run-service` for what a manager cannot do itself.

use super::ability::Abilities;
use super::arguments::Arguments;
use super::draft::Identity;
use crate::unit::spec::{
    CommandLine, ExitStatusSet, RestartPolicy, ServiceSettings, ServiceType, SocketSettings, Unit,
};

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
pub fn judges(service: &ServiceSettings, able: Abilities) -> bool {
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
