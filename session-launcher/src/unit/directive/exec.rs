//! systemd.exec(5): what a process gets and where it runs.

use super::support::{self, Group, Support};
use super::{Applied, Fault, Line, limit, stream};
use crate::unit::environment_d::is_name;
use crate::unit::spec::{EnvironmentFile, ExecSettings};
use crate::unit::value::number;
use crate::unit::words::{Backslash, WordReader};

/// Applies a directive; `None` when there is none of that name.
pub fn apply(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    if let Some(name) = line.key.strip_prefix("Limit").filter(|name| limit::NAMES.contains(name)) {
        return Some(resource_limit(exec, name, line));
    }
    apply_environment(exec, line)
        .or_else(|| stream::apply(exec, line))
        .or_else(|| apply_scheduling(exec, line))
        .or_else(|| apply_directories(exec, line))
        .or_else(|| apply_identity(exec, line))
        .or_else(|| apply_other(exec, line))
}

fn apply_environment(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "Environment" => environment(exec, line),
        "EnvironmentFile" => environment_file(exec, line),
        "PassEnvironment" => names(&mut exec.pass_environment, line, is_name),
        "UnsetEnvironment" => names(&mut exec.unset_environment, line, |word| {
            is_name(word.split('=').next().unwrap_or_default())
        }),
        "WorkingDirectory" => working_directory(exec, line),
        "ExecSearchPath" => search_path(exec, line),
        _ => return None,
    })
}

fn environment(exec: &mut ExecSettings, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.environment.clear();
        return Ok(());
    }
    let mut reader = WordReader::new(line.value, Backslash::Escape);
    loop {
        let word = match reader.next_word() {
            Ok(Some(word)) => word,
            Ok(None) => return Ok(()),
            // What was read before the fault stays, as in systemd.
            Err(error) => {
                return Err(Fault::Ignored(format!(
                    "Environment={}: {error}, the rest of the line is ignored",
                    line.value
                )));
            }
        };
        let word = match line.specifiers.expand(&word) {
            Ok(word) => word,
            Err(error) => {
                line.warn(format!("Environment={word}: {error}, it is ignored"));
                continue;
            }
        };
        match word.split_once('=') {
            Some((name, value)) if is_name(name) && is_variable_value(value) => {
                exec.environment.retain(|(known, _)| known != name);
                exec.environment.push((name.to_owned(), value.to_owned()));
            }
            _ => line.warn(format!("Environment={word}: not a NAME=VALUE assignment, it is ignored")),
        }
    }
}

fn is_variable_value(value: &str) -> bool {
    !value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n'))
}

fn environment_file(exec: &mut ExecSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.environment_files.clear();
        return Ok(());
    }
    let text = line.expanded()?;
    let (optional, path) = optional_prefix(&text);
    match super::simplified(path) {
        Some(path) => exec.environment_files.push(EnvironmentFile { path, optional }),
        None => return line.invalid("an absolute path"),
    }
    Ok(())
}

fn optional_prefix(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |path| (true, path))
}

fn names(list: &mut Vec<String>, line: &mut Line<'_>, valid: impl Fn(&str) -> bool) -> Applied {
    if line.value.is_empty() {
        list.clear();
        return Ok(());
    }
    for word in line.escaped_words()? {
        let word = line.expand(&word)?;
        if !valid(&word) {
            line.warn(format!("{}={word}: not the name of a variable, it is ignored", line.key));
        } else if !list.contains(&word) {
            list.push(word);
        }
    }
    Ok(())
}

/// A wrong directory ends the loading, unless it may be missing.
fn working_directory(exec: &mut ExecSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.working_directory = None;
        exec.working_directory_optional = false;
        return Ok(());
    }
    let (optional, text) = optional_prefix(line.value);
    let path = if text == "~" {
        Some("~".to_owned())
    } else {
        line.expand(text).ok().and_then(|path| super::simplified(&path))
    };
    match path {
        Some(path) => {
            exec.working_directory = Some(path);
            exec.working_directory_optional = optional;
            Ok(())
        }
        None if optional => line.invalid("an absolute path"),
        None => Err(Fault::Fatal(format!("WorkingDirectory={}: not an absolute path", line.value))),
    }
}

fn search_path(exec: &mut ExecSettings, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.search_path.clear();
        return Ok(());
    }
    let text = line.expanded()?;
    for directory in text.split(':') {
        match super::simplified(directory) {
            Some(path) => exec.search_path.push(path),
            None => line.warn(format!("ExecSearchPath={directory}: not an absolute path, it is ignored")),
        }
    }
    Ok(())
}

fn apply_scheduling(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    const CPU_POLICIES: [(&str, &str); 6] = [
        ("other", "other"),
        ("batch", "batch"),
        ("idle", "idle"),
        ("fifo", "fifo"),
        ("rr", "rr"),
        ("ext", "ext"),
    ];
    const IO_CLASSES: [(&str, &str); 8] = [
        ("none", "none"),
        ("realtime", "realtime"),
        ("best-effort", "best-effort"),
        ("idle", "idle"),
        ("0", "none"),
        ("1", "realtime"),
        ("2", "best-effort"),
        ("3", "idle"),
    ];
    Some(match line.key {
        "Nice" => integer(line, -20, 20).map(|nice| exec.nice = nice.map(|nice| nice.min(19))),
        "OOMScoreAdjust" => integer(line, -1000, 1000).map(|adjust| exec.oom_score_adjust = adjust),
        "UMask" => line.mode().map(|mode| exec.umask = Some(mode)),
        "CPUSchedulingPolicy" if line.value.is_empty() => {
            exec.cpu_scheduling_policy = None;
            Ok(())
        }
        "CPUSchedulingPolicy" => {
            line.choice(&CPU_POLICIES).map(|policy| exec.cpu_scheduling_policy = Some(policy.to_owned()))
        }
        "CPUSchedulingPriority" => {
            integer(line, 0, 99).map(|priority| exec.cpu_scheduling_priority = priority)
        }
        "CPUSchedulingResetOnFork" => line.boolean().map(|reset| exec.cpu_scheduling_reset_on_fork = reset),
        "CPUAffinity" => cpu_affinity(exec, line),
        "IOSchedulingClass" if line.value.is_empty() => {
            exec.io_scheduling_class = None;
            Ok(())
        }
        "IOSchedulingClass" => {
            line.choice(&IO_CLASSES).map(|class| exec.io_scheduling_class = Some(class.to_owned()))
        }
        "IOSchedulingPriority" => integer(line, 0, 7).map(|priority| {
            exec.io_scheduling_priority = priority.and_then(|priority| u8::try_from(priority).ok())
        }),
        "TimerSlackNSec" => timer_slack(exec, line),
        "NoNewPrivileges" => line.boolean().map(|on| exec.no_new_privileges = on),
        _ => return None,
    })
}

fn integer(line: &Line<'_>, least: i32, most: i32) -> Result<Option<i32>, Fault> {
    if line.value.is_empty() {
        return Ok(None);
    }
    let number = number::signed(line.value).filter(|number| (least..=most).contains(number));
    number
        .map_or_else(|| line.invalid(&format!("a number from {least} to {most}")), |number| Ok(Some(number)))
}

fn timer_slack(exec: &mut ExecSettings, line: &Line<'_>) -> Applied {
    // A plain number counts nanoseconds here; with a unit it is a time span.
    let plain = line.value.parse::<u64>().ok().or_else(|| line.value.strip_suffix("ns")?.parse().ok());
    let nanoseconds = plain.or_else(|| {
        u64::try_from(crate::unit::value::timespan::parse(line.value)?.finite()?.as_nanos()).ok()
    });
    match nanoseconds {
        Some(nanoseconds) => {
            exec.timer_slack_ns = Some(nanoseconds);
            Ok(())
        }
        None => line.invalid("a time span"),
    }
}

/// CPUs that a line may name; a range is bounded by it.
const MAX_CPU: u32 = 8191;

fn cpu_affinity(exec: &mut ExecSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.cpu_affinity.clear();
        return Ok(());
    }
    if line.value == "numa" {
        return Err(Fault::Ignored(
            "CPUAffinity=numa: NUMA policies are not supported, the line is ignored".to_owned(),
        ));
    }
    for word in line.words()? {
        for part in word.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (first.parse::<u32>(), last.parse::<u32>()) {
                (Ok(first), Ok(last)) if first <= last && last <= MAX_CPU => {
                    exec.cpu_affinity.extend(first..=last)
                }
                _ => return line.invalid("a list of CPUs"),
            }
        }
    }
    exec.cpu_affinity.sort_unstable();
    exec.cpu_affinity.dedup();
    Ok(())
}

fn resource_limit(exec: &mut ExecSettings, name: &str, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.limits.remove(name);
        return Ok(());
    }
    match limit::parse(name, line.value) {
        Some(limit) => {
            exec.limits.insert(name.to_owned(), limit);
            Ok(())
        }
        None => line.invalid("a resource limit"),
    }
}

fn apply_directories(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "RuntimeDirectory" => directories(&mut exec.runtime_directory, line),
        "StateDirectory" => directories(&mut exec.state_directory, line),
        "CacheDirectory" => directories(&mut exec.cache_directory, line),
        "LogsDirectory" => directories(&mut exec.logs_directory, line),
        "ConfigurationDirectory" => directories(&mut exec.configuration_directory, line),
        "RuntimeDirectoryMode"
        | "StateDirectoryMode"
        | "CacheDirectoryMode"
        | "LogsDirectoryMode"
        | "ConfigurationDirectoryMode" => line.mode().map(|mode| {
            exec.directory_modes.insert(line.key.to_owned(), mode);
        }),
        "RuntimeDirectoryPreserve" => line
            .choice(&[
                ("no", "no"),
                ("yes", "yes"),
                ("restart", "restart"),
                ("0", "no"),
                ("1", "yes"),
                ("true", "yes"),
                ("false", "no"),
            ])
            .map(|preserve| exec.runtime_directory_preserve = Some(preserve.to_owned())),
        _ => return None,
    })
}

fn directories(list: &mut Vec<String>, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        list.clear();
        return Ok(());
    }
    for word in line.words()? {
        let expanded = line.expand(&word)?;
        let path = expanded.split(':').next().unwrap_or_default();
        let valid = !path.is_empty() && !path.starts_with('/') && !path.split('/').any(|part| part == "..");
        if !valid {
            line.warn(format!("{}={expanded}: not a relative path, it is ignored", line.key));
        } else if !list.contains(&expanded) {
            list.push(expanded);
        }
    }
    Ok(())
}

fn apply_identity(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    let text = |line: &Line<'_>| line.expanded().map(|text| Some(text).filter(|text| !text.is_empty()));
    let host = line.host;
    Some(match line.key {
        "User" => text(line).and_then(|user| {
            let own = host.system
                || user.as_ref().is_none_or(|user| *user == host.user || *user == host.uid.to_string());
            exec.user.clone_from(&user);
            if own { Ok(()) } else { refuse_identity(line) }
        }),
        "Group" => text(line).and_then(|group| {
            let own = host.system
                || group.as_ref().is_none_or(|group| *group == host.group || *group == host.gid.to_string());
            exec.group.clone_from(&group);
            if own { Ok(()) } else { refuse_identity(line) }
        }),
        "SupplementaryGroups" if host.system => names(&mut exec.supplementary_groups, line, |_| true),
        // Kept with the sandbox's settings, as written.
        "AmbientCapabilities" if host.system => {
            let list = exec.sandbox.entry(line.key.to_owned()).or_default();
            list.push(line.value.to_owned());
            if line.value.is_empty() {
                exec.sandbox.remove(line.key);
            }
            Ok(())
        }
        "DynamicUser" if host.system && line.boolean() == Ok(true) => {
            Err(Fault::Unsupported("DynamicUser=yes: no user is made for it here".to_owned()))
        }
        "PAMName" => text(line).and_then(|name| {
            exec.pam_name.clone_from(&name);
            match name {
                None => Ok(()),
                Some(_) if host.system => Ok(()),
                Some(_) => Err(Fault::Unsupported(format!(
                    "PAMName={}: a user manager opens no PAM sessions",
                    line.value
                ))),
            }
        }),
        _ => return None,
    })
}

/// systemd fails too, though only when the process starts.
fn refuse_identity(line: &Line<'_>) -> Applied {
    Err(Fault::Unsupported(format!(
        "{}={}: a user manager cannot become somebody else",
        line.key, line.value
    )))
}

fn apply_other(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    let entry = support::find(Group::Exec, line.key)?;
    let result = support::unsupported(entry, line);
    if entry.support == Support::Sandbox && result.is_ok() {
        let list = exec.sandbox.entry(line.key.to_owned()).or_default();
        if line.value.is_empty() {
            exec.sandbox.remove(line.key);
        } else {
            list.push(line.value.to_owned());
        }
    }
    Some(result)
}
