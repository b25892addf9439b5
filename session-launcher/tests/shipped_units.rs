//! The units that Usher ships mean what systemd 262's units of the same names mean.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use session_launcher::unit::diagnostic::{Diagnostic, Severity};
use session_launcher::unit::load::Loader;
use session_launcher::unit::name::UnitName;
use session_launcher::unit::property;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::specifier::Host;
use session_launcher::unit::verify;

/// What `systemctl --user show` of systemd 262 tells of its own units, as far as it does not depend on others. Before
/// and After are left out where they name what happened to be loaded.
const MEASURED: &str = "
graphical-session.target Requires=basic.target Conflicts=shutdown.target StopWhenUnneeded=yes RefuseManualStart=yes DefaultDependencies=yes
graphical-session-pre.target Requires=basic.target Conflicts=shutdown.target StopWhenUnneeded=yes RefuseManualStart=yes DefaultDependencies=yes
basic.target Requires= Wants=paths.target,sockets.target,timers.target Conflicts=shutdown.target After=paths.target,sockets.target,timers.target DefaultDependencies=yes
default.target Requires=basic.target Wants= Conflicts=shutdown.target AllowIsolate=yes DefaultDependencies=yes
sockets.target Requires= Wants= Conflicts=shutdown.target DefaultDependencies=yes
timers.target Requires= Wants= Conflicts=shutdown.target Before=basic.target DefaultDependencies=no
paths.target Requires= Wants= Conflicts=shutdown.target Before=basic.target,shutdown.target DefaultDependencies=yes
shutdown.target Requires= Wants= Conflicts= RefuseManualStart=yes DefaultDependencies=no
exit.target Requires=systemd-exit.service Conflicts= After=systemd-exit.service AllowIsolate=yes DefaultDependencies=no
systemd-exit.service Requires=-.slice,shutdown.target Conflicts= After=-.slice,shutdown.target SuccessAction=exit-force Type=oneshot DefaultDependencies=no
xdg-desktop-autostart.target Requires= Conflicts=shutdown.target StopWhenUnneeded=yes RefuseManualStart=yes DefaultDependencies=yes
session.slice Requires=-.slice Conflicts=shutdown.target After=-.slice IgnoreOnIsolate=yes
app.slice Requires=-.slice Conflicts=shutdown.target After=-.slice IgnoreOnIsolate=yes
background.slice Requires=-.slice Conflicts=shutdown.target After=-.slice IgnoreOnIsolate=yes
";

fn loader() -> Loader {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../units");
    Loader::new(SearchPath::of_directories([directory]), Host::detect(&BTreeMap::new(), None))
}

fn sorted(value: &str) -> Vec<&str> {
    let mut words: Vec<&str> = value.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

#[test]
fn they_mean_what_systemds_mean() {
    let loader = loader();
    let all: Vec<UnitName> = loader.catalog().names().cloned().collect();
    let set = loader.closure(&all);
    let mut listed = 0;
    for line in MEASURED.lines().filter(|line| !line.is_empty()) {
        let (name, properties) = line.split_once(' ').unwrap();
        let unit = set.get(&UnitName::new(name).unwrap()).unwrap();
        let ours = property::properties(unit, Some(&set));
        for (key, expected) in properties.split(' ').map(|property| property.split_once('=').unwrap()) {
            let value = ours.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str());
            assert_eq!(sorted(value.unwrap_or_default()), sorted(expected), "{name} {key}");
        }
        listed += 1;
    }
    assert_eq!(listed, all.len(), "every shipped unit is compared");
}

#[test]
fn they_are_without_fault() {
    let loader = loader();
    let all: Vec<UnitName> = loader.catalog().names().cloned().collect();
    // A note tells of weights of slices, which are kept and not applied.
    let findings: Vec<Diagnostic> = verify::verify(&loader, &all)
        .into_iter()
        .map(|(_, finding)| finding)
        .filter(|finding| finding.severity != Severity::Note)
        .collect();
    assert_eq!(findings, []);
}
