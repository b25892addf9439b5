//! `[Service]` (systemd.service(5)).

use std::path::PathBuf;

use super::support::{self, Group};
use super::{Applied, Fault, Line, exec, kill, resource};
use crate::unit::command_line;
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::{
    CommandLine, ExitStatusSet, ExitType, NotifyAccess, OomPolicy, RestartMode, RestartPolicy,
    ServiceSettings, ServiceType, TimeoutFailureMode,
};
use crate::unit::value::exit_status;

/// Which settings were given, where the default depends on others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// `Type=`.
    pub service_type: bool,
    /// `TimeoutStartSec=` or `TimeoutSec=`.
    pub timeout_start: bool,
    /// `TimeoutAbortSec=`.
    pub timeout_abort: bool,
    /// `OOMPolicy=`.
    pub oom_policy: bool,
}

/// Applies a directive; `None` when there is none of that name.
pub fn apply(
    service: &mut ServiceSettings,
    given: &mut Given,
    owner: &UnitName,
    line: &mut Line<'_>,
) -> Option<Applied> {
    apply_commands(service, line)
        .or_else(|| apply_times(service, given, line))
        .or_else(|| apply_behaviour(service, given, owner, line))
        .or_else(|| exec::apply(&mut service.exec, line))
        .or_else(|| kill::apply(&mut service.kill, line))
        .or_else(|| resource::apply(&mut service.resources, line))
        .or_else(|| support::find(Group::Service, line.key).map(|entry| support::unsupported(entry, line)))
}

fn apply_commands(service: &mut ServiceSettings, line: &mut Line<'_>) -> Option<Applied> {
    let list = match line.key {
        "ExecCondition" => &mut service.commands.condition,
        "ExecStartPre" => &mut service.commands.start_pre,
        "ExecStart" => &mut service.commands.start,
        "ExecStartPost" => &mut service.commands.start_post,
        "ExecReload" => &mut service.commands.reload,
        "ExecReloadPost" => &mut service.commands.reload_post,
        "ExecStop" => &mut service.commands.stop,
        "ExecStopPost" => &mut service.commands.stop_post,
        _ => return None,
    };
    Some(commands(list, line))
}

/// Adds the commands of an `Exec...=` line. A wrong line ends the loading.
pub fn commands(list: &mut Vec<CommandLine>, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        list.clear();
        return Ok(());
    }
    match command_line::parse(line.value, &line.specifiers) {
        Ok(parsed) => {
            if let Some(warning) = parsed.warning {
                line.warn(format!("{}={}: {warning}, it is left as it is", line.key, line.value));
            }
            if let Some(error) = parsed.passed_over {
                line.warn(format!("{}={}: {error}, the command is ignored", line.key, line.value));
            }
            list.extend(parsed.commands);
            Ok(())
        }
        Err(error) => Err(Fault::Fatal(format!("{}={}: {error}", line.key, line.value))),
    }
}

fn apply_times(service: &mut ServiceSettings, given: &mut Given, line: &Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "RestartSec" => line.span().map(|span| service.restart_delay = span),
        "RestartMaxDelaySec" => line.span().map(|span| service.restart_max_delay = span),
        "RestartRandomizedDelaySec" => line.finite_span().map(|span| service.restart_randomized_delay = span),
        "RestartSteps" => line.unsigned().map(|steps| service.restart_steps = steps),
        "TimeoutSec" => line.span_or_never().map(|span| {
            service.timeout_start = span;
            service.timeout_stop = span;
            given.timeout_start = true;
        }),
        "TimeoutStartSec" => line.span_or_never().map(|span| {
            service.timeout_start = span;
            given.timeout_start = true;
        }),
        "TimeoutStopSec" => line.span_or_never().map(|span| service.timeout_stop = span),
        "TimeoutAbortSec" if line.value.is_empty() => {
            given.timeout_abort = false;
            Ok(())
        }
        "TimeoutAbortSec" => line.span_or_never().map(|span| {
            service.timeout_abort = span;
            given.timeout_abort = true;
        }),
        "TimeoutStartFailureMode" => failure_mode(line).map(|mode| service.timeout_start_failure_mode = mode),
        "TimeoutStopFailureMode" => failure_mode(line).map(|mode| service.timeout_stop_failure_mode = mode),
        "RuntimeMaxSec" => line.span().map(|span| service.runtime_max = span),
        "RuntimeRandomizedExtraSec" => line.finite_span().map(|span| service.runtime_randomized_extra = span),
        "WatchdogSec" => line.span_or_never().map(|span| service.watchdog = span),
        _ => return None,
    })
}

fn failure_mode(line: &Line<'_>) -> Result<TimeoutFailureMode, Fault> {
    line.choice(&[
        ("terminate", TimeoutFailureMode::Terminate),
        ("abort", TimeoutFailureMode::Abort),
        ("kill", TimeoutFailureMode::Kill),
    ])
}

fn apply_behaviour(
    service: &mut ServiceSettings,
    given: &mut Given,
    owner: &UnitName,
    line: &mut Line<'_>,
) -> Option<Applied> {
    Some(match line.key {
        "Type" => service_type(line).map(|service_type| {
            service.service_type = service_type;
            given.service_type = true;
        }),
        "ExitType" => line
            .choice(&[("main", ExitType::Main), ("cgroup", ExitType::Cgroup)])
            .map(|exit| service.exit_type = exit),
        "Restart" => restart(line).map(|restart| service.restart = restart),
        "RestartMode" => line
            .choice(&[
                ("normal", RestartMode::Normal),
                ("direct", RestartMode::Direct),
                ("debug", RestartMode::Debug),
            ])
            .map(|mode| service.restart_mode = mode),
        "RemainAfterExit" => line.boolean().map(|remain| service.remain_after_exit = remain),
        "GuessMainPID" => line.boolean().map(|guess| service.guess_main_pid = guess),
        "PIDFile" => pid_file(service, line),
        "BusName" => bus_name(service, line),
        "NotifyAccess" => line
            .choice(&[
                ("none", NotifyAccess::None),
                ("main", NotifyAccess::Main),
                ("exec", NotifyAccess::Exec),
                ("all", NotifyAccess::All),
            ])
            .map(|access| service.notify_access = access),
        "SuccessExitStatus" => statuses(&mut service.success_exit_status, line),
        "RestartPreventExitStatus" => statuses(&mut service.restart_prevent_exit_status, line),
        "RestartForceExitStatus" => statuses(&mut service.restart_force_exit_status, line),
        "ReloadSignal" => line.signal().map(|signal| service.reload_signal = signal),
        "Sockets" => sockets(service, owner, line),
        "FileDescriptorStoreMax" => line.unsigned().map(|max| service.file_descriptor_store_max = max),
        "FileDescriptorStorePreserve" => line
            .choice(&[("no", "no"), ("yes", "yes"), ("restart", "restart")])
            .map(|preserve| service.file_descriptor_store_preserve = Some(preserve.to_owned())),
        "OpenFile" => {
            if line.value.is_empty() {
                service.open_files.clear();
            } else {
                service.open_files.push(line.value.to_owned());
            }
            Ok(())
        }
        "OOMPolicy" => oom_policy(line).map(|policy| {
            service.oom_policy = policy;
            given.oom_policy = true;
        }),
        "NonBlocking" => line.boolean().map(|on| service.exec.non_blocking = on),
        _ => return None,
    })
}

fn service_type(line: &Line<'_>) -> Result<ServiceType, Fault> {
    line.choice(&[
        ("simple", ServiceType::Simple),
        ("exec", ServiceType::Exec),
        ("forking", ServiceType::Forking),
        ("oneshot", ServiceType::Oneshot),
        ("dbus", ServiceType::Dbus),
        ("notify", ServiceType::Notify),
        ("notify-reload", ServiceType::NotifyReload),
        ("idle", ServiceType::Idle),
    ])
}

fn restart(line: &Line<'_>) -> Result<RestartPolicy, Fault> {
    line.choice(&[
        ("no", RestartPolicy::No),
        ("on-success", RestartPolicy::OnSuccess),
        ("on-failure", RestartPolicy::OnFailure),
        ("on-abnormal", RestartPolicy::OnAbnormal),
        ("on-watchdog", RestartPolicy::OnWatchdog),
        ("on-abort", RestartPolicy::OnAbort),
        ("always", RestartPolicy::Always),
    ])
}

/// `OOMPolicy=` of services and scopes.
pub fn oom_policy(line: &Line<'_>) -> Result<OomPolicy, Fault> {
    line.choice(&[("continue", OomPolicy::Continue), ("stop", OomPolicy::Stop), ("kill", OomPolicy::Kill)])
}

/// A relative path lies in the runtime directory.
fn pid_file(service: &mut ServiceSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        service.pid_file = None;
        return Ok(());
    }
    let text = line.expanded()?;
    let path = match &line.host.runtime_dir {
        Some(dir) if !text.starts_with('/') => dir.join(text),
        _ => PathBuf::from(text),
    };
    match path.to_str().and_then(super::simplified) {
        Some(path) => {
            service.pid_file = Some(path.into());
            Ok(())
        }
        None => line.invalid("a path"),
    }
}

fn bus_name(service: &mut ServiceSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        service.bus_name = None;
        return Ok(());
    }
    let name = line.expanded()?;
    if !is_bus_name(&name) {
        return line.invalid("a D-Bus name");
    }
    service.bus_name = Some(name);
    Ok(())
}

/// Whether a text is a well-known name (D-Bus specification, "Bus names").
pub fn is_bus_name(name: &str) -> bool {
    let elements: Vec<&str> = name.split('.').collect();
    let element = |text: &&str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    name.len() <= 255 && elements.len() > 1 && elements.iter().all(element)
}

fn statuses(set: &mut ExitStatusSet, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        *set = ExitStatusSet::default();
        return Ok(());
    }
    for word in line.words()? {
        if !exit_status::add(set, &word) {
            line.warn(format!("{}={word}: neither an exit status nor a signal, it is ignored", line.key));
        }
    }
    Ok(())
}

fn sockets(service: &mut ServiceSettings, owner: &UnitName, line: &mut Line<'_>) -> Applied {
    for word in line.words()? {
        match line.unit(owner, &word) {
            Ok(name) if name.kind() == UnitKind::Socket => {
                if !service.sockets.contains(&name) {
                    service.sockets.push(name);
                }
            }
            _ => line.warn(format!("Sockets={word}: not the name of a socket, it is ignored")),
        }
    }
    Ok(())
}
