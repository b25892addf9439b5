//! The service descriptions by which Dinit knows the session's services (dinit-service(5)).

use std::fmt::Write as _;
use std::path::Path;

use crate::unit::spec::{DependencyKind, Unit, UnitKind, UnitName};

/// How the first line of every description of ours begins. The unit's name follows.
const HEADER: &str = "# session-launcher runs this for the systemd unit ";

/// The name of a unit's service. It keeps its suffix, so that it is not mistaken for a service of Dinit's own. Dinit knows no
/// backslash in names, and `@` begins an argument there.
pub fn service_name(unit: &UnitName) -> String {
    let mut name = String::with_capacity(unit.as_str().len());
    for character in unit.as_str().chars() {
        match character {
            '\\' => name.push('_'),
            '@' => name.push('-'),
            '.' if name.is_empty() => name.push_str("_x2e"),
            ':' => name.push_str("_x3a"),
            _ => name.push(character),
        }
    }
    name
}

/// The name of a unit whose [`service_name`] another unit has already.
pub fn long_service_name(unit: &UnitName) -> String {
    let mut name = String::with_capacity(unit.as_str().len());
    for character in unit.as_str().chars() {
        match character {
            '\\' | '@' | '_' | ':' => {
                let _ = write!(name, "_x{:02x}", u32::from(character));
            }
            '.' if name.is_empty() => name.push_str("_x2e"),
            _ => name.push(character),
        }
    }
    name
}

/// The unit of a description, if it is one of ours.
pub fn unit_of(description: &str) -> Option<UnitName> {
    let name = description.lines().next()?.strip_prefix(HEADER)?;
    UnitName::new(name).ok()
}

/// What a description is made of beside its unit.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The program of the services: session-launcher.
    pub program: &'a Path,
    /// The variables that it needs.
    pub environment: &'a Path,
    /// The unit's log.
    pub log: Option<&'a Path>,
}

/// Writes a unit's description. `started` gives the service of a unit, if that is up on Dinit.
pub fn text(unit: &Unit, parts: &Parts<'_>, started: &dyn Fn(&UnitName) -> Option<String>) -> String {
    let mut text = format!("{HEADER}{}\n", unit.name);
    text.push_str("# It was made while the session started, and goes with the session.\n");
    text.push_str("type = process\n");
    let command =
        [&*parts.program.to_string_lossy(), "exec", "--unit", unit.name.as_str(), "--ready-fd", "3"];
    let command: Vec<String> = command.iter().map(|word| quote(word)).collect();
    let _ = writeln!(text, "command = {}", command.join(" "));
    let _ = writeln!(text, "env-file = {}", parts.environment.display());
    text.push_str("ready-notification = pipefd:3\n");
    match parts.log {
        Some(log) => {
            let _ = writeln!(text, "logfile = {}", quote(&log.to_string_lossy()));
        }
        None => text.push_str("log-type = none\n"),
    }
    // The engine decides what is started again, and how long anything may take. Most builds restart unless told not to.
    text.push_str("restart = false\nstart-timeout = 0\n");
    let _ = writeln!(text, "stop-timeout = {}", super::super::stop_timeout(unit).as_secs());
    text.push_str("options: signal-process-only\n");
    for (setting, name) in dependencies(unit, started) {
        let _ = writeln!(text, "{setting}: {name}");
    }
    text
}

/// Dinit starts what a service depends on, which is not its business while the engine works. So only what is up already is
/// written down: that is what anything is ordered after and needs. `depends-on` is BindsTo= then, and `depends-ms` is
/// Requires=: the other one has to have come up, and may fail later.
fn dependencies(unit: &Unit, started: &dyn Fn(&UnitName) -> Option<String>) -> Vec<(&'static str, String)> {
    let all = &unit.dependencies;
    all.names(DependencyKind::After)
        .filter(|name| name.kind() == UnitKind::Service && **name != unit.name)
        .filter_map(|name| {
            let setting = if all.has(DependencyKind::BindsTo, name) {
                "depends-on"
            } else if all.has(DependencyKind::Requires, name) {
                "depends-ms"
            } else {
                return None;
            };
            started(name).map(|service| (setting, service))
        })
        .collect()
}

/// One word of a command. Dinit expands variables when it loads a description.
fn quote(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::spec::{DependencyOrigin, LoadState};

    fn name(text: &str) -> UnitName {
        UnitName::new(text).unwrap()
    }

    fn description(unit: &Unit) -> String {
        let parts = Parts {
            program: Path::new("/opt/a b/session-launcher"),
            environment: Path::new("/run/user/1000/session-launcher/dinit.env"),
            log: None,
        };
        text(unit, &parts, &|other| other.as_str().starts_with("up").then(|| service_name(other)))
    }

    #[test]
    fn names_are_dinits() {
        assert_eq!(service_name(&name("org.gnome.Shell@user.service")), "org.gnome.Shell-user.service");
        assert_eq!(service_name(&name(r"app-a\x2db:c.service")), "app-a_x2db_x3ac.service");
        assert_ne!(long_service_name(&name("a@b.service")), long_service_name(&name("a-b.service")));
        assert_ne!(long_service_name(&name("a@b.service")), long_service_name(&name("a_x40b.service")));
    }

    #[test]
    fn a_description_tells_its_unit() {
        let unit = Unit::new(name(r"app@a\x2db.service"), LoadState::Loaded);
        let text = description(&unit);
        assert_eq!(unit_of(&text), Some(unit.name));
        assert!(
            text.contains(r#"command = "/opt/a b/session-launcher" "exec" "--unit" "app@a\\x2db.service""#)
        );
        assert!(text.contains("restart = false\nstart-timeout = 0\n"));
        assert_eq!(unit_of("type = process\n"), None);
    }

    #[test]
    fn only_what_is_up_is_depended_on() {
        let mut unit = Unit::new(name("x.service"), LoadState::Loaded);
        let mut add = |kind, other: &str| unit.dependencies.add(kind, name(other), DependencyOrigin::Default);
        for (kind, other) in [
            (DependencyKind::Requires, "up-required.service"),
            (DependencyKind::BindsTo, "up-bound.service"),
            (DependencyKind::Requires, "skipped.service"),
            (DependencyKind::Wants, "up-wanted.service"),
        ] {
            add(kind, other);
            add(DependencyKind::After, other);
        }
        add(DependencyKind::Requires, "up-unordered.service");
        let text = description(&unit);
        let (_, dependencies) = text.split_once("options: signal-process-only\n").unwrap();
        assert_eq!(dependencies, "depends-ms: up-required.service\ndepends-on: up-bound.service\n");
    }
}
