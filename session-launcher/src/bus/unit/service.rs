//! `org.freedesktop.systemd1.Service`.

use super::general::{constant, invalidated, silent, told};
use super::value::{optional, span, statuses, text, word};
use super::{Get, Subject, command, execution, kill, resource};
use crate::bus::table::{Interface, Property, Value};
use crate::daemon::clock::Stamp;
use crate::unit::spec::{CommandLine, ServiceSettings, Settings};

/// The interface.
pub static SERVICE: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Service",
    properties: &[SETTINGS, RUN, COMMANDS, resource::PROPERTIES, execution::PROPERTIES, kill::PROPERTIES],
    methods: &[resource::METHODS],
    signals: &[],
};

fn of(unit: &Subject<'_>, get: impl Fn(&ServiceSettings) -> Value) -> Value {
    match &unit.unit.settings {
        Settings::Service(service) => get(service),
        _ => get(&ServiceSettings::default()),
    }
}

const SETTINGS: &[Property<Get>] = &[
    constant("Type", "s", |unit| of(unit, |service| word(service.service_type))),
    constant("ExitType", "s", |unit| of(unit, |service| word(service.exit_type))),
    constant("Restart", "s", |unit| of(unit, |service| word(service.restart))),
    constant("RestartMode", "s", |unit| of(unit, |service| word(service.restart_mode))),
    constant("PIDFile", "s", |unit| {
        of(unit, |service| optional(service.pid_file.as_ref().map(|path| path.display())))
    }),
    told("NotifyAccess", "s", |unit| {
        of(unit, |service| word(unit.status.notify_access.unwrap_or(service.notify_access)))
    }),
    constant("RestartUSec", "t", |unit| of(unit, |service| span(service.restart_delay))),
    constant("RestartSteps", "u", |unit| of(unit, |service| service.restart_steps.into())),
    constant("RestartMaxDelayUSec", "t", |unit| of(unit, |service| span(service.restart_max_delay))),
    constant("RestartRandomizedDelayUSec", "t", |unit| {
        of(unit, |service| span(Some(service.restart_randomized_delay)))
    }),
    constant("TimeoutStartUSec", "t", |unit| of(unit, |service| span(service.timeout_start))),
    constant("TimeoutStopUSec", "t", |unit| of(unit, |service| span(service.timeout_stop))),
    silent("TimeoutAbortUSec", "t", |unit| of(unit, |service| span(service.timeout_abort))),
    constant("TimeoutStartFailureMode", "s", |unit| {
        of(unit, |service| word(service.timeout_start_failure_mode))
    }),
    constant("TimeoutStopFailureMode", "s", |unit| {
        of(unit, |service| word(service.timeout_stop_failure_mode))
    }),
    constant("RuntimeMaxUSec", "t", |unit| of(unit, |service| span(service.runtime_max))),
    constant("RuntimeRandomizedExtraUSec", "t", |unit| {
        of(unit, |service| span(Some(service.runtime_randomized_extra)))
    }),
    silent("WatchdogUSec", "t", |unit| of(unit, |service| watchdog(unit, service))),
    constant("RemainAfterExit", "b", |unit| of(unit, |service| service.remain_after_exit.into())),
    constant("GuessMainPID", "b", |unit| of(unit, |service| service.guess_main_pid.into())),
    constant("RestartPreventExitStatus", "(aiai)", |unit| {
        of(unit, |service| statuses(&service.restart_prevent_exit_status))
    }),
    constant("RestartForceExitStatus", "(aiai)", |unit| {
        of(unit, |service| statuses(&service.restart_force_exit_status))
    }),
    constant("SuccessExitStatus", "(aiai)", |unit| {
        of(unit, |service| statuses(&service.success_exit_status))
    }),
    constant("BusName", "s", |unit| of(unit, |service| optional(service.bus_name.as_ref()))),
    constant("FileDescriptorStoreMax", "u", |unit| {
        of(unit, |service| service.file_descriptor_store_max.into())
    }),
    silent("FileDescriptorStorePreserve", "s", |unit| {
        of(unit, |service| text(service.file_descriptor_store_preserve.as_deref().unwrap_or("restart")))
    }),
    constant("OOMPolicy", "s", |unit| of(unit, |service| word(service.oom_policy))),
    constant("ReloadSignal", "i", |unit| of(unit, |service| service.reload_signal.into())),
];

const RUN: &[Property<Get>] = &[
    told("MainPID", "u", |unit| unit.pid(unit.status.main_process).into()),
    told("ControlPID", "u", |unit| unit.pid(unit.status.control_process).into()),
    told("StatusText", "s", |unit| optional(unit.status.status_text.as_ref())),
    told("Result", "s", |unit| unit.status.result.as_str().into()),
    told("ReloadResult", "s", |unit| unit.status.reload_result.as_str().into()),
    // Only of services that run as somebody else, which none does here.
    told("UID", "u", |_| u32::MAX.into()),
    told("GID", "u", |_| u32::MAX.into()),
    told("NRestarts", "u", |unit| unit.status.restarts.into()),
    silent("RestartUSecNext", "t", |unit| span(unit.status.restart_delay)),
    told("ExecMainStartTimestamp", "t", |unit| started(unit).realtime.into()),
    told("ExecMainStartTimestampMonotonic", "t", |unit| started(unit).monotonic.into()),
    told("ExecMainExitTimestamp", "t", |unit| exited(unit).realtime.into()),
    told("ExecMainExitTimestampMonotonic", "t", |unit| exited(unit).monotonic.into()),
    told("ExecMainPID", "u", |unit| {
        let run = unit.driver.main_run(&unit.status.name);
        run.and_then(|run| u32::try_from(run.pid).ok()).unwrap_or(0).into()
    }),
    told("ExecMainCode", "i", |unit| exit(unit).0.into()),
    told("ExecMainStatus", "i", |unit| exit(unit).1.into()),
];

/// Nothing before the first run, zero in a run without a watchdog.
fn watchdog(unit: &Subject<'_>, service: &ServiceSettings) -> Value {
    if unit.driver.main_run(&unit.status.name).is_none() {
        return span(None);
    }
    span(Some(unit.status.watchdog.or(service.watchdog).unwrap_or_default()))
}

fn started(unit: &Subject<'_>) -> Stamp {
    unit.driver.main_run(&unit.status.name).map(|run| run.started).unwrap_or_default()
}

fn exited(unit: &Subject<'_>) -> Stamp {
    unit.driver.main_run(&unit.status.name).and_then(|run| run.exited).unwrap_or_default()
}

fn exit(unit: &Subject<'_>) -> (i32, i32) {
    let status = unit.driver.main_run(&unit.status.name).and_then(|run| run.status);
    status.map_or((0, 0), command::exit_words)
}

macro_rules! commands {
    ($($name:literal, $extended:literal, $field:ident, $run:expr;)+) => {
        &[$(
            invalidated($name, "a(sasbttttuii)", |unit| {
                command::plain(list(unit, |service| &service.commands.$field), $run(unit))
            }),
            invalidated($extended, "a(sasasttttuii)", |unit| {
                command::extended(list(unit, |service| &service.commands.$field), $run(unit))
            }),
        )+]
    };
}

const COMMANDS: &[Property<Get>] = commands! {
    "ExecCondition", "ExecConditionEx", condition, |_| None;
    "ExecStartPre", "ExecStartPreEx", start_pre, |_| None;
    "ExecStart", "ExecStartEx", start, command::main_run;
    "ExecStartPost", "ExecStartPostEx", start_post, |_| None;
    "ExecReload", "ExecReloadEx", reload, |_| None;
    "ExecReloadPost", "ExecReloadPostEx", reload_post, |_| None;
    "ExecStop", "ExecStopEx", stop, |_| None;
    "ExecStopPost", "ExecStopPostEx", stop_post, |_| None;
};

fn list<'a>(unit: &Subject<'a>, get: fn(&ServiceSettings) -> &Vec<CommandLine>) -> &'a [CommandLine] {
    match &unit.unit.settings {
        Settings::Service(service) => get(service),
        _ => &[],
    }
}
