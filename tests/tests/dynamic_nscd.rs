//! The nscd protocol: every kind of request, odd ones, slow clients and hanging backends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::json;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::backend::{Backend, Behaviour, Contents};
use usher_tests::userdb::client::{Connection, connect_as};
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, userdbd};
use usher_tests::userdb::nscd::{self, exchange, request};
use usher_tests::userdb::pools;

const PATIENCE: Duration = Duration::from_secs(20);
const ATTACKER: u32 = 6666;

struct Lab {
    daemon: Daemon,
    machine: Machine,
    sockets: SocketDirectory,
    nscd: PathBuf,
    _nscd_directory: SocketDirectory,
}

fn lab() -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let nscd_directory = SocketDirectory::new();
    let machine = machine(&sockets).bind(nscd_directory.path(), "/run/nscd").start_or_skip()?;
    prepare(&machine);
    machine.write(
        "/etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\nempty:x:1001:1001:::\n",
    );
    machine.write("/etc/group", 0o644, "root:x:0:\nann:x:1000:\naudio:x:29:ann,bob\nvideo:x:44:ann\n");
    machine.write("/etc/userdb/carol.user", 0o644,
        r#"{"userName":"carol","aliases":["caz"],"realm":"example.org","uid":70001,"gid":29,"realName":"C:a","memberOf":["video"]}"#);
    machine.write(
        "/etc/userdb/team.group",
        0o644,
        r#"{"groupName":"team","aliases":["crew"],"gid":71000,"members":["ann"]}"#,
    );
    machine.write("/etc/userdb/bob:team.membership", 0o644, "");
    pools::install(&machine);
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    let nscd = nscd_directory.socket("socket");
    daemon.wait_for_socket(&nscd);
    Some(Lab { daemon, machine, sockets, nscd, _nscd_directory: nscd_directory })
}

#[test]
fn every_source_is_answered() {
    let Some(lab) = lab() else { return };
    let ann = nscd::user_by_name(&lab.nscd, "ann").unwrap();
    assert_eq!(
        (ann.uid, ann.gid, &*ann.gecos, &*ann.home, &*ann.shell),
        (1000, 1000, "Ann", "/home/ann", "/bin/sh")
    );
    assert_eq!(nscd::user_by_uid(&lab.nscd, 0).unwrap().name, "root");
    let carol = nscd::user_by_uid(&lab.nscd, 70001).unwrap();
    assert_eq!((&*carol.name, carol.gid, &*carol.gecos), ("carol", 29, "C a"));
    // musl believes only in the name that it asked for.
    for alias in ["caz", "carol@example.org", "caz@example.org"] {
        assert_eq!(nscd::user_by_name(&lab.nscd, alias).unwrap().uid, 70001, "{alias}");
    }
    assert_eq!(nscd::user_by_name(&lab.nscd, "nobody").unwrap().uid, 65534);
    assert_eq!(nscd::user_by_name(&lab.nscd, "foreign-5").unwrap().uid, 2_147_352_581);
    assert_eq!(nscd::user_by_uid(&lab.nscd, 2_147_352_581).unwrap().name, "foreign-5");
    let empty = nscd::user_by_name(&lab.nscd, "empty").unwrap();
    assert_eq!(empty.uid, 1001);

    assert_eq!(nscd::group_by_name(&lab.nscd, "audio").unwrap().members, ["ann", "bob"]);
    assert_eq!(nscd::group_by_gid(&lab.nscd, 44).unwrap().members, ["ann", "carol"]);
    let mut crew = nscd::group_by_name(&lab.nscd, "crew").unwrap();
    crew.members.sort();
    assert_eq!((crew.gid, crew.members), (71000, vec!["ann".to_owned(), "bob".to_owned()]));
    assert!(nscd::group_by_name(&lab.nscd, "root").unwrap().members.is_empty());

    assert_eq!(nscd::groups_of_user(&lab.nscd, "ann"), [29, 44, 71000]);
    assert_eq!(nscd::groups_of_user(&lab.nscd, "caz"), [44]);
    assert_eq!(nscd::groups_of_user(&lab.nscd, "root"), Vec::<u32>::new());
    assert_eq!(nscd::groups_of_user(&lab.nscd, "stranger"), Vec::<u32>::new());
    for missing in ["stranger", "Ann", "ann ", "1000", "a:b", "", "gdm-greeter-0", &"x".repeat(255)] {
        assert_eq!(nscd::user_by_name(&lab.nscd, missing), None, "{missing:?}");
        assert_eq!(nscd::group_by_name(&lab.nscd, missing), None, "{missing:?}");
    }
    assert_eq!(nscd::user_by_uid(&lab.nscd, 4_000_000_000), None);
}

#[test]
fn a_change_is_seen_at_once() {
    let Some(lab) = lab() else { return };
    for number in 0..20 {
        let name = format!("new{number}");
        lab.machine.write(
            &format!("/etc/userdb/{name}.user"),
            0o644,
            json!({"userName": name, "uid": 72000 + number}).to_string(),
        );
        assert_eq!(nscd::user_by_name(&lab.nscd, &name).map(|user| user.uid), Some(72000 + number));
    }
}

#[test]
fn a_group_may_have_many_members() {
    let Some(lab) = lab() else { return };
    let members: Vec<String> = (0..20_000).map(|number| format!("member{number:05}")).collect();
    lab.machine.write(
        "/etc/userdb/big.group",
        0o644,
        json!({"groupName": "big", "gid": 73000, "members": members}).to_string(),
    );
    let start = Instant::now();
    let found = loop {
        match nscd::group_by_name(&lab.nscd, "big") {
            Some(group) => break group.members,
            // Reading it may take longer than an answer may.
            None => assert!(start.elapsed() < PATIENCE),
        }
    };
    assert_eq!(found.len(), members.len());
    assert_eq!(found, members);
}

#[test]
fn glibc_programs_get_their_answers_here() {
    let Some(lab) = lab() else { return };
    lab.machine.write("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\ninitgroups: files\n");
    let run = |line: &str| lab.machine.command("sh").args(["-c", line]).run().trim().to_owned();
    assert_eq!(run("getent passwd carol"), "carol:x:70001:29:C a:/home/carol:/bin/bash");
    assert_eq!(run("id -un 70001"), "carol");
    assert_eq!(run("id -un root"), "root");
    assert_eq!(run("getent group team | cut -d: -f3"), "71000");
    assert_eq!(run("id -Gn ann"), "ann audio video team");
    assert!(!lab.machine.command("getent").args(["passwd", "stranger"]).output().status.success());
    // Its shared memory, and databases of others, are refused, and it goes on without.
    for kind in [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 99, -1] {
        assert!(exchange(&lab.nscd, 0, &request(kind, b"passwd")).is_empty(), "{kind}");
    }
}

#[test]
fn odd_requests_hurt_nobody() {
    let Some(mut lab) = lab() else { return };
    let not_found = request(0, b"x\0y");
    assert_eq!(nscd::user(&exchange(&lab.nscd, ATTACKER, &not_found)), None);
    for key in [&b"a\xff"[..], b"\n", b"../../etc/passwd", b"%s%n", b"root\0", b"0", b"-1", b"4294967296"] {
        for kind in [0, 1] {
            let reply = exchange(&lab.nscd, ATTACKER, &request(kind, key));
            assert_eq!(
                nscd::user(&reply).map(|user| user.uid),
                (kind == 1 && key == b"0").then_some(0),
                "{key:?}"
            );
        }
        for kind in [2, 3] {
            let reply = exchange(&lab.nscd, ATTACKER, &request(kind, key));
            assert_eq!(
                nscd::group(&reply).map(|group| group.gid),
                (kind == 3 && key == b"0").then_some(0),
                "{key:?}"
            );
        }
    }
    let header = |version: i32, length: i32| [version, 0, length].map(i32::to_ne_bytes).concat();
    for length in [0, -1, i32::MIN, 1025, i32::MAX] {
        assert!(exchange(&lab.nscd, ATTACKER, &header(2, length)).is_empty(), "{length}");
    }
    for version in [0, 1, 3, 2_i32.swap_bytes()] {
        assert!(exchange(&lab.nscd, ATTACKER, &[header(version, 4), b"ann\0".to_vec()].concat()).is_empty());
    }
    assert!(exchange(&lab.nscd, ATTACKER, &[header(2, 3), b"ann".to_vec()].concat()).is_empty(), "no NUL");
    assert!(lab.daemon.runs());
    assert_eq!(nscd::user_by_name(&lab.nscd, "ann").unwrap().uid, 1000);
}

#[test]
fn a_request_may_come_in_pieces_but_not_forever() {
    let Some(lab) = lab() else { return };
    let mut stream = connect_as(&lab.nscd, ATTACKER).unwrap();
    for piece in request(0, b"ann").chunks(3) {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    assert_eq!(nscd::user(&reply).unwrap().uid, 1000);
    // One that never finishes is let go.
    let mut silent = connect_as(&lab.nscd, ATTACKER).unwrap();
    silent.write_all(&request(0, b"ann")[..10]).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn one_user_with_many_connections_shuts_nobody_out() {
    let Some(lab) = lab() else { return };
    let open: Vec<_> = (0..2000).map_while(|_| connect_as(&lab.nscd, ATTACKER).ok()).collect();
    assert!(open.len() > 600, "{}", open.len());
    for uid in [0, 4711] {
        let start = Instant::now();
        let reply = exchange(&lab.nscd, uid, &request(0, b"ann"));
        assert_eq!(nscd::user(&reply).unwrap().uid, 1000);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_backend_that_hangs_costs_less_than_a_second() {
    let Some(lab) = lab() else { return };
    let contents =
        Contents { users: vec![json!({"userName": "far", "uid": 75000, "gid": 29})], ..Default::default() };
    let backend = Backend::start(lab.sockets.socket("org.example.Far"), contents, Behaviour::default());
    assert_eq!(nscd::user_by_name(&lab.nscd, "far").unwrap().uid, 75000);
    assert_eq!(nscd::user_by_uid(&lab.nscd, 75000).unwrap().name, "far");
    backend.behave(Behaviour { hangs: true, ..Default::default() });
    for (kind, key) in
        [(0, "far"), (1, "75000"), (2, "far"), (3, "75000"), (15, "far"), (15, "ann"), (2, "team")]
    {
        let start = Instant::now();
        let reply = exchange(&lab.nscd, 0, &request(kind, key.as_bytes()));
        assert!(!reply.is_empty());
        assert!(start.elapsed() < Duration::from_millis(900), "{kind} {key}: {:?}", start.elapsed());
    }
    // Those who are known here never wait.
    let start = Instant::now();
    assert_eq!(nscd::user_by_name(&lab.nscd, "ann").unwrap().uid, 1000);
    assert!(start.elapsed() < Duration::from_millis(300));
    assert_eq!(nscd::groups_of_user(&lab.nscd, "ann"), [29, 44, 71000]);
}

#[test]
fn a_backend_that_hangs_hides_no_other() {
    let Some(lab) = lab() else { return };
    let hanging = Behaviour { hangs: true, ..Default::default() };
    let _first = Backend::start(lab.sockets.socket("org.example.First"), Contents::default(), hanging);
    let memberships = vec![("guest".to_owned(), "root".to_owned())];
    let contents = Contents { memberships, ..Default::default() };
    let _second = Backend::start(lab.sockets.socket("org.example.Second"), contents, Behaviour::default());
    assert_eq!(nscd::groups_of_user(&lab.nscd, "guest"), [0]);
    assert_eq!(nscd::group_by_name(&lab.nscd, "root").unwrap().members, ["guest"]);
}

#[test]
fn the_socket_is_where_it_is_configured_and_goes_with_the_daemon() {
    let Some(mut lab) = lab() else { return };
    assert_eq!(std::fs::metadata(&lab.nscd).unwrap().permissions().mode() & 0o777, 0o666);
    lab.daemon.signal(rustix::process::Signal::TERM);
    lab.daemon.wait(PATIENCE);
    assert!(!lab.nscd.exists());

    lab.machine.write("/etc/usher/userdbd.toml", 0o644, "[nscd]\nsocket = \"/run/elsewhere/nscd\"\n");
    let mut daemon = userdbd(&lab.machine).spawn();
    daemon.wait_for_socket(lab.sockets.socket("io.systemd.Multiplexer"));
    let elsewhere = lab.machine.path("/run/elsewhere/nscd");
    assert_eq!(nscd::user_by_name(&elsewhere, "ann").unwrap().uid, 1000);
    assert!(!lab.nscd.exists());

    // A daemon for other sockets does not speak for the system.
    lab.machine.write("/etc/other.toml", 0o644, "state-directory = \"/run/other-state\"\n");
    let mut other =
        userdbd(&lab.machine).args(["--socket-dir", "/run/other", "--config", "/etc/other.toml"]).spawn();
    other.wait_for_socket(lab.machine.path("/run/other/io.systemd.Multiplexer"));
    assert!(!lab.nscd.exists());
    assert_eq!(nscd::user_by_name(&lab.machine.path("/run/other/nscd/socket"), "ann").unwrap().uid, 1000);
}

#[test]
fn an_nscd_that_is_there_already_is_left_alone() {
    let Some(mut lab) = lab() else { return };
    lab.daemon.signal(rustix::process::Signal::KILL);
    lab.daemon.wait(PATIENCE);
    // What a killed daemon left behind is replaced.
    let mut second = userdbd(&lab.machine).spawn();
    second.wait_until("an answer", || connect_as(&lab.nscd, 0).is_ok());
    assert_eq!(nscd::user_by_name(&lab.nscd, "ann").unwrap().uid, 1000);
    second.signal(rustix::process::Signal::TERM);
    second.wait(PATIENCE);
    std::fs::create_dir_all(lab.nscd.parent().unwrap()).unwrap();
    let _other = std::os::unix::net::UnixListener::bind(&lab.nscd).unwrap();
    let mut third = userdbd(&lab.machine).spawn();
    // When it answers, it has looked for all its sockets.
    third.wait_for_socket(lab.sockets.socket("io.systemd.Multiplexer"));
    let ann = json!({"userName": "ann", "service": "io.systemd.Multiplexer"});
    Connection::open(&lab.sockets.socket("io.systemd.Multiplexer"), 0).call("GetUserRecord", &ann, false);
    assert!(third.log().contains("/run/nscd/socket"), "{}", third.log());
    third.signal(rustix::process::Signal::TERM);
    third.wait(PATIENCE);
    assert!(lab.nscd.exists(), "it is not ours to remove");
}
