//! The control group of a unit, and what it holds (systemd.resource-control(5)).

use std::fs;
use std::path::Path;

use zbus::Message;

use super::general::silent;
use super::value::{NEVER, text, texts};
use super::{Get, Subject};
use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::manager::processes;
use crate::bus::table::{Method, Property, Value};

/// Of services, sockets, slices and scopes.
pub const PROPERTIES: &[Property<Get>] = &[
    silent("Slice", "s", |unit| text(slice(unit))),
    silent("ControlGroup", "s", |unit| text(group(unit))),
    silent("MemoryCurrent", "t", |unit| number(unit, "memory.current").into()),
    silent("MemoryPeak", "t", |unit| number(unit, "memory.peak").into()),
    silent("MemorySwapCurrent", "t", |unit| number(unit, "memory.swap.current").into()),
    silent("MemorySwapPeak", "t", |unit| number(unit, "memory.swap.peak").into()),
    silent("CPUUsageNSec", "t", |unit| {
        entry(unit, "cpu.stat", "usage_usec").map_or(NEVER, |span| span.saturating_mul(1000)).into()
    }),
    silent("TasksCurrent", "t", tasks),
    silent("OOMKills", "t", |unit| entry(unit, "memory.events", "oom_kill").unwrap_or(NEVER).into()),
    silent("Delegate", "b", |unit| unit.resources().is_some_and(|it| it.delegate.is_some()).into()),
    silent("DelegateControllers", "as", |unit| {
        texts(unit.resources().and_then(|resources| resources.delegate.clone()).unwrap_or_default())
    }),
    silent("CPUWeight", "t", |unit| limit(unit, "CPUWeight", NEVER)),
    silent("IOWeight", "t", |unit| limit(unit, "IOWeight", NEVER)),
    silent("MemoryMin", "t", |unit| limit(unit, "MemoryMin", 0)),
    silent("MemoryLow", "t", |unit| limit(unit, "MemoryLow", 0)),
    silent("MemoryHigh", "t", |unit| limit(unit, "MemoryHigh", NEVER)),
    silent("MemoryMax", "t", |unit| limit(unit, "MemoryMax", NEVER)),
    silent("MemorySwapMax", "t", |unit| limit(unit, "MemorySwapMax", NEVER)),
    silent("TasksMax", "t", |unit| limit(unit, "TasksMax", NEVER)),
];

/// Of all of them too.
pub const METHODS: &[Method] =
    &[Method::looking("GetProcesses", ("", ""), ("a(sus)", "processes"), get_processes)];

fn get_processes(call: &mut Call<'_>) -> Result<Message, Failure> {
    let unit = call.unit()?;
    processes::list_of(call, &unit)
}

fn slice(unit: &Subject<'_>) -> String {
    let own = unit.unit.dependencies.names(crate::unit::spec::DependencyKind::InSlice).next();
    match own.or_else(|| unit.resources().and_then(|resources| resources.slice.as_ref())) {
        Some(slice) => slice.to_string(),
        // The root slice lies in none.
        None if unit.unit.name.as_str() == "-.slice" => String::new(),
        None => "-.slice".to_owned(),
    }
}

/// The group while it is there, as an absolute path in the tree of groups.
fn group(unit: &Subject<'_>) -> String {
    let group = unit.driver.control_group(unit.unit);
    if unit.status.active.is_inactive_or_failed() || !directory(&group).exists() {
        String::new()
    } else {
        group
    }
}

fn directory(group: &str) -> std::path::PathBuf {
    Path::new("/sys/fs/cgroup").join(group.trim_start_matches('/'))
}

fn read(unit: &Subject<'_>, file: &str) -> Option<String> {
    let group = group(unit);
    if group.is_empty() {
        return None;
    }
    fs::read_to_string(directory(&group).join(file)).ok()
}

fn number(unit: &Subject<'_>, file: &str) -> u64 {
    read(unit, file).and_then(|text| text.trim().parse().ok()).unwrap_or(NEVER)
}

fn entry(unit: &Subject<'_>, file: &str, name: &str) -> Option<u64> {
    read(unit, file)?.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

fn tasks(unit: &Subject<'_>) -> Value {
    match number(unit, "pids.current") {
        // Without the controller: whoever can be seen.
        NEVER if !unit.status.active.is_inactive_or_failed() => {
            let count = unit.driver.processes_of(&unit.status.name).len();
            u64::try_from(count).ok().filter(|count| *count > 0).unwrap_or(NEVER).into()
        }
        number => number.into(),
    }
}

/// A limit as it is written in the unit, in bytes or plain.
fn limit(unit: &Subject<'_>, directive: &str, otherwise: u64) -> Value {
    let written = unit
        .resources()
        .and_then(|resources| resources.limits.get(directive))
        .and_then(|values| values.last())
        .and_then(|text| match text.as_str() {
            "infinity" => Some(NEVER),
            text => crate::unit::value::number::size(text),
        });
    written.unwrap_or(otherwise).into()
}
