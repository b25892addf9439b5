//! `session-launcher daemon` when something goes wrong: itself, its bus, or its files.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use usher_tests::session_daemon::{Groups, SessionDaemon};

/// A service that runs until it is stopped.
const LASTING: &str = "[Service]\nExecStart=/bin/sleep 1000\n";

/// Ends with that status as soon as the file /run/user/1000/go is there.
const WAITING: &str = "[Service]
RuntimeDirectory=w
ExecStart=/bin/sh -c 'until [ -e /run/user/1000/go ]; do sleep 0.05; done; exit 7'
";

const SOCKET: &str = "[Socket]\nListenStream=%t/greeting\n[Install]\n";
const SOCKET_SERVICE: &str = "[Service]\nExecStart=/bin/sleep 1000\n";

fn units(list: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    list.to_vec()
}

/// The main processes of these units.
fn mains(daemon: &SessionDaemon, units: &[&str]) -> BTreeMap<String, i32> {
    units.iter().map(|unit| ((*unit).to_owned(), daemon.main_pid(unit))).collect()
}

/// The processes of services, but for the short ones of a shell's loop.
fn lasting(daemon: &SessionDaemon) -> BTreeMap<i32, String> {
    let all = daemon.service_processes().into_iter();
    all.filter(|process| process.command != "sleep 0.05")
        .map(|process| (process.pid, process.command))
        .collect()
}

fn engine_killed(groups: Groups) {
    let all = units(&[
        ("a.service", LASTING),
        ("b.service", LASTING),
        ("w.service", WAITING),
        ("greeting.socket", SOCKET),
        ("greeting.service", SOCKET_SERVICE),
        ("two.service", "[Service]\nExecStart=/bin/sh -c 'sleep 1000 & exec sleep 1001'\n"),
        (
            "binding.service",
            "[Unit]\nBindsTo=w.service\nAfter=w.service\n[Service]\nExecStart=/bin/sleep 1000\n",
        ),
    ]);
    let Some(daemon) = SessionDaemon::start(groups, &all) else { return };
    daemon.manage("start a.service w.service greeting.socket two.service binding.service");
    let running = ["a.service", "w.service", "two.service", "binding.service"];
    let before = mains(&daemon, &running);
    let processes = lasting(&daemon);
    daemon.kill_engine();

    assert_eq!(mains(&daemon, &running), before, "{}", daemon.log());
    assert_eq!(lasting(&daemon), processes, "none lost, none doubled");
    assert_eq!(daemon.state("greeting.socket"), "active");
    assert_eq!(daemon.state("b.service"), "inactive");

    // What was adopted can be stopped, with all of its processes.
    daemon.manage("stop two.service");
    assert_eq!(daemon.state("two.service"), "inactive");
    assert!(!daemon.service_processes().iter().any(|process| process.command.starts_with("sleep 100")));
    // An adopted process that ends is seen with its own status, and what is bound to it follows.
    daemon.machine.write("/run/user/1000/go", 0o644, "");
    daemon.wait_for_state("w.service", "failed");
    assert_eq!(daemon.property("w.service", "ExecMainStatus"), "7");
    assert_eq!(daemon.property("w.service", "Result"), "exit-code");
    daemon.wait_for_state("binding.service", "inactive");
    // The socket has stayed open, and still starts its service.
    let path = daemon.machine.path("/run/user/1000/greeting");
    let connection = UnixStream::connect(&path).unwrap();
    daemon.wait_for_state("greeting.service", "active");
    drop(connection);
    // And new units can be started.
    daemon.manage("start b.service");
    assert_eq!(daemon.state("b.service"), "active");
}

#[test]
fn engine_killed_with_control_groups() {
    engine_killed(Groups::Own);
}

#[test]
fn engine_killed_without_control_groups() {
    engine_killed(Groups::None);
}

/// The next engine is held back while services end: it still learns how they did.
#[test]
fn ends_in_the_gap_are_seen_with_their_status() {
    let all = units(&[
        ("code.service", WAITING),
        ("signal.service", LASTING),
        (
            "well.service",
            "[Service]\nExecStart=/bin/sh -c 'until [ -e /run/user/1000/go ]; do sleep 0.05; done'\n",
        ),
        ("again.service", "[Service]\nRestart=on-failure\nRestartSec=100ms\nExecStart=/bin/sleep 1000\n"),
    ]);
    let Some(mut daemon) = SessionDaemon::start(Groups::None, &all) else { return };
    daemon.manage("start code.service signal.service well.service again.service");
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    let (signal, again) = (daemon.main_pid("signal.service"), daemon.main_pid("again.service"));
    // The guardian cannot start another one while it is stopped, but what ends becomes its child.
    daemon.kill(guardian, "STOP");
    daemon.kill(engine, "KILL");
    daemon.kill(signal, "KILL");
    daemon.kill(again, "SEGV");
    daemon.machine.write("/run/user/1000/go", 0o644, "");
    daemon.wait_until("everything has ended", || daemon.service_processes().is_empty());
    daemon.resume_guardian(guardian);
    daemon.wait_until("a new engine", || daemon.is_reachable());
    daemon.wait_for_state("code.service", "failed");
    assert_eq!(daemon.property("code.service", "ExecMainStatus"), "7");
    assert_eq!(daemon.property("signal.service", "Result"), "signal");
    assert_eq!(daemon.property("signal.service", "ExecMainStatus"), "9");
    assert_eq!(daemon.property("well.service", "Result"), "success");
    assert_eq!(daemon.state("well.service"), "inactive");
    daemon.wait_until("restarted", || daemon.state("again.service") == "active");
    assert_eq!(daemon.property("again.service", "NRestarts"), "1");
}

/// Whoever waits for a job or a unit while the engine is killed is told by the next one; whoever has left is forgotten.
#[test]
fn clients_are_told_by_the_next_engine() {
    let all = units(&[(
        "job.service",
        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'until [ -e /run/user/1000/go ]; do sleep 0.05; done; exit 7'\n",
    )]);
    let Some(mut daemon) = SessionDaemon::start(Groups::Own, &all) else { return };
    let client = |words: &[&str]| daemon.command(words[0]).args(words[1..].iter().copied()).spawn();
    // This one subscribes and waits for JobRemoved.
    let mut starter = client(&["systemctl", "--user", "start", "job.service"]);
    // These hold on to a unit and wait for changes of its properties.
    let script = "until [ -e /run/user/1000/go ]; do sleep 0.05; done; exit 9";
    let mut runner = client(&["systemd-run", "--user", "--wait", "--unit=run", "sh", "-c", script]);
    let _leaves = client(&["systemd-run", "--user", "--wait", "--unit=left", "sleep", "1000"]);
    daemon.wait_for_state("job.service", "activating");
    daemon.wait_for_state("run.service", "active");
    daemon.wait_for_state("left.service", "active");
    // A change is saved soon after it came.
    std::thread::sleep(Duration::from_millis(300));

    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.kill(guardian, "STOP");
    daemon.kill(engine, "KILL");
    let is_leaving = |command: &str| command.starts_with("/usr/bin/systemd-run") && command.contains("=left");
    let leaving = daemon.processes().into_values().find(|process| is_leaving(&process.command)).unwrap();
    daemon.kill(leaving.pid, "KILL");
    daemon.wait_until("the client has left", || !daemon.processes().contains_key(&leaving.pid));
    daemon.resume_guardian(guardian);
    daemon.wait_until("a new engine", || daemon.is_reachable());
    assert!(starter.runs() && runner.runs(), "{}{}", starter.log(), runner.log());

    daemon.machine.write("/run/user/1000/go", 0o644, "");
    let status = starter.wait(Duration::from_secs(20));
    assert_eq!(status.code(), Some(1), "{}", starter.log());
    assert!(starter.log().contains("Job for job.service failed"), "{}", starter.log());
    assert_eq!(runner.wait(Duration::from_secs(20)).code(), Some(9), "{}", runner.log());
    // Nothing holds this one any more, so that it goes with its end.
    daemon.manage("stop left.service");
    assert_eq!(daemon.property("left.service", "LoadState"), "not-found");
}

/// Killed again and again while there is work, it loses nothing, and doubles nothing.
#[test]
fn engine_killed_at_random_moments() {
    let names: Vec<String> = (0..30).map(|number| format!("n{number}.service")).collect();
    let mut all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), LASTING)).collect();
    let wants = format!("[Unit]\nWants={0}\nAfter={0}\n", names.join(" "));
    all.push(("all.target", &wants));
    let Some(daemon) = SessionDaemon::start(Groups::Own, &all) else { return };
    let mut moment: u64 = 20260101;
    for round in 0..6 {
        // Fewer than the guardian takes for a crash loop.
        moment = moment.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let pause = Duration::from_millis((moment >> 33) % 250);
        let starts = round % 2 == 0;
        let verb = if starts { "start" } else { "stop" };
        daemon.systemctl(&format!("{verb} --no-block all.target n*.service {}", names.join(" ")));
        std::thread::sleep(pause);
        daemon.kill_engine();
        // What was asked is either remembered or forgotten as a whole job; asking again completes it.
        daemon.manage(&format!("{verb} all.target {}", names.join(" ")));
        let wanted = if starts { "active" } else { "inactive" };
        for name in &names {
            assert_eq!(
                daemon.state(name),
                wanted,
                "{name} in round {round} after {pause:?}\n{}",
                daemon.log()
            );
        }
        let mut runs: Vec<_> =
            daemon.service_processes().into_iter().map(|process| process.invocation.unwrap()).collect();
        let count = runs.len();
        runs.sort();
        runs.dedup();
        assert_eq!(runs.len(), count, "no service runs twice");
        assert_eq!(count, if starts { names.len() } else { 0 }, "{:#?}", daemon.service_processes());
    }
}

/// Without a guardian, what comes next over the bus or by hand takes over.
#[test]
fn engine_and_guardian_killed_together() {
    let all = units(&[("a.service", LASTING), ("w.service", WAITING)]);
    let Some(mut daemon) = SessionDaemon::start(Groups::Own, &all) else { return };
    daemon.manage("start a.service w.service");
    let before = mains(&daemon, &["a.service", "w.service"]);
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.machine.command("sh").args(["-c", &format!("kill -9 {guardian} {engine}")]).run();
    daemon.wait_until("gone", || daemon.engine().is_none() && daemon.guardian().is_none());
    daemon.start_daemon();
    assert_eq!(mains(&daemon, &["a.service", "w.service"]), before, "adopted\n{}", daemon.log());
    // Nobody's children: their end is seen all the same, though not how.
    daemon.machine.write("/run/user/1000/go", 0o644, "");
    daemon.wait_until("w.service has ended", || daemon.state("w.service") != "active");
    daemon.manage("stop a.service");
    assert!(daemon.service_processes().is_empty(), "{:#?}", daemon.service_processes());
}

#[test]
fn bus_activation_brings_it_back() {
    let all = units(&[("a.service", LASTING)]);
    let Some(mut daemon) = SessionDaemon::machine(Groups::Own, &all) else { return };
    daemon.machine.write(
        "/usr/share/dbus-1/services/org.freedesktop.systemd1.service",
        0o644,
        "[D-BUS Service]\nName=org.freedesktop.systemd1\nExec=/usr/bin/session-launcher daemon\n",
    );
    daemon.start_bus();
    assert_eq!(daemon.engine(), None);
    // The first question starts it.
    daemon.manage("start a.service");
    let before = daemon.main_pid("a.service");
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.machine.command("sh").args(["-c", &format!("kill -9 {guardian} {engine}")]).run();
    daemon.wait_until("gone", || daemon.engine().is_none() && daemon.guardian().is_none());
    assert_eq!(daemon.state("a.service"), "active");
    assert_eq!(daemon.main_pid("a.service"), before);
}

#[test]
fn nothing_outlives_the_bus() {
    let all = units(&[
        ("a.service", LASTING),
        (
            "stubborn.service",
            "[Service]\nTimeoutStopSec=1\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'\n",
        ),
        ("stray.service", "[Service]\nType=forking\nExecStart=/bin/sh -c 'setsid sleep 1000 &'\n"),
    ]);
    let Some(mut daemon) = SessionDaemon::start(Groups::None, &all) else { return };
    daemon.manage("start a.service stubborn.service stray.service");
    assert!(!daemon.service_processes().is_empty());
    daemon.kill_bus();
    daemon.wait_until("nothing is left", || daemon.processes().is_empty());
    let status = daemon.daemon().wait(Duration::from_secs(10));
    assert!(status.success(), "{status}\n{}", daemon.log());
}

/// As at the end of a session, when whoever collected the messages is the first to go.
#[test]
fn messages_that_nobody_reads_are_no_obstacle() {
    let all = units(&[("a.service", LASTING), ("fails.service", "[Service]\nExecStart=/bin/false\n")]);
    let Some(mut daemon) = SessionDaemon::machine(Groups::None, &all) else { return };
    daemon.start_bus();
    daemon.start_unread_daemon();
    daemon.manage("start a.service fails.service");
    let (guardian, before) = (daemon.guardian(), daemon.main_pid("a.service"));
    daemon.kill_engine();
    assert_eq!(daemon.main_pid("a.service"), before);
    assert_eq!(daemon.guardian(), guardian);
    daemon.kill_bus();
    daemon.wait_until("nothing is left", || daemon.processes().is_empty());
    let status = daemon.daemon().wait(Duration::from_secs(10));
    assert!(status.success(), "{status}");
}

/// GDM sends SIGHUP to the process group of a session whose first process has ended.
#[test]
fn a_hang_up_ends_the_session_in_order() {
    let stopping = "[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/touch /run/user/1000/stopped\n";
    let Some(mut daemon) = SessionDaemon::start(Groups::None, &units(&[("a.service", stopping)])) else {
        return;
    };
    daemon.manage("start a.service");
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.machine.command("sh").args(["-c", &format!("kill -HUP {guardian} {engine}")]).run();
    let status = daemon.daemon().wait(Duration::from_secs(20));
    assert!(status.success(), "{status}\n{}", daemon.log());
    assert!(daemon.service_processes().is_empty(), "{:#?}", daemon.service_processes());
    assert!(daemon.machine.path("/run/user/1000/stopped").exists(), "ExecStop= ran");
}

/// Whoever starts a daemon while the engine is being started again does not get between.
#[test]
fn nobody_takes_the_place_of_a_killed_engine() {
    let Some(mut daemon) = SessionDaemon::start(Groups::Own, &units(&[("a.service", LASTING)])) else {
        return;
    };
    daemon.manage("start a.service");
    let before = daemon.main_pid("a.service");
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.machine.command("sh").args(["-c", &format!("kill -STOP {guardian}; kill -KILL {engine}")]).run();
    let _second = daemon.spawn_daemon();
    daemon.wait_until("a second engine", || daemon.engine().is_some_and(|other| other != engine));
    std::thread::sleep(Duration::from_secs(1));
    let is_taken = daemon.is_reachable();
    // A machine with stopped processes does not end.
    daemon.resume_guardian(guardian);
    assert!(!is_taken, "{}", daemon.log());
    daemon.wait_until("an engine serves", || daemon.is_reachable());
    assert_eq!(daemon.main_pid("a.service"), before);
    let owner = daemon.owner();
    assert_eq!(daemon.processes()[&owner].parent, guardian, "{}", daemon.log());
}

#[test]
fn a_second_daemon_refuses() {
    let Some(daemon) = SessionDaemon::start(Groups::Own, &units(&[("a.service", LASTING)])) else { return };
    daemon.manage("start a.service");
    let before = daemon.main_pid("a.service");
    let mut second = daemon.spawn_daemon();
    let status = second.wait(Duration::from_secs(40));
    assert!(!status.success());
    let said = second.log();
    assert!(said.contains("runs already"), "{said}");
    assert_eq!(daemon.main_pid("a.service"), before, "the first one goes on");
}

#[test]
fn what_another_session_has_left_is_ended() {
    let all = units(&[
        ("a.service", LASTING),
        (
            "stubborn.service",
            "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'\n",
        ),
    ]);
    let Some(mut daemon) = SessionDaemon::start(Groups::Own, &all) else { return };
    daemon.manage("start a.service stubborn.service");
    let old = mains(&daemon, &["a.service", "stubborn.service"]);
    let (engine, guardian) = (daemon.engine().unwrap(), daemon.guardian().unwrap());
    daemon.machine.command("sh").args(["-c", &format!("kill -9 {guardian} {engine}")]).run();
    daemon.wait_until("gone", || daemon.engine().is_none() && daemon.guardian().is_none());
    // A bus at the same path, as at every log-in, but another one.
    daemon.kill_bus();
    daemon.start_bus();
    daemon.start_daemon();
    for (unit, pid) in &old {
        assert!(!daemon.processes().contains_key(pid), "{unit} of the old session is gone");
        assert_eq!(daemon.state(unit), "inactive", "{}", daemon.log());
    }
    daemon.manage("start a.service");
}

#[test]
fn a_state_that_cannot_be_read_is_no_obstacle() {
    for content in ["", "{", "{\"version\":\"0.1.0\",\"boot\":\"\",\"bus\":\"\",\"saved\":{}}", "\0\0\0"] {
        let Some(mut daemon) = SessionDaemon::machine(Groups::Own, &units(&[("a.service", LASTING)])) else {
            return;
        };
        daemon.machine.write("/run/user/1000/session-launcher/state", 0o600, content);
        daemon.machine.command("chown").args(["-R", "1000:1000", "/run/user/1000"]).run();
        daemon.start_bus();
        daemon.start_daemon();
        daemon.manage("start a.service");
        assert_eq!(daemon.state("a.service"), "active");
    }
}

#[test]
fn a_runtime_directory_that_is_not_there_is_said() {
    let Some(mut daemon) = SessionDaemon::machine(Groups::Own, &[]) else { return };
    daemon.start_bus();
    let bus = "unix:path=/run/user/1000/bus";
    let ended = daemon
        .machine
        .command("session-launcher")
        .arg("daemon")
        .env("HOME", "/home/user")
        .env("XDG_RUNTIME_DIR", "/run/user/4711")
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .uid(1000)
        .output();
    assert!(!ended.status.success());
    assert!(ended.stderr.contains("/run/user/4711/session-launcher"), "{}", ended.stderr);
}
