//! libnss_userdb.so.2 in programs that fork, close all descriptors, have many threads, or outlive the daemon.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, Instant};
use usher_tests::libc::accounts::{self, STRESSED};
use usher_tests::libc::lookups::{self, GLIBC};
use usher_tests::libc::switch::{self, Switched};

/// What every test finds at the end.
const ANN: &str = "ann:x:70001:70001:Ann Example:/home/ann:/bin/sh";
const LOOKUP: &str = "getpwnam_r ann 0";

fn machine() -> Option<Switched> {
    let switched = switch::machine("files userdb")?;
    accounts::install(&switched.machine);
    Some(switched)
}

#[test]
fn a_child_holds_no_connection_of_its_parent() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    let lookups = [LOOKUP, LOOKUP, LOOKUP, "sockets", "fork", "sockets", LOOKUP, LOOKUP, LOOKUP, "sockets"];
    let lines = lookups::run(&switched.machine, GLIBC, &lookups);
    assert_eq!(lines, [ANN, ANN, ANN, "1", "0", ANN, ANN, ANN, "1"]);
}

#[test]
fn one_lookup_leaves_no_connection() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    assert_eq!(lookups::run(&switched.machine, GLIBC, &[LOOKUP, "sockets"]), [ANN, "0"]);
}

#[test]
fn a_child_goes_on_with_its_parents_enumeration() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    let whole = lookups::run(&switched.machine, GLIBC, &["getpwent_r 0"]);
    let users = whole.len() - 1;
    assert!(whole[users - 3].contains(":7000"), "users of userdb come last: {whole:?}");
    // In the middle of those of userdb.
    let lookups = [&format!("getpwent_some {}", users - 3), "fork", "getpwent_some 1000"];
    assert_eq!(lookups::run(&switched.machine, GLIBC, &lookups), whole[..users]);
}

#[test]
fn parent_and_child_each_go_on_by_themselves() {
    let Some(switched) = machine() else { return };
    // More than what is read at once.
    for uid in 80_000..80_300 {
        let record = format!("{{\"userName\":\"filler-{uid}\",\"uid\":{uid}}}");
        switched.machine.write(&format!("/etc/userdb/filler-{uid}.user"), 0o644, record);
    }
    let _daemon = switched.start_daemon();
    let mut whole = lookups::run(&switched.machine, GLIBC, &["getpwent_r 0"]);
    assert_eq!(whole.pop().unwrap(), "end");
    let first = whole.len() - 250;
    // Not by fork(3): no handler closes the parent's connection in the child, so that both have one and the same socket.
    let lookups = [&format!("getpwent_some {first}"), "clone", LOOKUP, "getpwent_some 1000", LOOKUP];
    let mut rest = vec![ANN.to_owned()];
    rest.extend_from_slice(&whole[first..]);
    rest.push(ANN.to_owned());
    let expected: Vec<_> = whole[..first].iter().chain(&rest).chain(&rest).cloned().collect();
    assert_eq!(lookups::run(&switched.machine, GLIBC, &lookups), expected);
}

#[test]
fn descriptors_that_the_program_closed_are_left_alone() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    let lookups = [
        LOOKUP,
        LOOKUP,
        LOOKUP,
        "sockets",
        "closefrom 3",
        "open /tmp/precious 20",
        LOOKUP,
        LOOKUP,
        "getpwnam_r nosuch 0",
        LOOKUP,
        "opened /tmp/precious",
        "closefrom 3",
        LOOKUP,
    ];
    let lines = lookups::run(&switched.machine, GLIBC, &lookups);
    assert_eq!(lines, [ANN, ANN, ANN, "1", ANN, ANN, "missing", ANN, "20", ANN]);
    assert_eq!(std::fs::metadata(switched.machine.path("/tmp/precious")).unwrap().len(), 0);
}

#[test]
fn the_daemon_may_be_restarted_between_lookups() {
    let Some(switched) = machine() else { return };
    let daemon = switched.start_daemon();
    let lookups = [
        LOOKUP,
        LOOKUP,
        LOOKUP,
        "sockets",
        "touch /tmp/one",
        "wait /tmp/two",
        LOOKUP,
        "touch /tmp/three",
        "wait /tmp/four",
        LOOKUP,
    ];
    let lines = std::thread::scope(|scope| {
        let program = scope.spawn(|| lookups::run(&switched.machine, GLIBC, &lookups));
        switched.wait_for("/tmp/one");
        drop(daemon);
        switched.machine.write("/tmp/two", 0o644, "");
        switched.wait_for("/tmp/three");
        let _daemon = switched.start_daemon();
        switched.machine.write("/tmp/four", 0o644, "");
        program.join().unwrap()
    });
    // Without a daemon: ENOENT.
    assert_eq!(lines, [ANN, ANN, ANN, "1", "error 2", ANN]);
}

#[test]
fn the_daemon_closes_an_idle_connection_and_the_next_lookup_opens_another() {
    let Some(switched) = machine() else { return };
    let daemon = switched.start_daemon();
    let pid = daemon.pid().unwrap();
    let sockets = || {
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let targets = descriptors.filter_map(|descriptor| std::fs::read_link(descriptor.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    };
    let lookups = [LOOKUP, LOOKUP, LOOKUP, "touch /tmp/one", "wait /tmp/two", LOOKUP];
    let lines = std::thread::scope(|scope| {
        let program = scope.spawn(|| lookups::run(&switched.machine, GLIBC, &lookups));
        switched.wait_for("/tmp/one");
        let with_connection = sockets();
        let deadline = Instant::now() + Duration::from_secs(90);
        while sockets() >= with_connection {
            assert!(Instant::now() < deadline, "the connection stays");
            std::thread::sleep(Duration::from_millis(100));
        }
        switched.machine.write("/tmp/two", 0o644, "");
        program.join().unwrap()
    });
    assert_eq!(lines, [ANN; 4]);
}

#[test]
fn a_daemon_that_hangs_costs_a_few_seconds_only() {
    let Some(switched) = machine() else { return };
    let socket = switched.sockets.socket("io.systemd.Multiplexer");
    // It accepts nothing: the first connections wait in the backlog, later ones for a place there.
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut waiting = Vec::new();
    let start = Instant::now();
    let lines = lookups::run(&switched.machine, GLIBC, &[LOOKUP]);
    assert_eq!(lines, ["error 11"]);
    let filler = std::thread::spawn(move || {
        while waiting.len() < 5000 {
            let stream = rustix::net::socket_with(
                rustix::net::AddressFamily::UNIX,
                rustix::net::SocketType::STREAM,
                rustix::net::SocketFlags::NONBLOCK,
                None,
            )
            .unwrap();
            let address = rustix::net::SocketAddrUnix::new(&socket).unwrap();
            if rustix::net::connect(&stream, &address).is_err() {
                return waiting;
            }
            waiting.push(stream);
        }
        waiting
    });
    let waiting = filler.join().unwrap();
    assert!(waiting.len() < 5000, "the backlog is full");
    let lines = lookups::run(&switched.machine, GLIBC, &[LOOKUP]);
    assert_eq!(lines, ["error 11"]);
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[test]
fn sixty_four_threads_get_right_answers() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    for options in ["none", "fork", "close", "fork,close"] {
        stress(&switched, options, "2");
    }
}

#[test]
fn sixty_four_threads_get_no_wrong_answer_while_the_daemon_restarts() {
    let Some(switched) = machine() else { return };
    let mut daemon = switched.start_daemon();
    let _daemon = std::thread::scope(|scope| {
        let stress = scope.spawn(|| stress(&switched, "fork,restart", "4"));
        while !stress.is_finished() {
            std::thread::sleep(Duration::from_millis(300));
            drop(daemon);
            daemon = switched.start_daemon();
        }
        daemon
    });
    stress(&switched, "none", "1");
}

fn stress(switched: &Switched, options: &str, seconds: &str) {
    let command = switched.machine.command("/opt/usher/stress").arg(seconds).arg(options);
    let output = command.args(STRESSED.iter().copied()).output();
    assert!(output.status.success(), "{options}: {}\n{}{}", output.status, output.stdout, output.stderr);
    let successes: u64 = output.stdout.split(' ').next().unwrap().parse().unwrap();
    assert!(successes > 100, "{options}: {}", output.stdout);
}
