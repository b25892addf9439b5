//! Checks units in the manner of `systemd-analyze verify`: all that loading finds, and what only the whole shows.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::diagnostic::{Diagnostic, Severity};
use super::load::{Loader, UnitSet};
use super::name::UnitName;
use super::pull_tree::{Options, PullTree};
use super::spec::{CommandLine, Dependency, DependencyKind, DependencyOrigin, LoadState, Settings, Unit};

/// Where programs are looked up that have no path.
const PROGRAM_DIRECTORIES: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Checks the named units, with the file and line of each finding. Units that they refer to are looked at as far as
/// these need them.
pub fn verify(loader: &Loader, names: &[UnitName]) -> Vec<(UnitName, Diagnostic)> {
    let set = loader.closure(names);
    let checked: BTreeSet<&UnitName> = names.iter().map(|name| set.primary(name)).collect();
    let mut findings: Vec<(UnitName, Diagnostic)> =
        set.findings().iter().filter(|(name, _)| checked.contains(name)).cloned().collect();
    for name in names {
        let Some(unit) = set.get(name) else { continue };
        let mut found = Vec::new();
        match unit.load_state {
            LoadState::Loaded => {
                check_programs(loader, unit, &mut found);
                check_dependencies(&set, unit, &mut found);
                check_cycles(&set, unit, &mut found);
            }
            LoadState::NotFound | LoadState::Masked => {
                let message = unit.load_error.clone().unwrap_or_else(|| "not found".to_owned());
                found.push(Diagnostic::general(Severity::Error, unit.fragment_path.as_deref(), message));
            }
            // Loading told why.
            LoadState::BadSetting | LoadState::Error => {}
        }
        findings.extend(found.into_iter().map(|finding| (unit.name.clone(), finding)));
    }
    findings
}

fn commands(unit: &Unit) -> Vec<(&'static str, &CommandLine)> {
    let lists: Vec<(&'static str, &Vec<CommandLine>)> = match &unit.settings {
        Settings::Service(service) => vec![
            ("ExecCondition", &service.commands.condition),
            ("ExecStartPre", &service.commands.start_pre),
            ("ExecStart", &service.commands.start),
            ("ExecStartPost", &service.commands.start_post),
            ("ExecReload", &service.commands.reload),
            ("ExecReloadPost", &service.commands.reload_post),
            ("ExecStop", &service.commands.stop),
            ("ExecStopPost", &service.commands.stop_post),
        ],
        Settings::Socket(socket) => vec![
            ("ExecStartPre", &socket.start_pre),
            ("ExecStartPost", &socket.start_post),
            ("ExecStopPre", &socket.stop_pre),
            ("ExecStopPost", &socket.stop_post),
        ],
        _ => Vec::new(),
    };
    lists.into_iter().flat_map(|(key, list)| list.iter().map(move |command| (key, command))).collect()
}

fn check_programs(loader: &Loader, unit: &Unit, found: &mut Vec<Diagnostic>) {
    let search = unit.service().map(|service| service.exec.search_path.as_slice()).unwrap_or_default();
    for (key, command) in
        commands(unit).into_iter().filter(|(_, command)| !command.path.is_empty() && !command.via_shell)
    {
        let executable = |path: &Path| {
            let place = loader.path().locate(path);
            std::fs::metadata(place)
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        };
        let there = if command.path.starts_with('/') {
            executable(Path::new(&command.path))
        } else {
            let own = search.iter().map(String::as_str);
            own.chain(PROGRAM_DIRECTORIES.iter().copied().filter(|_| search.is_empty()))
                .any(|directory| executable(&Path::new(directory).join(&command.path)))
        };
        if !there {
            let severity = if command.ignore_failure { Severity::Note } else { Severity::Warning };
            let message = format!("{key}={}: there is no such program", command.path);
            found.push(Diagnostic::general(severity, unit.fragment_path.as_deref(), message));
        }
    }
}

fn check_dependencies(set: &UnitSet, unit: &Unit, found: &mut Vec<Diagnostic>) {
    for kind in [
        DependencyKind::Requires,
        DependencyKind::BindsTo,
        DependencyKind::Requisite,
        DependencyKind::Triggers,
    ] {
        for dependency in unit.dependencies.of(kind) {
            if let Some(problem) = problem_of(set, &dependency.unit) {
                let verb = if kind == DependencyKind::Triggers { "starts" } else { "needs" };
                let message = format!(
                    "{} {verb} {} ({}=), which is {problem}",
                    unit.name,
                    dependency.unit,
                    kind.as_str()
                );
                found.push(at_origin(unit, dependency, Severity::Warning, message));
            }
        }
    }
    for kind in [DependencyKind::Wants, DependencyKind::Upholds] {
        for dependency in unit.dependencies.of(kind) {
            if let Some(problem) = problem_of(set, &dependency.unit) {
                let message = format!("{} wants {}, which is {problem}", unit.name, dependency.unit);
                found.push(at_origin(unit, dependency, Severity::Note, message));
            }
        }
    }
}

fn problem_of(set: &UnitSet, name: &UnitName) -> Option<&'static str> {
    let state = set.get(name)?.load_state;
    (state != LoadState::Loaded).then(|| state.as_str())
}

fn at_origin(unit: &Unit, dependency: &Dependency, severity: Severity, message: String) -> Diagnostic {
    match &dependency.origin {
        DependencyOrigin::File { path, line } => Diagnostic::at(severity, path, *line, message),
        DependencyOrigin::Link(path) => Diagnostic::general(severity, Some(path), message),
        _ => Diagnostic::general(severity, unit.fragment_path.as_deref(), message),
    }
}

/// Circles among the orders of what would start together.
fn check_cycles(set: &UnitSet, unit: &Unit, found: &mut Vec<Diagnostic>) {
    let tree = PullTree::new(set, &unit.name, &Options { defaults: true, ..Options::default() });
    let members: BTreeSet<UnitName> = tree.units().into_iter().collect();
    let mut after: BTreeMap<&UnitName, BTreeSet<&UnitName>> = BTreeMap::new();
    for member in members.iter().filter_map(|name| set.get(name)) {
        for other in member.dependencies.names(DependencyKind::After).filter_map(|name| members.get(name)) {
            after.entry(&member.name).or_default().insert(other);
        }
        for other in member.dependencies.names(DependencyKind::Before).filter_map(|name| members.get(name)) {
            after.entry(other).or_default().insert(&member.name);
        }
    }
    for cycle in cycles(&after) {
        // A circle is told once, with the unit that is in it or nearest to the root.
        let path: Vec<&str> = cycle.iter().map(|name| name.as_str()).collect();
        let message = format!(
            "ordering cycle: {} after {}",
            path.join(" after "),
            path.first().copied().unwrap_or_default()
        );
        found.push(Diagnostic::general(Severity::Warning, unit.fragment_path.as_deref(), message));
    }
}

/// One circle for each unit at which a walk in depth comes back to its own path.
fn cycles<'a>(after: &BTreeMap<&'a UnitName, BTreeSet<&'a UnitName>>) -> Vec<Vec<&'a UnitName>> {
    let mut done = BTreeSet::new();
    let mut result = Vec::new();
    for start in after.keys().copied() {
        if done.contains(start) {
            continue;
        }
        let mut path = vec![start];
        let mut open: Vec<Vec<&UnitName>> = vec![next(after, start)];
        while let Some(branch) = open.last_mut() {
            let Some(name) = branch.pop() else {
                open.pop();
                if let Some(left) = path.pop() {
                    done.insert(left);
                }
                continue;
            };
            if let Some(position) = path.iter().position(|member| *member == name) {
                result.push(path.iter().skip(position).copied().collect());
            } else if !done.contains(name) {
                path.push(name);
                open.push(next(after, name));
            }
        }
    }
    result
}

fn next<'a>(after: &BTreeMap<&'a UnitName, BTreeSet<&'a UnitName>>, name: &UnitName) -> Vec<&'a UnitName> {
    after.get(name).map(|list| list.iter().copied().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::search_path::SearchPath;
    use crate::unit::specifier::Host;

    fn check(files: &[(&str, &str)], unit: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let loader = Loader::new(SearchPath::of_directories([dir.path().to_owned()]), Host::fixed());
        let findings = verify(&loader, &[UnitName::new(unit).unwrap()]);
        let prefix = format!("{}/", dir.path().display());
        findings
            .into_iter()
            .filter(|(_, finding)| finding.severity > Severity::Note)
            .map(|(_, finding)| finding.to_string().replace(&prefix, ""))
            .collect()
    }

    #[test]
    fn programs_that_are_missing() {
        let unit = "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sh\nExecStart=sh\nExecStart=/no/such\nExecStartPre=-/no/such\nExecStopPost=no-such";
        let expected = [
            "a.service: warning: ExecStart=/no/such: there is no such program",
            "a.service: warning: ExecStopPost=no-such: there is no such program",
        ];
        assert_eq!(check(&[("a.service", unit)], "a.service"), expected);
    }

    #[test]
    fn what_is_needed_and_missing() {
        let found = check(
            &[("a.target", "[Unit]\nDefaultDependencies=no\nWants=w.service\nRequires=r.service")],
            "a.target",
        );
        assert_eq!(found, ["a.target:4: warning: a.target needs r.service (Requires=), which is not-found"]);
    }

    #[test]
    fn circles() {
        let files = [
            ("a.target", "[Unit]\nWants=b.target c.target\nAfter=b.target"),
            ("b.target", "[Unit]\nAfter=c.target"),
            ("c.target", "[Unit]\nAfter=a.target"),
            ("d.target", "[Unit]\nAfter=a.target"),
        ];
        let found = check(&files, "a.target");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("a.target after b.target after c.target after a.target"), "{found:?}");
        assert!(check(&files, "d.target").is_empty(), "what does not start together makes no circle");
    }
}
