//! Rules between settings: a unit that breaks one has the load state bad-setting.

use crate::unit::diagnostic::{Diagnostic, Severity};

use crate::unit::spec::{
    DependencyKind, EmergencyAction, ExitType, JobMode, KillMode, RestartPolicy, ServiceSettings,
    ServiceType, Settings, SocketSettings, Unit,
};

/// Checks a unit that is otherwise complete.
///
/// # Errors
/// Says why systemd refuses it too.
pub fn validate(unit: &mut Unit, findings: &mut Vec<Diagnostic>) -> Result<(), String> {
    let path = unit.fragment_path.clone();
    let success_action = unit.flags.success_action;
    let mut warn =
        |message: &str| findings.push(Diagnostic::general(Severity::Warning, path.as_deref(), message));
    match &mut unit.settings {
        Settings::Service(service) => {
            check_service(service, success_action)?;
            adjust_service(service, &mut warn);
        }
        Settings::Socket(socket) => check_socket(socket)?,
        Settings::Timer(timer) => {
            if timer.triggers.is_empty() && !timer.on_clock_change && !timer.on_timezone_change {
                return Err("the timer has no setting that says when it elapses".to_owned());
            }
        }
        Settings::Path(settings) => {
            if settings.watches.is_empty() {
                return Err("the path unit has no path to watch".to_owned());
            }
        }

        Settings::Scope(_) if path.is_some() => {
            return Err("a scope cannot be started from a file".to_owned());
        }
        Settings::Scope(_) | Settings::Slice(_) | Settings::Target | Settings::Foreign => {}
    }
    let on_failure = unit.dependencies.of(DependencyKind::OnFailure).len();
    if unit.flags.on_failure_job_mode == JobMode::Isolate && on_failure > 1 {
        return Err("OnFailureJobMode=isolate goes with one OnFailure= unit, there are more".to_owned());
    }
    Ok(())
}

fn check_service(service: &ServiceSettings, success_action: EmergencyAction) -> Result<(), String> {
    let starts = service.commands.start.len();
    let oneshot = service.service_type == ServiceType::Oneshot;
    let acts = success_action != EmergencyAction::None;
    let refuse = |broken: bool, message: &str| if broken { Err(message.to_owned()) } else { Ok(()) };
    refuse(
        starts == 0 && service.commands.stop.is_empty() && !acts,
        "the service has no ExecStart=, ExecStop=, or SuccessAction=",
    )?;
    refuse(starts == 0 && !oneshot, "the service has no ExecStart=, which is only allowed for Type=oneshot")?;
    refuse(
        starts == 0 && !service.remain_after_exit && !acts,
        "the service has no ExecStart= and no SuccessAction=, and does not have RemainAfterExit=yes",
    )?;
    refuse(
        starts > 1 && !oneshot,
        "the service has more than one ExecStart=, which is only allowed for Type=oneshot",
    )?;
    refuse(
        oneshot && service.exit_type == ExitType::Cgroup,
        "the service has ExitType=cgroup, which isn't allowed for Type=oneshot",
    )?;
    refuse(
        oneshot && matches!(service.restart, RestartPolicy::Always | RestartPolicy::OnSuccess),
        "the service has Restart= set to always or on-success, which isn't allowed for Type=oneshot",
    )?;
    refuse(
        service.service_type == ServiceType::Dbus && service.bus_name.is_none(),
        "the service is of Type=dbus but has no BusName=",
    )?;
    refuse(
        service.exec.pam_name.is_some()
            && !matches!(service.kill.mode, KillMode::ControlGroup | KillMode::Mixed),
        "the service has PAMName=, for which KillMode= must be control-group or mixed",
    )
}

fn adjust_service(service: &mut ServiceSettings, warn: &mut dyn FnMut(&str)) {
    if service.runtime_max.is_some() && service.service_type == ServiceType::Oneshot {
        warn("RuntimeMaxSec= has no effect with Type=oneshot");
    }
    if service.runtime_max.is_none() && !service.runtime_randomized_extra.is_zero() {
        warn("RuntimeRandomizedExtraSec= has no effect without RuntimeMaxSec=");
    }
    if service.restart_max_delay.is_none() && service.restart_steps > 0 {
        warn("RestartSteps= has no effect without RestartMaxDelaySec=");
    }
    if service.restart_max_delay.is_some() && service.restart_steps == 0 {
        warn("RestartMaxDelaySec= has no effect without RestartSteps=");
    }
    if let Some(max) = service.restart_max_delay
        && service.restart_delay.is_none_or(|delay| max < delay)
    {
        warn("RestartMaxDelaySec= is shorter than RestartSec=, which is shortened to it");
        service.restart_delay = Some(max);
    }
}

fn check_socket(socket: &SocketSettings) -> Result<(), String> {
    if socket.listen.is_empty() {
        return Err("the socket has no Listen...= setting".to_owned());
    }
    if socket.accept && socket.listen.iter().any(|listen| !listen.kind.accepts()) {
        return Err("Accept=yes, but not all of its sockets accept connections".to_owned());
    }
    if socket.accept && socket.max_connections == 0 {
        return Err("MaxConnections= must not be zero with Accept=yes".to_owned());
    }
    if socket.accept && socket.service.is_some() {
        return Err("Service= cannot be set with Accept=yes".to_owned());
    }
    let on_disk = socket.listen.iter().filter(|listen| listen.address.starts_with('/')).count();
    if !socket.symlinks.is_empty() && on_disk != 1 {
        return Err("Symlinks= needs exactly one socket in the file system".to_owned());
    }
    Ok(())
}
