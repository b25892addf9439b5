//! Properties of the manager.

use std::time::Duration;

use super::{Get, Subject};
use crate::bus::table::{Emits, Property, Value};
use crate::daemon::clock::{Stamp, microseconds};
use crate::job::ActiveState;
use crate::unit::manager_config::ManagerConfig;

const fn constant(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Const, get, set: None }
}

const fn silent(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Nothing, get, set: None }
}

/// Clients read the number before the first dot or space as systemd's version, and ask for what that version has.
const VERSION: &str = concat!("262 (usher ", env!("CARGO_PKG_VERSION"), ")");

/// All groups.
pub const PROPERTIES: &[&[Property<Get>]] = &[PROGRAM, TIMES, COUNTS, DEFAULTS];

const PROGRAM: &[Property<Get>] = &[
    constant("Version", "s", |_| VERSION.into()),
    constant("Features", "s", |_| "".into()),
    constant("Architecture", "s", |_| architecture().into()),
    silent("Environment", "as", |manager| manager.driver.environment().assignments().into()),
    constant("UnitPath", "as", |manager| {
        let path = manager.driver.engine().host().loader.path();
        let directories = path.directories().iter().map(|path| path.display().to_string());
        directories.collect::<Vec<_>>().into()
    }),
    silent("SystemState", "s", |manager| system_state(manager).into()),
    silent("ExitCode", "y", |manager| manager.state.exit_code.into()),
    silent("ReloadCount", "t", |manager| manager.state.reloads.into()),
];

/// The name that systemd has for the machine's architecture.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        "aarch64" => "arm64",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64-le",
        "loongarch64" => "loongarch64",
        other => other,
    }
}

fn system_state(manager: &Subject<'_>) -> &'static str {
    let engine = manager.driver.engine();
    let stops = engine
        .jobs()
        .any(|(_, unit, kind, _)| unit.as_str() == "exit.target" && kind == crate::job::JobKind::Start);
    if stops || manager.driver.ending().is_some() {
        "stopping"
    } else if manager.state.finished.is_none() {
        "starting"
    } else if failed_units(manager) > 0 {
        "degraded"
    } else {
        "running"
    }
}

fn failed_units(manager: &Subject<'_>) -> u32 {
    count(manager.driver.engine().statuses().iter().filter(|unit| unit.active == ActiveState::Failed).count())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn finished(manager: &Subject<'_>) -> Stamp {
    manager.state.finished.unwrap_or_default()
}

const TIMES: &[Property<Get>] = &[
    constant("UserspaceTimestamp", "t", |manager| manager.state.started.realtime.into()),
    constant("UserspaceTimestampMonotonic", "t", |manager| manager.state.started.monotonic.into()),
    constant("FinishTimestamp", "t", |manager| finished(manager).realtime.into()),
    constant("FinishTimestampMonotonic", "t", |manager| finished(manager).monotonic.into()),
];

const COUNTS: &[Property<Get>] = &[
    silent("NNames", "u", |manager| count(manager.driver.engine().statuses().len()).into()),
    Property {
        name: "NFailedUnits",
        signature: "u",
        emits: Emits::Value,
        get: |manager| failed_units(manager).into(),
        set: None,
    },
    silent("NJobs", "u", |manager| count(manager.driver.engine().jobs().count()).into()),
    silent("NInstalledJobs", "u", |manager| manager.state.installed_jobs.into()),
    silent("NFailedJobs", "u", |manager| manager.state.failed_jobs.into()),
    silent("Progress", "d", progress),
];

/// 1 once the first jobs are done.
fn progress(manager: &Subject<'_>) -> Value {
    if manager.state.finished.is_some() {
        return 1.0f64.into();
    }
    let left = f64::from(count(manager.driver.engine().jobs().count()));
    let all = f64::from(manager.state.installed_jobs).max(1.0);
    (1.0 - left / all).clamp(0.0, 1.0).into()
}

/// What units have that do not say otherwise.
const DEFAULTS: &[Property<Get>] = &[
    constant("DefaultTimerAccuracyUSec", "t", |manager| span(Some(config(manager).timer_accuracy))),
    constant("DefaultTimeoutStartUSec", "t", |manager| span(config(manager).timeout_start)),
    constant("DefaultTimeoutStopUSec", "t", |manager| span(config(manager).timeout_stop)),
    silent("DefaultTimeoutAbortUSec", "t", |manager| {
        let config = config(manager);
        span(config.timeout_abort.unwrap_or(config.timeout_stop))
    }),
    constant("DefaultRestartUSec", "t", |manager| span(config(manager).restart_delay)),
    constant("DefaultStartLimitIntervalUSec", "t", |manager| span(config(manager).start_limit.interval)),
    constant("DefaultStartLimitBurst", "u", |manager| config(manager).start_limit.burst.into()),
    constant("DefaultOOMPolicy", "s", |manager| {
        crate::unit::property::word(config(manager).oom_policy).into()
    }),
];

fn config<'a>(manager: &Subject<'a>) -> &'a ManagerConfig {
    manager.driver.engine().host().loader.config()
}

/// In microseconds; `None` is for ever.
fn span(span: Option<Duration>) -> Value {
    span.map_or(u64::MAX, microseconds).into()
}
