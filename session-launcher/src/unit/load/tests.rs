use std::time::Duration;

use super::*;
use crate::unit::spec::{DependencyKind as Kind, ServiceSettings, ServiceType};

/// Units in a directory of their own, loaded with a fixed host.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { dir: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            tree.write(name, text);
        }
        tree
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, name: &str, target: &str) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    fn loader(&self) -> Loader {
        Loader::new(SearchPath::of_directories([self.dir.path().to_owned()]), Host::fixed())
    }

    fn load(&self, unit: &str) -> Loaded {
        self.loader().load(&name(unit))
    }
}

fn name(text: &str) -> UnitName {
    UnitName::new(text).unwrap()
}

fn service(text: &str) -> Loaded {
    Tree::new(&[("a.service", text)]).load("a.service")
}

fn settings(text: &str) -> ServiceSettings {
    let loaded = service(text);
    assert_eq!(loaded.findings, []);
    loaded.unit.service().unwrap().clone()
}

fn names(unit: &Unit, kind: Kind) -> Vec<&str> {
    unit.dependencies.names(kind).map(UnitName::as_str).collect()
}

#[test]
fn default_dependencies_of_a_service() {
    let unit = service("[Service]\nExecStart=/bin/true").unit;
    assert_eq!(names(&unit, Kind::Requires), ["basic.target", "app.slice"]);
    assert_eq!(names(&unit, Kind::After), ["basic.target", "app.slice"]);
    assert_eq!(names(&unit, Kind::Conflicts), ["shutdown.target"]);
    assert_eq!(names(&unit, Kind::Before), ["shutdown.target"]);
    let unit = service("[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true").unit;
    assert_eq!(names(&unit, Kind::Requires), ["app.slice"]);
    assert!(names(&unit, Kind::Conflicts).is_empty());
}

#[test]
fn the_type_that_is_not_given() {
    assert_eq!(settings("[Service]\nExecStart=/bin/true").service_type, ServiceType::Simple);
    assert_eq!(settings("[Service]\nBusName=a.b\nExecStart=/bin/true").service_type, ServiceType::Dbus);
    let oneshot = settings("[Service]\nExecStop=/bin/true\nRemainAfterExit=yes");
    assert_eq!((oneshot.service_type, oneshot.timeout_start), (ServiceType::Oneshot, None));
}

#[test]
fn bus_services_need_the_bus() {
    let unit = service("[Service]\nType=dbus\nBusName=a.b\nExecStart=/bin/true").unit;
    assert!(names(&unit, Kind::Requires).contains(&"dbus.socket"));
    assert!(names(&unit, Kind::After).contains(&"dbus.socket"));
    assert_eq!(service("[Service]\nType=dbus\nExecStart=/bin/true").unit.load_state, LoadState::BadSetting);
}

#[test]
fn time_outs_depend_on_each_other() {
    let given = settings("[Service]\nExecStart=/bin/true\nTimeoutSec=5");
    let five = Some(Duration::from_secs(5));
    assert_eq!((given.timeout_start, given.timeout_stop, given.timeout_abort), (five, five, five));
    let zero = settings("[Service]\nExecStart=/bin/true\nTimeoutStopSec=0\nTimeoutAbortSec=3");
    assert_eq!((zero.timeout_stop, zero.timeout_abort), (None, Some(Duration::from_secs(3))));
}

#[test]
fn lists_are_reset_by_an_empty_value() {
    let given = settings(
        "[Service]\nExecStart=/bin/false\nExecStart=\nExecStart=/bin/true\nEnvironment=A=1 B=2\nEnvironment=\nEnvironment=C=3\nEnvironment=C=4",
    );
    assert_eq!(given.commands.start.len(), 1);
    assert_eq!(given.commands.start[0].path, "/bin/true");
    assert_eq!(given.exec.environment, [("C".to_owned(), "4".to_owned())]);
}

#[test]
fn conditions_are_reset_as_one_list() {
    let unit = service("[Unit]\nConditionPathExists=/a\nConditionUser=ann\nConditionEnvironment=\nConditionPathExists=|!/b\n[Service]\nExecStart=/bin/true").unit;
    assert_eq!(unit.conditions.0.len(), 1);
    let condition = &unit.conditions.0[0];
    assert_eq!((condition.trigger, condition.negate, condition.parameter.as_str()), (true, true, "/b"));
}

#[test]
fn what_a_service_may_not_be() {
    for text in [
        "[Service]\nType=simple",
        "[Service]\nExecStop=/bin/true",
        "[Service]\nExecStart=/bin/a\nExecStart=/bin/b",
        "[Service]\nType=oneshot\nExecStart=/bin/a\nRestart=always",
        "[Service]\nType=oneshot\nExitType=cgroup\nExecStart=/bin/a",
        "[Service]\nExecStart=relative/path",
        "[Service]\nExecStart=/bin/a\nWorkingDirectory=relative",
        "[Service]\nExecStart=/bin/a\nRootDirectory=/elsewhere",
        "[Service]\nExecStart=/bin/a\nUser=somebody",
    ] {
        let loaded = service(text);
        assert_eq!(loaded.unit.load_state, LoadState::BadSetting, "{text}");
        assert!(loaded.findings.iter().any(|finding| finding.severity == Severity::Error), "{text}");
    }
}

#[test]
fn findings_name_file_and_line() {
    let loaded =
        service("[Unit]\nNonsense=1\n[Service]\nExecStart=/bin/a \\\n  b\nRestart=perhaps\n[Odd]\nX-a=1");
    assert_eq!(loaded.unit.load_state, LoadState::Loaded);
    let lines: Vec<u32> = loaded.findings.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [7, 2, 6]);
}

#[test]
fn sandboxing_is_noted_and_kept() {
    let loaded = service(
        "[Service]\nExecStart=/bin/true\nProtectSystem=strict\nSystemCallFilter=@a\nSystemCallFilter=~@b",
    );
    assert!(loaded.findings.iter().all(|finding| finding.severity == Severity::Note));
    let exec = &loaded.unit.service().unwrap().exec;
    assert_eq!(exec.sandbox["SystemCallFilter"], ["@a", "~@b"]);
}

#[test]
fn what_only_switches_off_is_not_refused() {
    assert_eq!(
        service("[Service]\nExecStart=/bin/a\nDynamicUser=no\nRootDirectory=").unit.load_state,
        LoadState::Loaded
    );
}

#[test]
fn load_states() {
    let tree = Tree::new(&[("empty.service", ""), ("broken.service", "[Service"), ("utf.service", "")]);
    tree.link("masked.service", "/dev/null");
    tree.link("dangling.service", "/nowhere/x.service");
    for (unit, state) in [
        ("empty.service", LoadState::Masked),
        ("masked.service", LoadState::Masked),
        ("broken.service", LoadState::Error),
        ("gone.service", LoadState::NotFound),
        ("dangling.service", LoadState::NotFound),
        ("a.mount", LoadState::NotFound),
        ("any-slice.slice", LoadState::Loaded),
        ("a.scope", LoadState::NotFound),
    ] {
        assert_eq!(tree.load(unit).unit.load_state, state, "{unit}");
    }
}

#[test]
fn templates_among_dependencies_take_the_instance() {
    let tree = Tree::new(&[
        ("a@.service", "[Unit]\nWants=b@.service c@%i-x.service\n[Service]\nExecStart=/bin/a"),
        ("p.target", "[Unit]\nWants=b@.service"),
    ]);
    assert_eq!(names(&tree.load("a@one.service").unit, Kind::Wants), ["b@one.service", "c@one-x.service"]);
    assert_eq!(
        names(&tree.load("p.target").unit, Kind::Wants),
        ["b@p.service"],
        "a plain unit lends its own name"
    );
}

#[test]
fn slices() {
    let tree = Tree::new(&[
        ("app-gnome@.service", "[Service]\nExecStart=/bin/a"),
        ("s.service", "[Service]\nExecStart=/bin/a\nSlice=x-y.slice"),
    ]);
    let unit = tree.load("app-gnome@z.service").unit;
    assert_eq!(names(&unit, Kind::InSlice), [r"app-app\x2dgnome.slice"]);
    assert_eq!(names(&tree.load("s.service").unit, Kind::InSlice), ["x-y.slice"]);
    assert_eq!(names(&tree.load("x-y.slice").unit, Kind::Requires), ["x.slice"]);
    assert_eq!(names(&tree.load("x.slice").unit, Kind::After), ["-.slice"]);
    assert!(tree.load("-.slice").unit.dependencies.iter().next().is_none());
}

#[test]
fn triggers_come_before_what_they_start() {
    let tree = Tree::new(&[
        ("a.socket", "[Socket]\nListenStream=/x"),
        ("b.timer", "[Timer]\nOnBootSec=1\nUnit=c.target"),
        ("d.path", "[Path]\nPathExists=/x"),
        ("e.socket", "[Socket]\nListenStream=/x\nAccept=yes"),
    ]);
    for (unit, triggered, target) in [
        ("a.socket", "a.service", "sockets.target"),
        ("b.timer", "c.target", "timers.target"),
        ("d.path", "d.service", "paths.target"),
    ] {
        let unit = tree.load(unit).unit;
        assert_eq!(names(&unit, Kind::Triggers), [triggered]);
        assert_eq!(names(&unit, Kind::Before), [triggered, target, "shutdown.target"]);
    }
    assert!(names(&tree.load("e.socket").unit, Kind::Triggers).is_empty());
}

#[test]
fn drop_ins_come_after_the_file() {
    let tree = Tree::new(&[
        ("a.service", "[Unit]\nDescription=one\n[Service]\nExecStart=/bin/a"),
        ("a.service.d/10.conf", "[Unit]\nDescription=two"),
        ("a.service.d/20.conf", "[Service]\nExecStart=broken/path\n[Unit]\nDescription=three"),
    ]);
    let loaded = tree.load("a.service");
    assert_eq!(loaded.unit.description, "two");
    assert_eq!(loaded.unit.drop_in_paths.len(), 2);
    assert_eq!(loaded.unit.load_state, LoadState::Loaded, "a broken drop-in does not take the unit away");
}

#[test]
fn links_of_wants_directories() {
    let tree = Tree::new(&[
        ("a.target", "[Unit]\n"),
        ("b.service", "[Service]\nExecStart=/bin/b"),
        ("t@.service", "[Service]\nExecStart=/bin/t"),
    ]);
    tree.link("a.target.wants/b.service", "../b.service");
    tree.link("a.target.requires/t@x.service", "../t@.service");
    tree.link("a.target.wants/off.service", "/dev/null");
    let unit = tree.load("a.target").unit;
    assert_eq!(names(&unit, Kind::Wants), ["b.service"]);
    assert_eq!(names(&unit, Kind::Requires), ["t@x.service"]);
}

#[test]
fn a_closure_resolves_aliases_and_orders_targets() {
    let tree = Tree::new(&[
        ("all.target", "[Unit]\nWants=alias.service early.service plain.service self.target"),
        ("real.service", "[Unit]\nAfter=all.target\n[Service]\nExecStart=/bin/a"),
        ("early.service", "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/a"),
        ("plain.service", "[Service]\nExecStart=/bin/a"),
    ]);
    tree.link("alias.service", "real.service");
    tree.link("self.target", "all.target");
    let set = tree.loader().closure([&name("all.target")]);
    let target = set.get(&name("all.target")).unwrap();
    assert_eq!(names(target, Kind::Wants), ["real.service", "early.service", "plain.service"]);
    assert_eq!(names(target, Kind::After), ["plain.service"]);
    assert_eq!(set.get(&name("alias.service")).unwrap().name, name("real.service"));
    assert!(set.contains(&name("basic.target")), "what is referred to is loaded");
}

/// Units of the system may name users, lie in system.slice, and need sysinit.target.
#[test]
fn units_of_the_system() {
    let dir = tempfile::tempdir().unwrap();
    let units = dir.path().join("usr/lib/systemd/system");
    std::fs::create_dir_all(&units).unwrap();
    let text = "[Service]\nUser=colord\nGroup=video\nSupplementaryGroups=input\nExecStart=/bin/x %t %S\n";
    std::fs::write(units.join("a.service"), text).unwrap();
    let path = SearchPath::system(Some(dir.path()));
    let name = UnitName::new("a.service").unwrap();
    let host = crate::translate::portable::system();
    let unit = Loader::new(path.clone(), host).load(&name).unit;
    assert_eq!(unit.load_state, LoadState::Loaded, "{:?}", unit.load_error);
    let service = unit.service().unwrap();
    assert_eq!(service.exec.user.as_deref(), Some("colord"));
    assert_eq!(service.exec.supplementary_groups, ["input"]);
    assert_eq!(service.commands.start[0].argv[1..], ["/run", "/var/lib"]);
    assert_eq!(service.resources.slice.as_ref().map(UnitName::as_str), Some("system.slice"));
    let sysinit = UnitName::new("sysinit.target").unwrap();
    assert!(unit.dependencies.has(DependencyKind::Requires, &sysinit));
    // A user's manager cannot become somebody else.
    let unit = Loader::new(path, Host::fixed()).load(&name).unit;
    assert_eq!(unit.load_state, LoadState::BadSetting);
}
