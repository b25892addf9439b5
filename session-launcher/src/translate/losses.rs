//! Settings that no manager has, or that one of them lacks.

use super::arguments;
use super::report::Findings;
use super::{Manager, portable};
use crate::unit::spec::{
    CollectMode, EmergencyAction, ExitType, KillMode, LoadState, ServiceSettings, ServiceType, StandardInput,
    StandardOutput, Unit,
};

/// What is lost of a service's settings.
pub fn of_service(unit: &Unit, service: &ServiceSettings, manager: Manager, findings: &mut Findings) {
    of_unit(unit, manager, findings);
    of_life(service, manager, findings);
    of_processes(service, findings);
    of_streams(service, manager, findings);
    of_walls(service, manager, findings);
    of_commands(service, findings);
}

/// What is lost of `[Unit]`.
pub fn of_unit(unit: &Unit, manager: Manager, findings: &mut Findings) {
    let flags = &unit.flags;
    let title = manager.title();
    if flags.stop_when_unneeded && manager != Manager::Dinit {
        findings.lost("StopWhenUnneeded=yes", format!("{title} leaves it running"));
    }
    if flags.refuse_manual_start || flags.refuse_manual_stop {
        let directive =
            if flags.refuse_manual_start { "RefuseManualStart=yes" } else { "RefuseManualStop=yes" };
        findings.note(directive, format!("{title} lets people do it"));
    }
    for (directive, action) in [
        ("FailureAction=", flags.failure_action),
        ("SuccessAction=", flags.success_action),
        ("JobTimeoutAction=", flags.job_timeout_action),
        ("StartLimitAction=", flags.start_limit.action),
    ] {
        if action != EmergencyAction::None {
            findings.lost(directive, "nothing happens then");
        }
    }
    if flags.start_limit.burst == 1 && flags.start_limit.interval.is_none_or(|span| !span.is_zero()) {
        findings.lost("StartLimitBurst=1", "it may be started again once");
    }
    if flags.job_timeout.is_some() || flags.job_running_timeout.is_some() {
        findings.lost("JobTimeoutSec=", "there are no jobs that could time out");
    }
    if flags.collect_mode == CollectMode::InactiveOrFailed {
        findings.note("CollectMode=", "nothing is to be forgotten");
    }
}

/// Conditions of what has no process that could test them.
pub fn of_conditions(unit: &Unit, manager: Manager, findings: &mut Findings) {
    for (prefix, set) in [("Condition", &unit.conditions), ("Assert", &unit.asserts)] {
        for condition in &set.0 {
            let directive = crate::unit::property::condition_text(prefix, condition);
            let reason = format!("nothing tests it: {} runs nothing for a target", manager.title());
            findings.lost(portable::readable(&directive), reason);
        }
    }
}

fn of_life(service: &ServiceSettings, manager: Manager, findings: &mut Findings) {
    let title = manager.title();
    if service.exit_type == ExitType::Cgroup {
        findings.lost("ExitType=cgroup", "it is over when its main process ends");
    }
    if service.runtime_max.is_some() {
        findings.lost("RuntimeMaxSec=", "it is not ended then");
    }
    if service.restart_steps > 0 || !service.restart_randomized_delay.is_zero() {
        findings.lost("RestartSteps=, RestartRandomizedDelaySec=", "the delay stays the same");
    }
    if service.file_descriptor_store_max > 0 {
        findings.lost("FileDescriptorStoreMax=", "descriptors are not kept over a restart");
    }
    if !service.open_files.is_empty() {
        findings.refuse("OpenFile=", "the service would miss a descriptor");
    }
    if service.service_type == ServiceType::Oneshot
        && !service.remain_after_exit
        && manager != Manager::Shepherd
    {
        findings.note("RemainAfterExit=no", format!("{title} shows it as started once it has run"));
    }
    if service.kill.mode == KillMode::None {
        findings.lost("KillMode=none", "its main process is stopped");
    }
    if service.kill.send_sighup {
        findings.lost("SendSIGHUP=yes", "no SIGHUP follows the first signal");
    }
    if service.kill.final_signal != 9 {
        findings.lost("FinalKillSignal=", "SIGKILL is the last signal");
    }
    if !service.kill.send_sigkill {
        findings.lost("SendSIGKILL=no", "SIGKILL follows when stopping takes too long");
    }
    if service.service_type == ServiceType::Forking && service.pid_file.is_none() {
        findings.refuse("Type=forking", "without PIDFile= nothing tells which process the service is");
    }
}

fn of_processes(service: &ServiceSettings, findings: &mut Findings) {
    let exec = &service.exec;
    for (directive, given) in [
        ("CPUSchedulingPolicy=", exec.cpu_scheduling_policy.is_some()),
        ("CPUSchedulingPriority=", exec.cpu_scheduling_priority.is_some()),
        ("CPUAffinity=", !exec.cpu_affinity.is_empty()),
        ("IOSchedulingClass=", exec.io_scheduling_class.is_some()),
        ("IOSchedulingPriority=", exec.io_scheduling_priority.is_some()),
        ("TimerSlackNSec=", exec.timer_slack_ns.is_some()),
    ] {
        if given {
            findings.lost(directive, "its processes run with the defaults");
        }
    }
    if exec.pam_name.is_some() {
        findings.lost("PAMName=", "no PAM session is opened");
    }
    if exec.root_directory.is_some() {
        findings.refuse("RootDirectory=", "its program would be another");
    }
    if !exec.search_path.is_empty() {
        findings.lost("ExecSearchPath=", "programs are looked up in the manager's own path");
    }
    if exec.working_directory_optional {
        findings.lost("WorkingDirectory=-", "it has to be there");
    }
}

fn of_streams(service: &ServiceSettings, manager: Manager, findings: &mut Findings) {
    let exec = &service.exec;
    match &exec.standard_input {
        StandardInput::Null => {}
        StandardInput::Socket => findings.refuse("StandardInput=socket", "no connection is handed over"),
        _ => findings.lost("StandardInput=", "it reads from /dev/null"),
    }
    for (directive, output) in
        [("StandardOutput=", &exec.standard_output), ("StandardError=", &exec.standard_error)]
    {
        match output {
            None
            | Some(StandardOutput::Journal | StandardOutput::Inherit | StandardOutput::Kmsg)
            | Some(StandardOutput::File(_) | StandardOutput::Append(_) | StandardOutput::Truncate(_)) => {}
            Some(StandardOutput::Null) if directive == "StandardOutput=" || manager == Manager::Openrc => {}
            Some(StandardOutput::Null) => findings.note(directive, "it goes where the output goes"),
            Some(_) => findings.lost(directive, "its output goes to the log"),
        }
    }
    if exec.standard_error.is_some()
        && exec.standard_error != exec.standard_output
        && manager != Manager::Openrc
        && matches!(exec.standard_error, Some(StandardOutput::File(_) | StandardOutput::Append(_)))
    {
        findings.lost("StandardError=", "it goes where the output goes");
    }
}

/// Directives of a control group that only count.
const ACCOUNTING: [&str; 8] = [
    "CPUAccounting",
    "MemoryAccounting",
    "IOAccounting",
    "TasksAccounting",
    "IPAccounting",
    "DisableControllers",
    "DelegateSubgroup",
    "CoredumpReceive",
];

fn of_walls(service: &ServiceSettings, manager: Manager, findings: &mut Findings) {
    let title = manager.title();
    for (name, values) in &service.exec.sandbox {
        // A manager cannot take more away from what is there already.
        let off = values.iter().all(|value| {
            crate::unit::value::boolean::parse(value) == Some(false)
                || matches!(value.as_str(), "inherit" | "shared")
        });
        if name != "AmbientCapabilities" && !off {
            let value = values.join(" ");
            let value = if value.len() > 40 { "..." } else { value.as_str() };
            findings.unguarded(format!("{name}={value}"), format!("{title} has no such wall"));
        }
    }
    if service.exec.no_new_privileges && manager != Manager::Openrc {
        findings.unguarded("NoNewPrivileges=yes", "set-user-ID programs stay open to it");
    }
    for name in service.resources.limits.keys() {
        if ACCOUNTING.contains(&name.as_str()) {
            continue;
        }
        findings.unguarded(format!("{name}="), "it has no control group of its own to limit");
    }
    if service.resources.delegate.is_some() {
        findings.lost("Delegate=", "it has no control group of its own");
    }
}

fn of_commands(service: &ServiceSettings, findings: &mut Findings) {
    let commands = &service.commands;
    if !commands.reload_post.is_empty() {
        findings.lost("ExecReloadPost=", "nothing runs after a reload");
    }
    if service.service_type == ServiceType::Forking {
        for (directive, list) in [("ExecStop=", &commands.stop), ("ExecStopPost=", &commands.stop_post)] {
            if !list.is_empty() {
                findings.lost(directive, "of a forking service only its process is stopped");
            }
        }
        if arguments::policy(service.restart) != "no" && !commands.start.is_empty() {
            findings.note("Restart=", "whatever ends a forking service starts it again");
        }
    } else if service.service_type == ServiceType::Oneshot && !commands.stop_post.is_empty() {
        findings.lost("ExecStopPost=", "it does not run when a service without a process stops");
    }
}

/// Why a unit has nothing to translate.
pub fn not_loaded(unit: &Unit, findings: &mut Findings) {
    let reason = unit.load_error.clone().unwrap_or_default();
    let directive = match unit.load_state {
        LoadState::Masked => "masked",
        LoadState::NotFound => "not found",
        _ => "not loaded",
    };
    findings.refuse(directive, portable::readable(&reason));
}
