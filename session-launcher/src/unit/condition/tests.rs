use std::cmp::Ordering;

use super::*;
use crate::unit::condition::comparison::compare_versions;

fn holds(kind: ConditionKind, parameter: &str) -> bool {
    let mut host = Host::fixed();
    host.machine_id = Some("0123456789abcdef0123456789abcdef".into());
    host.os_release =
        [("ID", "debian"), ("VERSION_ID", "13.2")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    host.kernel_release = "6.12.5-amd64".into();
    let environment = BTreeMap::from([
        ("XDG_SESSION_TYPE".to_owned(), "wayland".to_owned()),
        ("EMPTY".to_owned(), String::new()),
    ]);
    let condition = Condition { kind, trigger: false, negate: false, parameter: parameter.into() };
    Surroundings { host: &host, environment: &environment, root: None }.holds(&condition)
}

#[test]
fn environment_user_and_host() {
    use ConditionKind as Kind;
    for (kind, parameter, expected) in [
        (Kind::Environment, "XDG_SESSION_TYPE", true),
        (Kind::Environment, "XDG_SESSION_TYPE=wayland", true),
        (Kind::Environment, "XDG_SESSION_TYPE=x11", false),
        (Kind::Environment, "EMPTY", true),
        (Kind::Environment, "EMPTY=", true),
        (Kind::Environment, "NO", false),
        (Kind::User, "ann", true),
        (Kind::User, "1000", true),
        (Kind::User, "@system", false),
        (Kind::User, "root", false),
        (Kind::Group, "people", true),
        (Kind::Host, "box.*", true),
        (Kind::Host, "01234567-89ab-cdef-0123-456789abcdef", true),
        (Kind::Host, "other", false),
        (Kind::Architecture, "native", true),
        (Kind::OSRelease, "ID=debian VERSION_ID>=13", true),
        (Kind::OSRelease, "ID=debian VERSION_ID<13", false),
        (Kind::Version, "6.*", true),
        (Kind::Version, ">= 6.1", true),
        (Kind::Version, "kernel <6.12", false),
        (Kind::Version, "systemd >=250", true),
        (Kind::Memory, "1", true),
        (Kind::Memory, "<1", false),
        (Kind::CPUs, ">=1", true),
    ] {
        assert_eq!(holds(kind, parameter), expected, "{kind:?} {parameter}");
    }
}

#[test]
fn files() {
    use ConditionKind as Kind;
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(dir.path().join("empty"), "").unwrap();
    fs::write(dir.path().join("full"), "x").unwrap();
    fs::create_dir(dir.path().join("dir")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    for (kind, name, expected) in [
        (Kind::PathExists, "empty", true),
        (Kind::PathExists, "link", false),
        (Kind::PathExistsGlob, "f*l", true),
        (Kind::PathExistsGlob, "g*", false),
        (Kind::PathIsSymbolicLink, "link", true),
        (Kind::PathIsDirectory, "dir", true),
        (Kind::DirectoryNotEmpty, "dir", false),
        (Kind::DirectoryNotEmpty, "", true),
        (Kind::FileNotEmpty, "empty", false),
        (Kind::FileNotEmpty, "full", true),
        (Kind::FileIsExecutable, "full", false),
        (Kind::PathIsMountPoint, "dir", false),
    ] {
        assert_eq!(holds(kind, &path(name)), expected, "{kind:?} {name}");
    }
    assert!(holds(Kind::PathIsMountPoint, "/proc"));
    assert!(holds(Kind::FileIsExecutable, "/bin/sh"));
}

#[test]
fn versions() {
    for (left, right, expected) in [
        ("1", "1", Ordering::Equal),
        ("1.10", "1.9", Ordering::Greater),
        ("1~rc1", "1", Ordering::Less),
        ("1", "1.0", Ordering::Less),
        ("6.12.5-amd64", "6.12", Ordering::Greater),
        ("010", "10", Ordering::Equal),
        ("a", "b", Ordering::Less),
    ] {
        assert_eq!(compare_versions(left, right), expected, "{left} {right}");
    }
}
