//! Real GNOME with OpenRC as the supervisor: the same session as without, which the tier `gnome` compares with systemd's.

use std::collections::BTreeSet;

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::disturbance::{Disturbance, Outcome};
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Stage, Supervisor};
use usher_tests::gnome::supervision::{compare_endings, open, running_services};
use usher_tests::lab::Process;
use usher_tests::lab::desktop::wait_for;

/// What `rc-status` says is up.
fn shown_as_started(stage: &Stage) -> BTreeSet<String> {
    let output = stage.command("rc-status").args(["--user", "--format", "ini"]).run();
    let started = |line: &str| {
        let (name, state) = line.split_once(" = ")?;
        state.trim().starts_with("started").then(|| name.to_owned())
    };
    output.lines().filter_map(started).collect()
}

#[test]
fn a_session_is_shown_by_rc_status() {
    let artefacts = Artefacts::of("openrc-session");
    let mut tables = Vec::new();
    for supervisor in [Supervisor::Direct, Supervisor::OpenRc] {
        let Some(stage) = open(supervisor, &artefacts) else { return };
        let mut session = Session::log_in(&stage, "session");
        let start = session.wait_until_running();
        println!("{}: runs after {:.2} s", supervisor.name(), start.as_secs_f64());
        tables.push(session.settle());
        if supervisor == Supervisor::Direct {
            continue;
        }
        assert!(!session.photograph().is_blank(), "{}", session.story());
        let shown = stage.command("rc-status").args(["--user"]).run();
        println!("{shown}");
        artefacts.keep("rc-status.txt", &shown);
        let services = running_services(&stage);
        assert!(services.contains("org.gnome.Shell@user.service"), "{services:?}");
        assert_eq!(shown_as_started(&stage), services, "{}", session.story());
        let processes = stage.processes();
        for name in ["gnome-shell", "gsd-datetime", "pipewire"] {
            let above = above(&processes, name);
            assert!(
                above.iter().any(|process| process.command_line.contains("supervise-daemon")),
                "above {name}: {above:?}"
            );
        }
        // By the native tool, then by ours.
        let service = "gvfs-goa-volume-monitor.service";
        stage.command("rc-service").args(["--user", service, "restart"]).run();
        assert_eq!(session.settle().differences(&tables[1], &[]), Vec::<String>::new());
        assert!(shown_as_started(&stage).contains(service));
        // RefuseManualStop=: as by systemctl.
        let service = "org.gnome.SettingsDaemon.Datetime.service";
        let stop = stage.command("rc-service").args(["--user", service, "stop"]).output();
        assert!(!stop.status.success() && stop.stderr.contains("RefuseManualStop"), "{}", stop.stderr);
        assert_eq!(session.settle().differences(&tables[1], &[]), Vec::<String>::new());
        assert!(shown_as_started(&stage).contains(service));
    }
    assert_eq!(
        tables[1].differences(&tables[0], &[]),
        Vec::<String>::new(),
        "{}",
        artefacts.path().display()
    );
}

/// The processes above the one of that name.
fn above(processes: &[Process], name: &str) -> Vec<Process> {
    let mut found = Vec::new();
    let mut next = processes.iter().find(|process| process.name == name).map(|process| process.parent);
    while let Some(process) = next.and_then(|pid| processes.iter().find(|process| process.pid == pid)) {
        found.push(process.clone());
        next = Some(process.parent);
    }
    found
}

#[test]
fn the_user_logs_out() {
    compare_endings(Ending::LogOut, Supervisor::OpenRc, "openrc-log-out");
}

#[test]
fn the_leader_is_terminated() {
    compare_endings(Ending::TerminateLeader, Supervisor::OpenRc, "openrc-leader-terminated");
}

#[test]
fn the_leader_is_killed() {
    compare_endings(Ending::KillLeader, Supervisor::OpenRc, "openrc-leader-killed");
}

#[test]
fn the_shell_is_killed() {
    compare_endings(Ending::KillShell, Supervisor::OpenRc, "openrc-shell-killed");
}

#[test]
fn a_daemon_crashes_once() {
    compare_disturbances(Disturbance::Crash, "openrc-daemon-crashed");
}

#[test]
fn a_daemon_crashes_again_and_again() {
    compare_disturbances(Disturbance::CrashLoop, "openrc-daemon-crash-loop");
}

#[test]
fn the_engine_is_killed() {
    let outcome = compare_disturbances(Disturbance::EngineKilled, "openrc-engine-killed");
    let Some(outcome) = outcome else { return };
    let gone: Vec<_> = outcome
        .processes_before
        .iter()
        .filter(|process| {
            process.name.starts_with("gsd-")
                || process.name == "gnome-shell"
                || process.command_line.contains("supervise-daemon")
        })
        .filter(|process| !outcome.processes_after.iter().any(|after| after.pid == process.pid))
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
}

fn compare_disturbances(disturbance: Disturbance, name: &str) -> Option<Outcome> {
    let artefacts = Artefacts::of(name);
    let reference = disturbance.play(&open(Supervisor::Direct, &artefacts)?);
    let ours = disturbance.play(&open(Supervisor::OpenRc, &artefacts)?);
    let mut wrong = Vec::new();
    for (when, ours, reference) in [
        ("before", &ours.before, &reference.before),
        ("after", &ours.after, &reference.after),
        ("after log-out", &ours.ended, &reference.ended),
    ] {
        wrong.extend(ours.differences(reference, &[]).iter().map(|line| format!("{when}: {line}")));
    }
    if ours.goes_on != reference.goes_on || ours.kills != reference.kills {
        wrong.push(format!(
            "goes on: {}, without OpenRC {}; kills: {}, without OpenRC {}",
            ours.goes_on, reference.goes_on, ours.kills, reference.kills
        ));
    }
    wrong.extend(ours.left.iter().map(|process| format!("left after log-out: {process}")));
    assert!(wrong.is_empty(), "{disturbance:?}:\n{}\n{}", wrong.join("\n"), artefacts.path().display());
    Some(ours)
}

#[test]
fn an_x11_program_makes_its_services_come() {
    let artefacts = Artefacts::of("openrc-x11");
    let Some(stage) = open(Supervisor::OpenRc, &artefacts) else { return };
    let mut session = Session::log_in(&stage, "x11");
    session.wait_until_running();
    session.settle();
    assert!(session.processes("gsd-xsettings").is_empty(), "{}", session.story());
    let manager = stage.manager_environment();
    let mut client = stage.command("xprop").args(["-spy", "-root"]);
    for variable in ["DISPLAY", "XAUTHORITY"] {
        client = client.env(variable, manager.get(variable).unwrap());
    }
    let _client = client.spawn();
    let up = || ["Xwayland", "gsd-xsettings"].iter().all(|name| !session.processes(name).is_empty());
    let limit = std::time::Duration::from_secs(20);
    assert!(wait_for(limit, std::time::Duration::from_millis(100), up), "{}", session.story());
    session.settle();
    assert!(shown_as_started(&stage).contains("org.gnome.SettingsDaemon.XSettings.service"));
}
