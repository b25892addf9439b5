//! Real clients and our `systemctl` look at a live GNOME session; what they print is in the log.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Usher};

#[test]
fn a_live_session_can_be_looked_at() {
    let artefacts = Artefacts::of("gnome-clients");
    let Some(stage) = Stage::open(Side::Usher(Usher::USUAL), &artefacts) else { return };
    let mut session = Session::log_in(&stage, "clients");
    session.wait_until_running();
    session.settle();
    let show = |name: &str, program: &str, arguments: &[&str]| {
        let output = stage.command(program).args(arguments.iter().copied()).output();
        println!("$ {program} {}\n{}{}", arguments.join(" "), output.stdout, output.stderr);
        artefacts.keep(name, &output.stdout);
        assert!(output.status.success(), "{program} {}: {}", arguments.join(" "), output.status);
        output.stdout
    };

    let status = show("status.txt", "systemctl", &["--user", "status", "--no-pager"]);
    assert!(status.contains("gnome-shell"), "status shows the tree");
    let shell = show(
        "status-shell.txt",
        "systemctl",
        &["--user", "status", "--no-pager", "org.gnome.Shell@user.service"],
    );
    assert!(shell.contains("active (running)"), "status of one unit");
    let units = show("list-units.txt", "systemctl", &["--user", "list-units", "--no-pager"]);
    for unit in [
        "org.gnome.Shell@user.service",
        "gnome-session@gnome.target",
        "org.gnome.SettingsDaemon.Power.service",
    ] {
        assert!(units.lines().any(|line| line.contains(unit) && line.contains("active")), "{unit} is listed");
    }
    let active = stage.command("systemctl").args(["--user", "is-active", "graphical-session.target"]).run();
    assert_eq!(active.trim(), "active");

    let introspect = |name: &str, object: &str| {
        let destination = "org.freedesktop.systemd1";
        show(name, "gdbus", &["introspect", "--session", "--dest", destination, "--object-path", object])
    };
    let manager = introspect("introspect-manager.txt", "/org/freedesktop/systemd1");
    for member in ["StartUnit", "ListUnits", "UnsetAndSetEnvironment", "JobRemoved", "Environment"] {
        assert!(manager.contains(member), "the manager has no {member}");
    }
    let unit = introspect(
        "introspect-shell.txt",
        "/org/freedesktop/systemd1/unit/org_2egnome_2eShell_40user_2eservice",
    );
    for member in [
        "org.freedesktop.systemd1.Unit",
        "org.freedesktop.systemd1.Service",
        "ActiveState = 'active'",
        "MainPID",
    ] {
        assert!(unit.contains(member), "the shell's object has no {member}");
    }
}
