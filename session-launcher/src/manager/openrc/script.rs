//! The scripts by which OpenRC knows the session's services.

use std::fmt::Write as _;
use std::path::Path;

use crate::unit::spec::{DependencyKind, Unit, UnitKind, UnitName};

/// How the second line of every script of ours begins. The unit's name follows.
const HEADER: &str = "# session-launcher runs this for the systemd unit ";

/// The name of a unit's service. It is the unit's own, so that it cannot be mistaken for a service that OpenRC has by itself;
/// but OpenRC's shell functions lose backslashes, for which there is a plus sign, which names of units never have.
pub fn service_name(unit: &UnitName) -> String {
    unit.as_str().replace('\\', "+")
}

/// The unit of a service's script, if it is one of ours.
pub fn unit_of(script: &str) -> Option<UnitName> {
    let name = script.lines().nth(1)?.strip_prefix(HEADER)?;
    UnitName::new(name).ok()
}

/// The value of supervise-daemon's `--retry`: SIGTERM tells the wrapper to ask the engine, which then stops the service as
/// its unit says. Only when that takes far too long is the wrapper killed.
pub fn retry(unit: &Unit) -> String {
    format!("TERM/{}/KILL/5", super::super::stop_timeout(unit).as_secs())
}

/// What a script is made of beside its unit.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The interpreter.
    pub openrc_run: &'a Path,
    /// The program of the services: session-launcher.
    pub program: &'a Path,
    /// Where supervise-daemon's process number goes.
    pub pid_file: &'a Path,
}

/// The arguments of session-launcher by which it becomes the wrapper of a unit's process.
pub fn wrapper_arguments(unit: &UnitName) -> Vec<String> {
    ["exec", "--unit", unit.as_str(), "--openrc-service", &service_name(unit)].map(str::to_owned).to_vec()
}

/// Writes a unit's script. `is_known` tells of which units there is a service: OpenRC refuses to start a service that needs
/// one which it does not know.
pub fn text(unit: &Unit, parts: &Parts<'_>, is_known: &dyn Fn(&UnitName) -> bool) -> String {
    let mut text = format!("#!{}\n{HEADER}{}\n", parts.openrc_run.display(), unit.name);
    text.push_str("# It was made while the session started, and goes with the session.\n\n");
    let _ = writeln!(text, "description={}", quote(&unit.description));
    text.push_str("supervisor=supervise-daemon\n");
    let _ = writeln!(text, "pidfile={}", quote(&parts.pid_file.to_string_lossy()));
    text.push_str(&dependencies(unit, is_known));
    // Not by supervise-daemon from here: whoever asks may be in another control group and have another environment.
    let _ = write!(
        text,
        "\nstart() {{\n\tebegin \"Starting $RC_SVCNAME\"\n\t{} exec --ask {}\n\teend $?\n}}\n",
        quote(&parts.program.to_string_lossy()),
        quote(unit.name.as_str())
    );
    if unit.flags.refuse_manual_start {
        text.push_str(&refusal("start", "RefuseManualStart", "starts"));
    }
    if unit.flags.refuse_manual_stop {
        text.push_str(&refusal("stop", "RefuseManualStop", "stops"));
    }
    text
}

/// `need` and `want` also order, so that only what is ordered in the unit as well comes to the same; all else is for the
/// engine. What orders against a service that nobody has is ignored by OpenRC.
fn dependencies(unit: &Unit, is_known: &dyn Fn(&UnitName) -> bool) -> String {
    let all = &unit.dependencies;
    let is_service = |name: &&UnitName| name.kind() == UnitKind::Service && **name != unit.name;
    let (mut need, mut want, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for name in all.names(DependencyKind::After).filter(is_service) {
        let requires = all.has(DependencyKind::Requires, name) || all.has(DependencyKind::BindsTo, name);
        let list = match (requires, all.has(DependencyKind::Wants, name)) {
            (true, _) if is_known(name) => &mut need,
            (false, true) if is_known(name) => &mut want,
            _ => &mut after,
        };
        list.push(service_name(name));
    }
    let before: Vec<String> =
        all.names(DependencyKind::Before).filter(is_service).map(service_name).collect();
    let lines: String = [("need", need), ("want", want), ("after", after), ("before", before)]
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(keyword, names)| format!("\t{keyword} {}\n", names.join(" ")))
        .collect();
    if lines.is_empty() { String::new() } else { format!("\ndepend() {{\n{lines}}}\n") }
}

/// What the engine would refuse is refused at once, except when everything stops.
fn refusal(verb: &str, directive: &str, does: &str) -> String {
    format!(
        "\n{verb}_pre() {{\n\t[ \"$RC_RUNLEVEL\" = shutdown ] && return 0\n\
         \teerror \"It {does} with other units only ({directive}= of its unit).\"\n\treturn 1\n}}\n"
    )
}

/// One word of the shell's.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::spec::{DependencyOrigin, LoadState};

    fn name(text: &str) -> UnitName {
        UnitName::new(text).unwrap()
    }

    fn script(unit: &Unit) -> String {
        let parts = Parts {
            openrc_run: Path::new("/sbin/openrc-run"),
            program: Path::new("/usr/bin/session-launcher"),
            pid_file: Path::new("/run/user/1000/openrc/x.pid"),
        };
        text(unit, &parts, &|known| known.as_str().starts_with("known"))
    }

    #[test]
    fn a_script_tells_its_unit() {
        let unit = Unit::new(name("app@a\\x2db.service"), LoadState::Loaded);
        assert_eq!(unit_of(&script(&unit)), Some(unit.name.clone()));
        assert_eq!(service_name(&unit.name), "app@a+x2db.service");
        assert_eq!(unit_of("#!/sbin/openrc-run\n# Written by somebody\n"), None);
    }

    #[test]
    fn quotes_survive_both_readings() {
        assert_eq!(quote("it's"), "'it'\\''s'");
    }

    #[test]
    fn only_ordered_dependencies_are_native() {
        let mut unit = Unit::new(name("x.service"), LoadState::Loaded);
        let mut add = |kind, other: &str| unit.dependencies.add(kind, name(other), DependencyOrigin::Default);
        add(DependencyKind::Requires, "known-ordered.service");
        add(DependencyKind::After, "known-ordered.service");
        add(DependencyKind::Requires, "known-unordered.service");
        add(DependencyKind::Wants, "known-wanted.service");
        add(DependencyKind::After, "known-wanted.service");
        add(DependencyKind::Requires, "missing.service");
        add(DependencyKind::After, "missing.service");
        add(DependencyKind::After, "some.target");
        add(DependencyKind::Before, "later.service");
        let script = script(&unit);
        let depend = script.split_once("depend() {\n").unwrap().1;
        let depend = depend.split_once("}\n").unwrap().0;
        assert_eq!(
            depend,
            "\tneed known-ordered.service\n\twant known-wanted.service\n\tafter missing.service\n\tbefore later.service\n"
        );
    }
}
