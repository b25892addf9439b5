//! What a process starts with is the engine's business, whatever OpenRC lets through.

use crate::user::User;

#[test]
fn the_environment_is_whole() {
    let Some(user) = User::with_units(&[(
        "lab-environment.service",
        "[Service]\nEnvironment=LAB_UNIT=%n \"LAB_SPACE=a 'b' $c\"\nWorkingDirectory=/tmp\n\
         ExecStart=/bin/sh -c 'env -0 > /run/user/1000/environment; pwd > /run/user/1000/directory; exec sleep 1000'\n",
    )]) else {
        return;
    };
    let long = "x".repeat(100_000);
    user.must(&[
        "set-environment",
        &format!("LAB_LONG={long}"),
        "WAYLAND_DISPLAY=wayland-7",
        "RC_SVCNAME=mine",
    ]);
    let check = |how: &str| {
        user.wait("it has written", || user.read(&user.path("directory")).trim() == "/tmp");
        let text = user.read(&user.path("environment"));
        let variables: std::collections::BTreeMap<&str, &str> =
            text.split('\0').filter_map(|entry| entry.split_once('=')).collect();
        for (name, value) in [
            ("LAB_UNIT", "lab-environment.service"),
            ("LAB_SPACE", "a 'b' $c"),
            ("LAB_LONG", long.as_str()),
            ("WAYLAND_DISPLAY", "wayland-7"),
            ("RC_SVCNAME", "mine"),
        ] {
            assert!(variables.get(name) == Some(&value), "{how}: {name}");
        }
        let bus = variables.get("DBUS_SESSION_BUS_ADDRESS").copied().unwrap_or_default();
        assert!(bus.starts_with("unix:path=/run/user/1000/bus"), "{how}: {bus:?}");
        for foreign in ["RC_SVCDIR", "RC_USER_SERVICES", "RC_SERVICE", "RC_RUNLEVEL", "EINFO_QUIET"] {
            assert!(!variables.contains_key(foreign), "{how}: {foreign} comes from OpenRC");
        }
    };
    user.must(&["start", "lab-environment.service"]);
    check("systemctl");
    user.must(&["stop", "lab-environment.service"]);
    user.machine.command("rm").args([user.path("environment"), user.path("directory")]).run();
    let start = user.rc_service("lab-environment.service", "start");
    assert_eq!(start.code(), 0, "{}{}", start.stdout, start.stderr);
    check("rc-service");
}
