//! Properties that all units have.

use super::value::{monotonic, optional, realtime, span, text, texts, word};
use super::{Get, Subject};
use crate::bus::manager::units::bytes_of_invocation;
use crate::bus::path;
use crate::bus::table::{Emits, Property, Value};
use crate::exec::prepare::DirectoryKind;
use crate::unit::install::{self, Preset, Presets, UnitFileState};
use crate::unit::spec::{ConditionSet, LoadState};

/// A property that changes only with the unit's files.
pub(super) const fn constant(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Const, get, set: None }
}

/// A property whose change is told.
pub(super) const fn told(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Value, get, set: None }
}

/// A property whose change is told without its value.
pub(super) const fn invalidated(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Invalidates, get, set: None }
}

/// A property whose change is not told.
pub(super) const fn silent(name: &'static str, signature: &'static str, get: Get) -> Property<Get> {
    Property { name, signature, emits: Emits::Nothing, get, set: None }
}

/// All groups.
pub const PROPERTIES: &[&[Property<Get>]] =
    &[NAMES, RELATIONS, FILES, STATE, ABILITIES, FLAGS, CONDITIONS, RUN];

const NAMES: &[Property<Get>] = &[
    constant("Id", "s", |unit| text(&unit.status.name)),
    constant("Names", "as", |unit| texts(std::iter::once(&unit.unit.name).chain(&unit.unit.aliases))),
    silent("Following", "s", |_| "".into()),
    constant("Documentation", "as", |unit| texts(&unit.unit.documentation)),
    constant("Description", "s", |unit| text(&unit.unit.description)),
];

macro_rules! relations {
    ($($name:literal),+ $(,)?) => {
        &[$(constant($name, "as", |unit| related(unit, $name))),+]
    };
}

const RELATIONS: &[Property<Get>] = relations![
    "Requires",
    "Requisite",
    "Wants",
    "BindsTo",
    "PartOf",
    "Upholds",
    "RequiredBy",
    "RequisiteOf",
    "WantedBy",
    "BoundBy",
    "UpheldBy",
    "ConsistsOf",
    "Conflicts",
    "ConflictedBy",
    "Before",
    "After",
    "OnSuccess",
    "OnSuccessOf",
    "OnFailure",
    "OnFailureOf",
    "Triggers",
    "TriggeredBy",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "JoinsNamespaceOf",
    "SliceOf",
];

fn related(unit: &Subject<'_>, property: &str) -> Value {
    texts(unit.driver.engine().related(&unit.status.name, property))
}

const FILES: &[Property<Get>] = &[
    constant("LoadState", "s", |unit| unit.status.load_state.as_str().into()),
    constant("LoadError", "(ss)", load_error),
    constant("FragmentPath", "s", |unit| {
        optional(unit.unit.fragment_path.as_ref().map(|path| path.display()))
    }),
    constant("SourcePath", "s", |unit| optional(unit.unit.source_path.as_ref().map(|path| path.display()))),
    constant("DropInPaths", "as", |unit| texts(unit.unit.drop_in_paths.iter().map(|path| path.display()))),
    silent("UnitFileState", "s", |unit| file_state(unit).into()),
    silent("UnitFilePreset", "s", |unit| preset(unit).into()),
    constant("Transient", "b", |unit| unit.driver.is_transient(&unit.status.name).into()),
];

fn load_error(unit: &Subject<'_>) -> Value {
    let message = unit.unit.load_error.clone();
    let (name, message) = match unit.status.load_state {
        LoadState::Loaded => ("", String::new()),
        LoadState::NotFound => {
            ("org.freedesktop.systemd1.NoSuchUnit", format!("Unit {} not found.", unit.status.name))
        }
        LoadState::Masked => {
            ("org.freedesktop.systemd1.UnitMasked", format!("Unit {} is masked.", unit.status.name))
        }
        LoadState::BadSetting => (
            "org.freedesktop.systemd1.BadUnitSetting",
            format!("Unit {} has a bad unit file setting.", unit.status.name),
        ),
        LoadState::Error => ("org.freedesktop.systemd1.LoadFailed", message.unwrap_or_default()),
    };
    Value::from((name.to_owned(), message))
}

fn file_state(unit: &Subject<'_>) -> &'static str {
    if unit.driver.is_transient(&unit.status.name) {
        return UnitFileState::Transient.as_str();
    }
    match install::state(&unit.driver.engine().host().loader, &unit.status.name) {
        UnitFileState::NotFound => "",
        state => state.as_str(),
    }
}

fn preset(unit: &Subject<'_>) -> &'static str {
    if unit.unit.fragment_path.is_none() {
        return "";
    }
    let loader = &unit.driver.engine().host().loader;
    match Presets::load(loader.host(), loader.path()).of(&unit.status.name) {
        Preset::Enable(_) => "enabled",
        Preset::Disable => "disabled",
        Preset::Ignore => "ignored",
    }
}

const STATE: &[Property<Get>] = &[
    told("ActiveState", "s", |unit| unit.status.active.as_str().into()),
    told("FreezerState", "s", freezer_state),
    told("SubState", "s", |unit| unit.status.sub.into()),
    told("StateChangeTimestamp", "t", |unit| realtime(unit.status.times.state_change)),
    told("StateChangeTimestampMonotonic", "t", |unit| monotonic(unit.status.times.state_change)),
    told("InactiveExitTimestamp", "t", |unit| realtime(unit.status.times.inactive_exit)),
    told("InactiveExitTimestampMonotonic", "t", |unit| monotonic(unit.status.times.inactive_exit)),
    told("ActiveEnterTimestamp", "t", |unit| realtime(unit.status.times.active_enter)),
    told("ActiveEnterTimestampMonotonic", "t", |unit| monotonic(unit.status.times.active_enter)),
    told("ActiveExitTimestamp", "t", |unit| realtime(unit.status.times.active_exit)),
    told("ActiveExitTimestampMonotonic", "t", |unit| monotonic(unit.status.times.active_exit)),
    told("InactiveEnterTimestamp", "t", |unit| realtime(unit.status.times.inactive_enter)),
    told("InactiveEnterTimestampMonotonic", "t", |unit| monotonic(unit.status.times.inactive_enter)),
    told("Job", "(uo)", job),
];

fn job(unit: &Subject<'_>) -> Value {
    let (id, path) = unit.status.job.map_or((0, path::none()), |(id, ..)| (id.0, path::job(id)));
    Value::from((id, path))
}

fn freezer_state(unit: &Subject<'_>) -> Value {
    let runs = !unit.status.active.is_inactive_or_failed();
    if runs && unit.driver.is_frozen(&unit.status.name) { "frozen".into() } else { "running".into() }
}

/// The kinds of directories that the unit has.
fn can_clean(unit: &Subject<'_>) -> Vec<&'static str> {
    let directories = unit.driver.directories_of(&unit.status.name);
    let has = |kind: &DirectoryKind| directories.iter().any(|(other, _)| other == kind);
    DirectoryKind::ALL.into_iter().filter(has).map(DirectoryKind::as_str).collect()
}

const ABILITIES: &[Property<Get>] = &[
    constant("CanStart", "b", |unit| unit.abilities().start.into()),
    constant("CanStop", "b", |unit| unit.abilities().stop.into()),
    constant("CanReload", "b", |unit| unit.abilities().reload.into()),
    constant("CanIsolate", "b", |unit| unit.abilities().isolate.into()),
    constant("CanClean", "as", |unit| texts(can_clean(unit))),
    constant("CanFreeze", "b", |unit| unit.driver.can_freeze(&unit.status.name).into()),
    constant("CanLiveMount", "b", |_| false.into()),
    constant("Perpetual", "b", |unit| unit.abilities().perpetual.into()),
];

const FLAGS: &[Property<Get>] = &[
    constant("StopWhenUnneeded", "b", |unit| unit.unit.flags.stop_when_unneeded.into()),
    constant("RefuseManualStart", "b", |unit| unit.unit.flags.refuse_manual_start.into()),
    constant("RefuseManualStop", "b", |unit| unit.unit.flags.refuse_manual_stop.into()),
    constant("AllowIsolate", "b", |unit| unit.unit.flags.allow_isolate.into()),
    constant("DefaultDependencies", "b", |unit| unit.unit.flags.default_dependencies.into()),
    constant("SurviveFinalKillSignal", "b", |unit| unit.unit.flags.survive_final_kill_signal.into()),
    constant("OnSuccessJobMode", "s", |unit| word(unit.unit.flags.on_success_job_mode)),
    constant("OnFailureJobMode", "s", |unit| word(unit.unit.flags.on_failure_job_mode)),
    constant("IgnoreOnIsolate", "b", |unit| unit.unit.flags.ignore_on_isolate.into()),
    silent("NeedDaemonReload", "b", |unit| unit.is_outdated().into()),
    silent("Markers", "as", |_| texts([""; 0])),
    constant("JobTimeoutUSec", "t", |unit| span(unit.unit.flags.job_timeout)),
    constant("JobRunningTimeoutUSec", "t", |unit| span(unit.unit.flags.job_running_timeout)),
    constant("JobTimeoutAction", "s", |unit| word(unit.unit.flags.job_timeout_action)),
    constant("StartLimitIntervalUSec", "t", |unit| span(unit.unit.flags.start_limit.interval)),
    constant("StartLimitBurst", "u", |unit| unit.unit.flags.start_limit.burst.into()),
    constant("StartLimitAction", "s", |unit| word(unit.unit.flags.start_limit.action)),
    constant("FailureAction", "s", |unit| word(unit.unit.flags.failure_action)),
    constant("FailureActionExitStatus", "i", |unit| exit_status(unit.unit.flags.failure_action_exit_status)),
    constant("SuccessAction", "s", |unit| word(unit.unit.flags.success_action)),
    constant("SuccessActionExitStatus", "i", |unit| exit_status(unit.unit.flags.success_action_exit_status)),
    constant("CollectMode", "s", |unit| word(unit.unit.flags.collect_mode)),
];

fn exit_status(status: Option<u8>) -> Value {
    status.map_or(-1, i32::from).into()
}

const CONDITIONS: &[Property<Get>] = &[
    told("ConditionResult", "b", |unit| unit.status.condition_result.into()),
    told("AssertResult", "b", |unit| unit.status.assert_result.into()),
    told("ConditionTimestamp", "t", |unit| realtime(unit.status.times.condition)),
    told("ConditionTimestampMonotonic", "t", |unit| monotonic(unit.status.times.condition)),
    told("AssertTimestamp", "t", |unit| realtime(unit.status.times.assertion)),
    told("AssertTimestampMonotonic", "t", |unit| monotonic(unit.status.times.assertion)),
    invalidated("Conditions", "a(sbbsi)", |unit| {
        conditions("Condition", &unit.unit.conditions, &unit.status.condition_results)
    }),
    invalidated("Asserts", "a(sbbsi)", |unit| {
        conditions("Assert", &unit.unit.asserts, &unit.status.assert_results)
    }),
];

/// Name, `|`, `!`, parameter, and the outcome: 1 holds, -1 does not, 0 not tested.
fn conditions(prefix: &str, set: &ConditionSet, results: &[bool]) -> Value {
    let rows: Vec<(String, bool, bool, String, i32)> = set
        .0
        .iter()
        .enumerate()
        // The last one first, as systemd has them.
        .rev()
        .map(|(place, condition)| {
            let outcome = match results.get(place) {
                Some(true) => 1,
                Some(false) => -1,
                None => 0,
            };
            let name = format!("{prefix}{}", condition.kind.as_str());
            (name, condition.trigger, condition.negate, condition.parameter.clone(), outcome)
        })
        .collect();
    rows.into()
}

const RUN: &[Property<Get>] = &[
    told("InvocationID", "ay", |unit| {
        unit.driver.invocation(&unit.status.name).map(bytes_of_invocation).unwrap_or_default().into()
    }),
    silent("Refs", "as", |unit| texts(unit.state.clients.holders(&unit.status.name))),
    told("ActivationDetails", "a(ss)", |unit| {
        let trigger = unit.status.triggered_by.iter();
        trigger.map(|name| ("trigger_unit".to_owned(), name.to_string())).collect::<Vec<_>>().into()
    }),
    silent("DebugInvocation", "b", |_| false.into()),
];
