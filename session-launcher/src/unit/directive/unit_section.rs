//! `[Unit]` (systemd.unit(5)).

use std::path::PathBuf;

use super::{Applied, Fault, Line};
use crate::unit::name::UnitName;
use crate::unit::spec::{
    CollectMode, Condition, ConditionKind, DependencyKind, DependencyOrigin, EmergencyAction, JobMode, Unit,
};
use crate::unit::value::exit_status;

/// What the section's directives need to know of each other.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobTimeouts {
    /// `JobRunningTimeoutSec=` was given.
    pub running_given: bool,
}

/// Applies a directive; `None` when there is none of that name.
pub fn apply(
    unit: &mut Unit,
    timeouts: &mut JobTimeouts,
    line: &mut Line<'_>,
    origin: &DependencyOrigin,
) -> Option<Applied> {
    if let Some((kind, old)) = dependency(line.key) {
        if let Some(new) = old {
            line.warn(format!("{}= is an old name of {new}=", line.key));
        }
        return Some(add_dependencies(unit, kind, line, origin));
    }
    if let Some((list, kind)) = condition(line.key) {
        return Some(add_condition(unit, list, kind, line));
    }
    apply_flag(unit, timeouts, line)
}

fn apply_flag(unit: &mut Unit, timeouts: &mut JobTimeouts, line: &mut Line<'_>) -> Option<Applied> {
    let flags = &mut unit.flags;
    let boolean = |target: &mut bool, line: &Line<'_>| line.boolean().map(|value| *target = value);
    Some(match line.key {
        "Description" => line.expanded().map(|text| {
            unit.description = if text.is_empty() { unit.name.to_string() } else { text };
        }),
        "Documentation" => documentation(unit, line),
        "SourcePath" => {
            if line.value.is_empty() {
                unit.source_path = None;
                return Some(Ok(()));
            }
            line.path().map(|path| unit.source_path = Some(PathBuf::from(path)))
        }
        "StopWhenUnneeded" => boolean(&mut flags.stop_when_unneeded, line),
        "RefuseManualStart" => boolean(&mut flags.refuse_manual_start, line),
        "RefuseManualStop" => boolean(&mut flags.refuse_manual_stop, line),
        "AllowIsolate" => boolean(&mut flags.allow_isolate, line),
        "DefaultDependencies" => boolean(&mut flags.default_dependencies, line),
        "IgnoreOnIsolate" => boolean(&mut flags.ignore_on_isolate, line),
        "SurviveFinalKillSignal" => boolean(&mut flags.survive_final_kill_signal, line),
        "OnSuccessJobMode" => line.choice(&JOB_MODES).map(|mode| flags.on_success_job_mode = mode),
        "OnFailureJobMode" => line.choice(&JOB_MODES).map(|mode| flags.on_failure_job_mode = mode),
        "OnFailureIsolate" => line.boolean().map(|isolate| {
            flags.on_failure_job_mode = if isolate { JobMode::Isolate } else { JobMode::Replace };
        }),
        "JobTimeoutSec" => line.span_or_never().map(|span| {
            flags.job_timeout = span;
            if !timeouts.running_given {
                flags.job_running_timeout = span;
            }
        }),
        "JobRunningTimeoutSec" => line.span_or_never().map(|span| {
            flags.job_running_timeout = span;
            timeouts.running_given = true;
        }),
        "JobTimeoutAction" => action(line).map(|action| flags.job_timeout_action = action),
        "FailureAction" => action(line).map(|action| flags.failure_action = action),
        "SuccessAction" => action(line).map(|action| flags.success_action = action),
        "FailureActionExitStatus" => status(line).map(|status| flags.failure_action_exit_status = status),
        "SuccessActionExitStatus" => status(line).map(|status| flags.success_action_exit_status = status),
        "StartLimitIntervalSec" | "StartLimitInterval" => {
            line.span().map(|span| flags.start_limit.interval = span)
        }
        "StartLimitBurst" => line.unsigned().map(|burst| flags.start_limit.burst = burst),
        "StartLimitAction" => action(line).map(|action| flags.start_limit.action = action),
        "CollectMode" => line
            .choice(&[
                ("inactive", CollectMode::Inactive),
                ("inactive-or-failed", CollectMode::InactiveOrFailed),
            ])
            .map(|mode| flags.collect_mode = mode),
        // A user has no mount units to wait for; the paths' mounts are there before the session is.
        "RequiresMountsFor" | "WantsMountsFor" => mounts(line),
        "JobTimeoutRebootArgument" | "RebootArgument" => Ok(()),
        _ => return None,
    })
}

/// `StartLimit...=` and the actions may stand in `[Service]` too, as they did once. `None` when it is another one.
pub fn apply_in_service(unit: &mut Unit, line: &mut Line<'_>) -> Option<Applied> {
    match line.key {
        "StartLimitInterval" | "StartLimitBurst" | "StartLimitAction" | "FailureAction"
        | "RebootArgument" => apply_flag(unit, &mut JobTimeouts::default(), line),
        _ => None,
    }
}

const JOB_MODES: [(&str, JobMode); 10] = [
    ("fail", JobMode::Fail),
    ("lenient", JobMode::Lenient),
    ("replace", JobMode::Replace),
    ("replace-irreversibly", JobMode::ReplaceIrreversibly),
    ("isolate", JobMode::Isolate),
    ("flush", JobMode::Flush),
    ("ignore-dependencies", JobMode::IgnoreDependencies),
    ("ignore-requirements", JobMode::IgnoreRequirements),
    ("triggering", JobMode::Triggering),
    ("restart-dependencies", JobMode::RestartDependencies),
];

fn dependency(key: &str) -> Option<(DependencyKind, Option<&'static str>)> {
    use DependencyKind as Kind;
    Some(match key {
        "Requires" => (Kind::Requires, None),
        "Requisite" => (Kind::Requisite, None),
        "Wants" => (Kind::Wants, None),
        "BindsTo" => (Kind::BindsTo, None),
        "BindTo" => (Kind::BindsTo, Some("BindsTo")),
        "PartOf" => (Kind::PartOf, None),
        "Upholds" => (Kind::Upholds, None),
        "Conflicts" => (Kind::Conflicts, None),
        "Before" => (Kind::Before, None),
        "After" => (Kind::After, None),
        "OnFailure" => (Kind::OnFailure, None),
        "OnSuccess" => (Kind::OnSuccess, None),
        "PropagatesStopTo" => (Kind::PropagatesStopTo, None),
        "StopPropagatedFrom" => (Kind::StopPropagatedFrom, None),
        "PropagatesReloadTo" => (Kind::PropagatesReloadTo, None),
        "PropagateReloadTo" => (Kind::PropagatesReloadTo, Some("PropagatesReloadTo")),
        "ReloadPropagatedFrom" => (Kind::ReloadPropagatedFrom, None),
        "PropagateReloadFrom" => (Kind::ReloadPropagatedFrom, Some("ReloadPropagatedFrom")),
        "JoinsNamespaceOf" => (Kind::JoinsNamespaceOf, None),
        "RequiresOverridable" => (Kind::Requires, Some("Requires")),
        "RequisiteOverridable" => (Kind::Requisite, Some("Requisite")),
        _ => return None,
    })
}

fn add_dependencies(
    unit: &mut Unit,
    kind: DependencyKind,
    line: &mut Line<'_>,
    origin: &DependencyOrigin,
) -> Applied {
    for word in line.words()? {
        match line.unit(&unit.name, &word) {
            Ok(name) if is_own(unit, &name) => {}
            Ok(name) => unit.dependencies.add(kind, name, origin.clone()),
            Err(_) => line.warn(format!("{}={word}: not a unit name, it is ignored", line.key)),
        }
    }
    Ok(())
}

fn is_own(unit: &Unit, name: &UnitName) -> bool {
    unit.name == *name || unit.aliases.contains(name)
}

fn documentation(unit: &mut Unit, line: &mut Line<'_>) -> Applied {
    const SCHEMES: [&str; 5] = ["http://", "https://", "file:", "info:", "man:"];
    if line.value.is_empty() {
        unit.documentation.clear();
        return Ok(());
    }
    for word in line.words()? {
        let uri = line.expand(&word)?;
        if SCHEMES.iter().any(|scheme| uri.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
            unit.documentation.push(uri);
        } else {
            line.warn(format!(
                "Documentation={uri}: not a URI of http, https, file, info or man, it is ignored"
            ));
        }
    }
    Ok(())
}

fn mounts(line: &mut Line<'_>) -> Applied {
    for word in line.words()? {
        let path = line.expand(&word)?;
        if super::simplified(&path).is_none() {
            line.warn(format!("{}={path}: not an absolute path, it is ignored", line.key));
        }
    }
    Ok(())
}

fn action(line: &Line<'_>) -> Result<EmergencyAction, Fault> {
    use EmergencyAction as Action;
    let action = line.choice(&[
        ("none", Action::None),
        ("exit", Action::Exit),
        ("exit-force", Action::ExitForce),
        ("reboot", Action::Reboot),
        ("reboot-force", Action::RebootForce),
        ("reboot-immediate", Action::RebootImmediate),
        ("poweroff", Action::Poweroff),
        ("poweroff-force", Action::PoweroffForce),
        ("poweroff-immediate", Action::PoweroffImmediate),
        ("soft-reboot", Action::SoftReboot),
        ("soft-reboot-force", Action::SoftRebootForce),
        ("kexec", Action::Kexec),
        ("kexec-force", Action::KexecForce),
        ("halt", Action::Halt),
        ("halt-force", Action::HaltForce),
        ("halt-immediate", Action::HaltImmediate),
    ])?;
    match action {
        Action::None | Action::Exit | Action::ExitForce => Ok(action),
        _ => Err(Fault::Ignored(format!(
            "{}={}: not for user managers, the line is ignored",
            line.key, line.value
        ))),
    }
}

fn status(line: &Line<'_>) -> Result<Option<u8>, Fault> {
    match line.given() {
        None => Ok(None),
        Some(text) => {
            exit_status::code(text).map_or_else(|| line.invalid("an exit status"), |code| Ok(Some(code)))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Condition,
    Assert,
}

fn condition(key: &str) -> Option<(List, ConditionKind)> {
    let (list, name) = match key.strip_prefix("Condition") {
        Some(name) => (List::Condition, name),
        None => (List::Assert, key.strip_prefix("Assert")?),
    };
    ConditionKind::from_name(name).map(|kind| (list, kind))
}

fn add_condition(unit: &mut Unit, list: List, kind: ConditionKind, line: &mut Line<'_>) -> Applied {
    let set = match list {
        List::Condition => &mut unit.conditions,
        List::Assert => &mut unit.asserts,
    };
    if line.value.is_empty() {
        set.0.clear();
        return Ok(());
    }
    let (trigger, rest) = strip_mark(line.value, '|', kind);
    let (negate, rest) = strip_mark(rest, '!', kind);
    let mut parameter = line.expand(rest)?;
    if kind.takes_path() {
        parameter = match super::simplified(&parameter) {
            Some(path) => path,
            None => return line.invalid("an absolute path"),
        };
    }
    if parameter.is_empty() {
        return line.invalid("a condition: its parameter is missing");
    }
    set.0.push(Condition { kind, trigger, negate, parameter });
    Ok(())
}

/// White space may follow the mark, except before a path.
fn strip_mark(text: &str, mark: char, kind: ConditionKind) -> (bool, &str) {
    match text.strip_prefix(mark) {
        Some(rest) if kind.takes_path() => (true, rest),
        Some(rest) => (true, rest.trim_start_matches(crate::unit::syntax::is_space)),
        None => (false, text),
    }
}
