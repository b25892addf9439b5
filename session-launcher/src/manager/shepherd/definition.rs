//! The definitions by which the Shepherd knows the session's services.

use std::path::Path;

use super::connection::string;
use crate::unit::spec::{DependencyKind, Unit, UnitKind, UnitName};

/// What a definition is made of beside its unit.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The program of the services: session-launcher.
    pub program: &'a Path,
    /// The variables that it needs.
    pub environment: &'a [(String, String)],
    /// The unit's log.
    pub log: Option<&'a Path>,
}

/// The name of a service. The Shepherd takes every name, but not every name can be written without a string.
pub fn symbol(unit: &UnitName) -> String {
    format!("(string->symbol {})", string(unit.as_str()))
}

/// The expression that makes the service. `is_up` tells whether a unit's service runs on the Shepherd.
///
/// The Shepherd starts what a service requires, which is not its business while the engine works. So only what is up already is
/// written down: that is what anything is ordered after and needs. A requirement is then what Requires= is: stopping the
/// other one by herd stops this one as well, and its failure does not.
pub fn text(unit: &Unit, parts: &Parts<'_>, is_up: &dyn Fn(&UnitName) -> bool) -> String {
    let all = &unit.dependencies;
    let requirement: Vec<String> = all
        .names(DependencyKind::After)
        .filter(|name| name.kind() == UnitKind::Service && **name != unit.name)
        .filter(|name| all.has(DependencyKind::Requires, name) || all.has(DependencyKind::BindsTo, name))
        .filter(|name| is_up(name))
        .map(symbol)
        .collect();
    let command =
        [&*parts.program.to_string_lossy(), "exec", "--unit", unit.name.as_str(), "--ready-fd", "3"];
    let command: Vec<String> = command.iter().map(|word| string(word)).collect();
    let environment: Vec<String> =
        parts.environment.iter().map(|(name, value)| string(&format!("{name}={value}"))).collect();
    let documentation = if unit.description.is_empty() { unit.name.as_str() } else { &unit.description };
    format!(
        "(session-launcher-service {} {} (list {}) (list {}) (list {}) {} {})",
        symbol(&unit.name),
        string(documentation),
        requirement.join(" "),
        command.join(" "),
        environment.join(" "),
        parts.log.map_or_else(|| "#f".to_owned(), |log| string(&log.to_string_lossy())),
        super::super::stop_timeout(unit).as_secs(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::spec::{DependencyOrigin, LoadState};

    #[test]
    fn only_what_is_up_is_required() {
        let name = |text: &str| UnitName::new(text).unwrap();
        let mut unit = Unit::new(name(r"app@a\x2db.service"), LoadState::Loaded);
        for other in ["up.service", "skipped.service"] {
            unit.dependencies.add(DependencyKind::Requires, name(other), DependencyOrigin::Default);
            unit.dependencies.add(DependencyKind::After, name(other), DependencyOrigin::Default);
        }
        unit.dependencies.add(DependencyKind::Requires, name("up-too.service"), DependencyOrigin::Default);
        let parts = Parts { program: Path::new("/bin/session-launcher"), environment: &[], log: None };
        let text = text(&unit, &parts, &|unit| unit.as_str().starts_with("up"));
        assert!(
            text.contains(r#"(session-launcher-service (string->symbol "app@a\\x2db.service")"#),
            "{text}"
        );
        assert!(text.contains(r#" (list (string->symbol "up.service")) "#), "{text}");
        assert!(text.contains(r#""--unit" "app@a\\x2db.service" "--ready-fd" "3""#), "{text}");
    }
}
