//! GDM by its upstream unit, with a greeter that nobody sees.

use std::time::Duration;

use usher_tests::lab::desktop::wait_for;
use usher_tests::lab::process::Daemon;

use super::manager::Manager;
use super::system::System;

const NAME: &str = "org.gnome.DisplayManager";

/// The uids from which GDM lends to greeters.
const LENT_UIDS: std::ops::RangeInclusive<u32> = 60578..=60705;

pub fn play(manager: &dyn Manager) -> Vec<String> {
    let mut wrong = Vec::new();
    let system = manager.system();
    let mut check = |good: bool, what: &str| {
        if !good {
            wrong.push(format!("gdm: {what}; log: {}", manager.log_of("gdm")));
        }
    };
    let registrations = monitor(system);
    check(manager.start("gdm"), "does not start");
    let owner = system.owner(NAME);
    check(owner.as_ref().is_some_and(|owner| owner.program.ends_with("gdm3")), "does not own its name");
    check(manager.is_started("gdm"), "is not shown as started");
    // ExecStartPre= makes it.
    check(
        system.machine.path("/run/gdm3/dconf/db").exists() || generated(system),
        "did not write its settings",
    );
    // Restart=always. Without a greeter: sessions are in control groups of their own and outlive GDM, as on systemd.
    if let Some(owner) = owner {
        system.crash(&owner);
        let again = || system.owner(NAME).is_some_and(|other| other.pid != owner.pid);
        check(system.becomes(again), "does not come back after a crash");
        check(system.becomes(|| manager.is_started("gdm")), "is not shown as started after a crash");
        check(manager.log_of("gdm").contains("failed: signal"), "its log does not tell of the crash");
    }
    check(greets(system, &registrations), "shows no greeter");
    check(manager.stop("gdm"), "does not stop");
    let remains =
        || [system.remains("gdm", "gdm3"), system.processes("gdm-session-worker"), shells(system)].concat();
    check(system.becomes(|| remains().is_empty()), &format!("leaves {:?}", remains()));
    check(!manager.is_started("gdm"), "is shown as started after its stop");
    wrong
}

/// Calls of GNOME Shell to GDM.
fn monitor(system: &System) -> Daemon {
    let command = system.machine.command("dbus-monitor");
    let mut monitor = command.args(["--system", "interface='org.gnome.DisplayManager.Manager'"]).spawn();
    let log = monitor.log_file();
    monitor.wait_until("listening", || std::fs::read_to_string(&log).unwrap().contains("NameAcquired"));
    monitor
}

fn registered(registrations: &Daemon) -> usize {
    registrations.log().matches("member=RegisterDisplay").count()
}

/// Has a greeter made, which is there when GNOME Shell has registered.
fn greets(system: &System, registrations: &Daemon) -> bool {
    let before = registered(registrations);
    let made = system
        .machine
        .command("gdbus")
        .args(["call", "--system", "--dest", NAME, "--object-path"])
        .args(["/org/gnome/DisplayManager/RemoteDisplayFactory", "--method"])
        .args(["org.gnome.DisplayManager.RemoteDisplayFactory.CreateRemoteDisplay"])
        .arg("{'remote-id': <objectpath '/lab/one'>}")
        .output();
    made.code() == 0
        && wait_for(Duration::from_secs(60), Duration::from_millis(100), || {
            registered(registrations) > before && !shells(system).is_empty()
        })
}

/// GNOME Shells of greeters.
fn shells(system: &System) -> Vec<String> {
    let processes = system.machine.processes();
    let of = |process: &&usher_tests::lab::Process| {
        process.name == "gnome-shell" && LENT_UIDS.contains(&process.uid)
    };
    processes.iter().filter(of).map(ToString::to_string).collect()
}

fn generated(system: &System) -> bool {
    system.machine.command("sh").args(["-c", "ls /var/lib/gdm3/greeter-dconf-defaults"]).output().code() == 0
}
