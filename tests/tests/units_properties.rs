//! What the loader makes of the odd unit files in `tests/fixtures/units`, against `systemctl --user show` of the real
//! `systemd --user`: every property that both print.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use session_launcher::unit::load::{Loader, UnitSet};
use session_launcher::unit::name::UnitName;
use session_launcher::unit::property;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::spec::LoadState;
use session_launcher::unit::specifier::Host;
use usher_tests::lab::machine::Machine;

const UID: u32 = 1000;
/// Names beside those of the files: aliases, instances, and some that are not there.
const FURTHER: [&str; 6] = [
    r"dash-ed@a\x2db-c.service",
    "alias2.service",
    "gone.service",
    "nothing.service",
    "inner@two.service",
    "x-y.slice",
];
/// Properties of the processes that run, or that systemd fills from its own limits.
const NOT_OF_THE_FILES: [&str; 2] = ["WatchdogUSec", "WorkingDirectory"];
/// Two-sided dependencies: systemd shows those of the units that happen to be loaded, ours of all.
const MUTUAL: [&str; 8] = [
    "Before",
    "After",
    "Triggers",
    "TriggeredBy",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
];
const ONE_SIDED: [&str; 10] = [
    "Requires",
    "Requisite",
    "Wants",
    "BindsTo",
    "PartOf",
    "Upholds",
    "Conflicts",
    "OnSuccess",
    "OnFailure",
    "JoinsNamespaceOf",
];
const INVERSE: [&str; 9] = [
    "RequiredBy",
    "RequisiteOf",
    "WantedBy",
    "BoundBy",
    "ConsistsOf",
    "UpheldBy",
    "ConflictedBy",
    "OnSuccessOf",
    "OnFailureOf",
];

type Properties = BTreeMap<String, Vec<String>>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/units").canonicalize().unwrap()
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../units").canonicalize().unwrap()
}

fn host() -> Host {
    let environment = BTreeMap::from([("HOME".to_owned(), "/home/user".to_owned())]);
    let mut host = Host::detect(&environment, None);
    host.user = "user".into();
    host.group = "user".into();
    host.uid = UID;
    host.gid = UID;
    host.runtime_dir = Some("/run/user/1000".into());
    host
}

fn names() -> Vec<UnitName> {
    let mut names: Vec<UnitName> = std::fs::read_dir(fixtures())
        .unwrap()
        .filter_map(|entry| UnitName::new(entry.unwrap().file_name().to_str().unwrap()).ok())
        .map(|name| name.instantiate("x").unwrap_or(name))
        .collect();
    names.extend(FURTHER.iter().map(|name| UnitName::new(*name).unwrap()));
    names.sort();
    names
}

fn blocks(text: &str) -> Vec<Properties> {
    text.trim().split("\n\n").map(block).collect()
}

fn block(text: &str) -> Properties {
    let mut properties = Properties::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        properties.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    properties
}

fn theirs(names: &[UnitName]) -> Option<Vec<Properties>> {
    let machine = Machine::builder("systemd-user")
        .cgroups()
        .bind_read_only(fixtures(), fixtures())
        .bind_read_only(shipped(), shipped())
        .start_or_skip()?;
    let script = "mkdir -p /run/systemd/system /run/user/1000 /home/user /sys/fs/cgroup/user
        echo user:x:1000: >> /etc/group; echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd
        chown -R 1000:1000 /run/user/1000 /home/user /sys/fs/cgroup/user
        echo $$ > /sys/fs/cgroup/user/cgroup.procs
        exec setpriv --reuid 1000 --regid 1000 --clear-groups /usr/lib/systemd/systemd --user --unit=basic.target";
    let unit_path = format!("{}:{}", fixtures().display(), shipped().display());
    let mut manager = machine
        .command("sh")
        .args(["-ec", script])
        .env("HOME", "/home/user")
        .env("XDG_RUNTIME_DIR", "/run/user/1000")
        .env("SYSTEMD_UNIT_PATH", &unit_path)
        .spawn();
    let systemctl = |arguments: &[&str]| {
        machine
            .command("systemctl")
            .uid(UID)
            .env("XDG_RUNTIME_DIR", "/run/user/1000")
            .arg("--user")
            .args(arguments)
    };
    manager.wait_until("systemd --user answers", || {
        systemctl(&["is-active", "basic.target"]).output().stdout.trim() == "active"
    });
    let mut arguments = vec!["show", "--"];
    arguments.extend(names.iter().map(UnitName::as_str));
    let shown = systemctl(&arguments).run();
    drop(machine);
    manager.wait(Duration::from_secs(20));
    Some(blocks(&shown))
}

fn words(values: Option<&Vec<String>>) -> BTreeSet<String> {
    // A mount is a unit of the machine, not of the files.
    let values = values.into_iter().flatten().flat_map(|value| value.split(' '));
    values.filter(|word| !word.is_empty() && !word.ends_with(".mount")).map(str::to_owned).collect()
}

fn normalized(key: &str, values: &[String]) -> Vec<String> {
    let strip = |value: &String, mark: &str| match value.split_once(mark) {
        Some((start, _)) => format!("{start} }}"),
        None => value.clone(),
    };
    let mut values: Vec<String> = match key {
        _ if key.starts_with("Exec") => values.iter().map(|value| strip(value, " ; start_time=")).collect(),
        "TimersMonotonic" | "TimersCalendar" => {
            values.iter().map(|value| strip(value, " ; next_elapse=")).collect()
        }
        _ => values.to_vec(),
    };
    // systemd keeps these lists the other way round.
    if matches!(key, "Paths" | "TimersMonotonic" | "TimersCalendar") {
        values.sort();
    }
    values.retain(|value| !value.is_empty());
    values
}

fn differences(name: &UnitName, ours: &Properties, theirs: &Properties) -> Vec<String> {
    let mut found = Vec::new();
    let keys = ours.keys().chain(theirs.keys().filter(|key| ONE_SIDED.contains(&key.as_str())));
    for key in keys.collect::<BTreeSet<_>>() {
        let (left, right) = (words(ours.get(key)), words(theirs.get(key)));
        let key = key.as_str();
        let differs = match key {
            _ if INVERSE.contains(&key) || NOT_OF_THE_FILES.contains(&key) => false,
            // Their form is a structure that systemctl prints with results.
            "Conditions" | "Asserts" => false,
            "Names" | "DropInPaths" => left != right,
            _ if MUTUAL.contains(&key) => !right.is_subset(&left),
            _ if ONE_SIDED.contains(&key) => left != right,
            // They say nothing of the settings of a unit that did not load.
            "Type" | "OOMPolicy" if !theirs.contains_key(key) => false,
            _ => {
                normalized(key, ours.get(key).map_or(&[], Vec::as_slice))
                    != normalized(key, theirs.get(key).map_or(&[], Vec::as_slice))
            }
        };
        if differs {
            found.push(format!("{name} {key}: ours {:?}, systemd's {:?}", ours.get(key), theirs.get(key)));
        }
    }
    found
}

#[test]
fn odd_units_load_as_systemd_loads_them() {
    let names = names();
    let Some(theirs) = theirs(&names) else { return };
    assert_eq!(theirs.len(), names.len());
    let loader = Loader::new(SearchPath::of_directories([fixtures(), shipped()]), host());
    let set: UnitSet = loader.closure(&names);
    let mut found = Vec::new();
    for (name, theirs) in names.iter().zip(&theirs) {
        // Specifiers of an alias depend on which name systemd happened to see first.
        if name.as_str().starts_with("alias-ed@") || name.as_str() == "dash-ed@x.service" {
            continue;
        }
        let unit = set.get(name).unwrap_or_else(|| panic!("{name} is not in the set"));
        let lines: Vec<String> = property::properties(unit, Some(&set))
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        found.extend(differences(name, &block(&lines.join("\n")), theirs));
    }
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    let loaded = set.iter().filter(|unit| unit.load_state == LoadState::Loaded).count();
    assert!(loaded > 40, "most of the fixtures are loaded: {loaded}");
}
