//! Programs built with musl, which ask userdbd over nscd's protocol, and userdbd itself built with musl.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, Instant};
use usher_tests::lab::LabError;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::libc::accounts::{self, STRESSED};
use usher_tests::libc::lookups::{self, GLIBC, MUSL};
use usher_tests::libc::program;
use usher_tests::libc::switch::wait_for_answer;
use usher_tests::userdb::daemon::{self, SocketDirectory, prepare};
use usher_tests::userdb::pools;
use usher_tests::{continuous_integration, musl, skip};

const ANN: &str = "ann:x:70001:70001:Ann Example:/home/ann:/bin/sh";
const NSCD: &str = "/run/nscd/socket";

/// A machine with our daemon and the programs for musl.
struct Musl {
    machine: Machine,
    sockets: SocketDirectory,
}

fn machine() -> Option<Musl> {
    let sockets = SocketDirectory::new();
    let machine = daemon::machine(&sockets)
        .bind_read_only(program::for_musl("lookup")?, MUSL)
        .bind_read_only(program::for_glibc("lookup"), GLIBC)
        .bind_read_only(program::for_musl("stress")?, "/opt/usher/stress-musl")
        .start_or_skip()?;
    prepare(&machine);
    accounts::install(&machine);
    Some(Musl { machine, sockets })
}

impl Musl {
    fn start_daemon(&self) -> Daemon {
        let mut daemon = daemon::start_tested(&self.machine, &self.sockets);
        daemon.wait_for_socket(self.machine.path(NSCD));
        wait_for_answer(&self.sockets);
        daemon
    }

    fn run(&self, lookups: &[&str]) -> Vec<String> {
        lookups::run(&self.machine, MUSL, lookups)
    }
}

#[test]
fn users_are_found() {
    let Some(musl) = machine() else { return };
    let _daemon = musl.start_daemon();
    let long = format!("getpwnam_r {} 0", accounts::long_name());
    let lines = musl.run(&[
        "getpwnam_r ann 0",
        "getpwuid_r 70001 0",
        "getpwnam_r bob 0",
        "getpwnam_r DOM\\joe 0",
        "getpwnam_r é 0",
        &long,
        "getpwnam_r root 0",
        "getpwnam ann",
    ]);
    assert_eq!(lines[0], ANN);
    assert_eq!(lines[1], ANN);
    assert_eq!(lines[2], "bob:x:70002:70099:bob:/home/bob:/bin/bash");
    assert_eq!(lines[3].split(':').nth(2), Some("70003"));
    assert_eq!(lines[4].split(':').nth(2), Some("70005"));
    assert_eq!(lines[5].split(':').nth(2), Some("70011"));
    assert_eq!(lines[6], "root:x:0:0:root:/root:/bin/bash");
    assert_eq!(lines[7], ANN);
    // Tab is what separates fields for the program, so a name with a space goes in by another way.
    let command = musl.machine.command(MUSL).input("getpwnam_r\tspa ce\t0\n");
    assert_eq!(command.run().split(':').nth(2), Some("70004"));
}

#[test]
fn what_is_missing_is_no_error() {
    let Some(musl) = machine() else { return };
    let _daemon = musl.start_daemon();
    let too_long = format!("getpwnam_r {} 0", "n".repeat(300));
    let lines = musl.run(&[
        "getpwnam_r nosuch 0",
        "getpwuid_r 79999 0",
        "getpwuid_r 4294967295 0",
        "getpwuid_r 65535 0",
        "getgrnam_r nosuch 0",
        "getgrgid_r 79999 0",
        "getpwnam_r a:b 0",
        "getpwnam_r 1234 0",
        &too_long,
        "getpwnam_r  0",
    ]);
    assert_eq!(lines, ["missing"; 10]);
    assert_eq!(musl.run(&["getpwnam nosuch"]), ["missing, errno 0"]);
}

#[test]
fn groups_are_found_with_all_members() {
    let Some(musl) = machine() else { return };
    let _daemon = musl.start_daemon();
    let lines = musl.run(&[
        "getgrnam_r wheelers 0",
        "getgrgid_r 70101 0",
        "getgrnam_r nobodys 0",
        "getgrnam_r crowd 0",
        "getgrgid_r 70103 0",
        "getgrouplist ann 70001 64",
        "getgrouplist joiner 70001 512",
        "getgrouplist joiner 70001 3",
        "getgrouplist nosuch 7 4",
        "getgrouplist root 0 4",
        "initgroups ann 70001",
    ]);
    let members = |line: &str| {
        let mut members: Vec<_> = line.rsplit(':').next().unwrap().split(',').map(str::to_owned).collect();
        members.sort_unstable();
        members
    };
    assert!(lines[0].starts_with("wheelers:x:70101:"));
    assert_eq!(members(&lines[0]), ["ann", "bob"]);
    assert_eq!(lines[1], lines[0]);
    assert_eq!(lines[2], "nobodys:x:70102:");
    assert_eq!(members(&lines[3]), accounts::crowd());
    assert_eq!(lines[4], lines[3]);
    // What musl's client drops: groups that are in /etc/group too, such as video.
    assert_eq!(lines[5], "70001 70101");
    assert_eq!(lines[6].split(' ').count(), 1 + accounts::JOINED);
    assert_eq!(lines[7], format!("room for {}", 1 + accounts::JOINED));
    assert_eq!(lines[8], "7");
    assert_eq!(lines[9], "0");
    assert_eq!(lines[10], "70001 70101");
}

#[test]
fn small_buffers_are_refused() {
    let Some(musl) = machine() else { return };
    let _daemon = musl.start_daemon();
    let lines =
        musl.run(&["getpwnam_r ann 1", "getpwnam_r ann 20", "getpwnam_r ann 200", "getgrnam_r crowd 1000"]);
    assert_eq!(lines, ["error 34", "error 34", ANN, "error 34"]);
}

#[test]
fn the_daemon_may_be_absent_and_come_back() {
    let Some(musl) = machine() else { return };
    assert_eq!(musl.run(&["getpwnam_r ann 0", "getpwnam_r root 0"])[0], "missing");
    let daemon = musl.start_daemon();
    let lookups = [
        "getpwnam_r ann 0",
        "touch /tmp/one",
        "wait /tmp/two",
        "getpwnam_r ann 0",
        "getgrouplist ann 5 9",
        "touch /tmp/three",
        "wait /tmp/four",
        "getpwnam_r ann 0",
        "getgrnam_r wheelers 0",
    ];
    let lines = std::thread::scope(|scope| {
        let program = scope.spawn(|| musl.run(&lookups));
        wait_for(&musl.machine, "/tmp/one");
        drop(daemon);
        musl.machine.write("/tmp/two", 0o644, "");
        wait_for(&musl.machine, "/tmp/three");
        let _daemon = musl.start_daemon();
        musl.machine.write("/tmp/four", 0o644, "");
        program.join().unwrap()
    });
    assert_eq!(lines[..4], [ANN, "missing", "5", ANN]);
    assert!(lines[4].starts_with("wheelers:x:70101:"));
}

#[test]
fn sixty_four_threads_get_right_answers() {
    let Some(musl) = machine() else { return };
    let daemon = musl.start_daemon();
    stress(&musl, "none");
    stress(&musl, "fork");
    drop(daemon);
    stress(&musl, "restart");
}

/// What GDM built for elogind asks as it starts greeters: the user by name, the group, and the user's groups.
#[test]
fn greeters_of_four_seats_and_the_64th_are_found_at_the_same_moment() {
    let Some(musl) = machine() else { return };
    pools::install(&musl.machine);
    let _daemon = musl.start_daemon();
    let name = |number: u32| {
        if number == 1 { "gdm-greeter".to_owned() } else { format!("gdm-greeter-{number}") }
    };
    for program in [MUSL, GLIBC] {
        std::thread::scope(|scope| {
            let seats = [1, 2, 3, 4, 64].map(|number| {
                let (greeter, uid, machine) = (name(number), 60577 + number, &musl.machine);
                scope.spawn(move || {
                    let lookups = [
                        format!("getpwnam_r {greeter} 0"),
                        format!("getpwuid_r {uid} 0"),
                        "getgrnam gdm".to_owned(),
                        format!("getgrouplist {greeter} {} 8", pools::GDM_GID),
                    ];
                    let lines = lookups::run(machine, program, &lookups.each_ref().map(String::as_str));
                    let gid = pools::GDM_GID;
                    let home = format!("/run/gdm/home/{greeter}");
                    let user = format!("{greeter}:x:{uid}:{gid}:GDM Greeter:{home}:/usr/sbin/nologin");
                    assert_eq!(lines, [user.clone(), user, format!("gdm:x:{gid}:"), gid.to_string()]);
                })
            });
            for seat in seats {
                seat.join().unwrap();
            }
        });
    }
}

fn stress(musl: &Musl, options: &str) {
    let command = musl.machine.command("/opt/usher/stress-musl").args(["2", options]);
    let output = command.args(STRESSED.iter().copied()).output();
    assert!(output.status.success(), "{options}: {}\n{}{}", output.status, output.stdout, output.stderr);
    let successes: u64 = output.stdout.split(' ').next().unwrap().parse().unwrap();
    assert!(successes > 100 || options == "restart", "{options}: {}", output.stdout);
}

#[test]
fn glibc_programs_get_the_same_answers_from_the_socket() {
    // glibc asks it too where it is, before all that nsswitch.conf names.
    let Some(musl) = machine() else { return };
    musl.machine.write("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\n");
    let _daemon = musl.start_daemon();
    let lookups = [
        "getpwnam_r ann 0",
        "getpwuid_r 70001 0",
        "getpwnam_r root 0",
        "getgrnam_r wheelers 0",
        "getgrgid_r 70101 0",
        "getpwnam_r nosuch 0",
        "getgrnam_r crowd 0",
        "getgrouplist joiner 70001 512",
    ];
    assert_eq!(lookups::run(&musl.machine, GLIBC, &lookups), musl.run(&lookups));
    // Other databases come from the files as ever.
    let services = musl.machine.command("getent").args(["protocols", "tcp"]).output();
    assert_ne!(services.code(), 139, "{}", services.stderr);
}

#[test]
fn a_static_daemon_serves_musl_programs_and_systemds_clients() {
    let binaries = match musl::build(musl::PACKAGES) {
        Ok(binaries) => binaries,
        Err(error @ (LabError::NotRoot | LabError::NoMirror(_))) => return skip(&error.to_string()),
        Err(error @ LabError::Command { .. }) if continuous_integration() => return skip(&error.to_string()),
        Err(error) => panic!("{error}"),
    };
    let sockets = SocketDirectory::new();
    let started = Machine::builder("userdb")
        .bind(sockets.path(), "/run/systemd/userdb")
        .bind_read_only(binaries.join("userdbd"), daemon::USERDBD)
        .bind_read_only(program::for_musl("lookup").expect("the root is there"), MUSL)
        .start_or_skip();
    let Some(machine) = started else { return };
    prepare(&machine);
    accounts::install(&machine);
    assert!(is_static(&binaries.join("userdbd")));

    let mut daemon = daemon::userdbd(&machine).spawn();
    daemon.wait_for_socket(machine.path(NSCD));
    wait_for_answer(&sockets);
    let lines =
        lookups::run(&machine, MUSL, &["getpwnam_r ann 0", "getgrgid_r 70101 0", "getgrouplist ann 70001 9"]);
    assert_eq!(lines[0], ANN);
    assert!(lines[1].starts_with("wheelers:x:70101:"));
    assert_eq!(lines[2], "70001 70101");
    let userdbctl = machine.command("userdbctl").args(["user", "ann", "--output=classic"]).run();
    assert_eq!(userdbctl.trim_end(), ANN);
    let json = machine.command("userdbctl").args(["group", "crowd", "--json=short"]).run();
    assert!(json.contains("member-04999"));
}

/// Whether nothing has to be loaded along: no interpreter, and no library that is needed.
fn is_static(program: &std::path::Path) -> bool {
    let command = |name: &str, arguments: &[&str]| {
        let output = std::process::Command::new(name).args(arguments).arg(program).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let headers = command("readelf", &["--program-headers", "--dynamic", "--wide"]);
    headers.contains("LOAD") && !headers.contains("INTERP") && !headers.contains("NEEDED")
}

fn wait_for(machine: &Machine, file: &str) {
    let path = machine.path(file);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{file} does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}
