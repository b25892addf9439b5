//! The unit files of GNOME's packages, unmodified: what the loader finds in them, and the start of a session.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use session_launcher::unit::diagnostic::Diagnostic;
use session_launcher::unit::load::Loader;
use session_launcher::unit::name::UnitName;
use session_launcher::unit::plan::{Plan, Step, plan};
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::spec::{JobMode, LoadState};
use session_launcher::unit::specifier::Host;
use usher_tests::scenario::gnome::UnitSet;

/// What the loader may find: unit, line, message. GNOME's files are without fault.
const EXPECTED_FINDINGS: [(&str, u32, &str); 0] = [];

/// How many unit files the packages have at least; with fewer the set is not whole.
const UNIT_FILES: usize = 48;

/// Templates are loaded as these instances, which GNOME starts.
const INSTANCES: [&str; 5] = [
    "gnome-session@gnome.target",
    "gnome-session@gnome-login.target",
    "gnome-session-manager@gnome.service",
    "org.gnome.Shell@user.service",
    "app-gnome-firefox-1234.scope",
];

/// What a session starts, by what, and for which dependency. Where it is written: file, line.
const SESSION: [(&str, &str, &str, &str); 13] = [
    (
        "gnome-session-manager@gnome.service",
        "gnome-session@gnome.target",
        "Requires",
        "gnome-session@.target:21",
    ),
    ("gnome-session.target", "gnome-session@gnome.target", "Requires", "gnome-session@.target:18"),
    (
        "gnome-session-initialized.target",
        "gnome-session@gnome.target",
        "Requires",
        "gnome-session@.target:15",
    ),
    ("gnome-session-services.target", "gnome-session@gnome.target", "Requires", "gnome.session.conf:2"),
    ("org.gnome.Shell@user.service", "gnome-session@gnome.target", "Requires", "gnome.session.conf:3"),
    ("gnome-session-monitor.service", "gnome-session.target", "BindsTo", "gnome-session.target:14"),
    ("graphical-session.target", "gnome-session.target", "BindsTo", "gnome-session.target:9"),
    (
        "gnome-session-manager.target",
        "gnome-session-manager@gnome.service",
        "Requires",
        "gnome-session-manager@.service:12",
    ),
    (
        "gnome-session-pre.target",
        "gnome-session-initialized.target",
        "Requires",
        "gnome-session-initialized.target:9",
    ),
    (
        "gnome-session-signal-init.service",
        "gnome-session-initialized.target",
        "Requires",
        "gnome-session-initialized.target:18",
    ),
    ("graphical-session-pre.target", "gnome-session-pre.target", "Requires", "gnome-session-pre.target:9"),
    (
        "gnome-session-basic-services.target",
        "gnome-session-services.target",
        "Requires",
        "gnome-session-services.target:18",
    ),
    (
        "org.gnome.SettingsDaemon.Color.service",
        "org.gnome.SettingsDaemon.Color.target",
        "Wants",
        "org.gnome.SettingsDaemon.Color.target:6",
    ),
];

/// Settings daemons of a session on Wayland: target and service each. XSettings is for Xwayland, later.
const SETTINGS_DAEMONS: [&str; 15] = [
    "A11ySettings",
    "Color",
    "Datetime",
    "Housekeeping",
    "Keyboard",
    "MediaKeys",
    "Power",
    "PrintNotifications",
    "Rfkill",
    "ScreensaverProxy",
    "Sharing",
    "Smartcard",
    "Sound",
    "UsbProtection",
    "Wwan",
];

/// Of other packages. Those of GNOME itself must not be missing.
const OF_OTHER_PACKAGES: [&str; 7] = [
    "evolution-alarm-notify.service",
    "gcr-ssh-agent.socket",
    "gnome-disk-utility-notify.service",
    "gnome-software.service",
    "localsearch-3.service",
    "oo7-daemon.service",
    "user-dirs-update-gtk.service",
];

/// GNOME's directory before the units that Usher ships, and a session bus. `None`: skipped.
fn directories() -> Option<[PathBuf; 3]> {
    let set = UnitSet::open(&usher_tests::lab::root::cache())?;
    let [_, gnome] = set.directories();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    Some([gnome, own.join("../units"), own.join("fixtures/session-bus")])
}

fn loader(directories: &[PathBuf]) -> Loader {
    let host = Host::detect(&BTreeMap::new(), None);
    Loader::new(SearchPath::of_directories(directories.iter().cloned()), host)
}

fn name(text: &str) -> UnitName {
    UnitName::new(text).unwrap()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The plan of a session on Wayland.
fn session(directories: &[PathBuf]) -> Plan {
    let environment = BTreeMap::from([("XDG_SESSION_TYPE".to_owned(), "wayland".to_owned())]);
    plan(&loader(directories), &environment, &name("gnome-session@gnome.target"), JobMode::Fail).unwrap()
}

fn step<'a>(plan: &'a Plan, unit: &str) -> &'a Step {
    plan.steps
        .iter()
        .find(|step| step.unit.as_str() == unit)
        .unwrap_or_else(|| panic!("{unit} is not in the plan"))
}

#[test]
fn every_unit_file_loads_without_a_finding() {
    let Some(directories) = directories() else { return };
    let loader = loader(&directories[..1]);
    let catalog = loader.catalog();
    assert_eq!(catalog.findings(), []);
    let files: Vec<UnitName> = catalog.names().cloned().collect();
    assert!(files.len() >= UNIT_FILES, "only {} unit files: {files:?}", files.len());
    let instances = INSTANCES.map(name);
    for template in files.iter().filter(|name| name.is_template()) {
        let loaded = instances.iter().any(|instance| instance.template().as_ref() == Some(template));
        assert!(loaded, "no instance of {template} is loaded");
    }
    let mut found: Vec<(String, u32, String)> = Vec::new();
    let mut drop_ins = 0;
    for name in files.iter().filter(|name| !name.is_template()).chain(&instances) {
        let loaded = loader.load(name);
        // A scope has no file of its own, and no unit without a manager that makes it.
        if !name.as_str().ends_with(".scope") {
            assert_eq!(loaded.unit.load_state, LoadState::Loaded, "{name}: {:?}", loaded.unit.load_error);
        }
        drop_ins += loaded.unit.drop_in_paths.len();
        found.extend(loaded.findings.into_iter().map(|finding: Diagnostic| {
            let file = finding.path.as_deref().map_or_else(|| name.to_string(), file_name);
            (file, finding.line, finding.message)
        }));
    }
    assert!(drop_ins >= 2, "the drop-ins of the sessions are read");
    found.sort();
    found.dedup();
    let expected = EXPECTED_FINDINGS.map(|(file, line, message)| (file.to_owned(), line, message.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn a_session_starts_what_it_must_and_tells_why() {
    let Some(directories) = directories() else { return };
    let plan = session(&directories);
    let asked = step(&plan, "gnome-session@gnome.target");
    assert!(asked.reason.is_none(), "{asked:?}");
    for (unit, by, kind, written) in SESSION {
        let step = step(&plan, unit);
        let reason = step.reason.as_ref().unwrap_or_else(|| panic!("{unit}: no reason"));
        let origin = match &reason.origin {
            session_launcher::unit::spec::DependencyOrigin::File { path, line } => {
                format!("{}:{line}", file_name(path))
            }
            other => format!("{other:?}"),
        };
        assert_eq!((reason.by.as_str(), reason.kind, origin.as_str()), (by, kind, written), "{unit}");
    }
    for daemon in SETTINGS_DAEMONS {
        for end in ["target", "service"] {
            step(&plan, &format!("org.gnome.SettingsDaemon.{daemon}.{end}"));
        }
    }
    let unwanted = ["XSettings", "shutdown", "disable-extensions", "restart-dbus", "x11"];
    for step in &plan.steps {
        assert!(!unwanted.iter().any(|part| step.unit.as_str().contains(part)), "{step:?}");
        assert!(!step.follows, "a start with no fault brings nothing else: {step:?}");
        assert_eq!((step.skipped_by.as_slice(), step.failed_by.as_slice()), ([].as_slice(), [].as_slice()));
    }
    let mut left_out: Vec<_> = plan.left_out.iter().map(|(unit, state)| (unit.as_str(), *state)).collect();
    left_out.sort_by_key(|(unit, _)| *unit);
    assert_eq!(left_out, OF_OTHER_PACKAGES.map(|unit| (unit, LoadState::NotFound)));
}

#[test]
fn the_shell_starts_after_the_manager_and_before_the_services() {
    let Some(directories) = directories() else { return };
    let plan = session(&directories);
    let order = [
        "graphical-session-pre.target",
        "gnome-session-manager@gnome.service",
        "org.gnome.Shell@user.service",
        "gnome-session-initialized.target",
    ];
    for pair in order.windows(2) {
        assert!(step(&plan, pair[0]).wave < step(&plan, pair[1]).wave, "{pair:?}");
    }
    let shell = step(&plan, "org.gnome.Shell@user.service").wave;
    for daemon in SETTINGS_DAEMONS {
        let service = format!("org.gnome.SettingsDaemon.{daemon}.service");
        assert!(shell < step(&plan, &service).wave, "{service}");
    }
}

#[test]
fn without_wayland_the_shell_fails_and_its_assert_is_named() {
    let Some(directories) = directories() else { return };
    let name = name("gnome-session@gnome.target");
    let plan = plan(&loader(&directories), &BTreeMap::new(), &name, JobMode::Fail).unwrap();
    let failed = &step(&plan, "org.gnome.Shell@user.service").failed_by;
    assert_eq!(failed, &["AssertEnvironment=XDG_SESSION_TYPE=wayland"]);
    let shutdown = step(&plan, "gnome-session-shutdown.target");
    assert!(shutdown.follows, "{shutdown:?}");
}
