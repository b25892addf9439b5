//! Hostile and careless clients hurt only themselves; edits are seen whole; a broken file costs that file only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::client::{Connection, connect_as, message};
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_tested};
use usher_tests::userdb::{accounts, drop_ins};

const ATTACKER: u32 = 6666;
const PATIENCE: Duration = Duration::from_secs(30);

struct Lab {
    daemon: Daemon,
    machine: Machine,
    sockets: SocketDirectory,
}

fn lab() -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).start_or_skip()?;
    prepare(&machine);
    accounts::install(&machine);
    drop_ins::install(&machine);
    let daemon = start_tested(&machine, &sockets);
    Some(Lab { daemon, machine, sockets })
}

fn key(name: &str) -> Value {
    json!({"userName": name, "service": "io.systemd.Multiplexer"})
}

fn everything() -> Value {
    json!({"method": "io.systemd.UserDatabase.GetUserRecord", "more": true,
        "parameters": {"service": "io.systemd.Multiplexer"}})
}

impl Lab {
    fn multiplexer(&self) -> PathBuf {
        self.sockets.socket("io.systemd.Multiplexer")
    }

    fn user(&self, caller: u32, name: &str) -> Value {
        Connection::open(&self.multiplexer(), caller).call("GetUserRecord", &key(name), false).remove(0)
    }

    /// Root and an ordinary user still get their answers, and quickly.
    fn answers_others(&self) {
        for caller in [0, accounts::STRANGER] {
            let start = Instant::now();
            let reply = self.user(caller, "ann");
            assert_eq!(reply["parameters"]["record"]["uid"], 1000, "uid {caller}: {reply}");
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "uid {caller} waited for {:?}",
                start.elapsed()
            );
        }
    }

    /// Waits until a lookup by root fulfils the condition.
    fn wait_until(&self, name: &str, condition: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        loop {
            let reply = self.user(0, name);
            if condition(&reply) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{name}: {reply}\n{}", self.daemon.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its memory, in KiB.
    fn memory(&self) -> u64 {
        let pid = self.daemon.pid().expect("it runs");
        let text =
            std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("its memory can be read");
        let line = text.lines().find(|line| line.starts_with("Pss:")).expect("there is a sum");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

fn found(reply: &Value) -> bool {
    reply.get("error").is_none()
}

#[test]
fn a_client_that_does_not_read_stops_nobody() {
    let Some(mut lab) = lab() else { return };
    let before = lab.memory();
    let mut lazy: Vec<UnixStream> = Vec::new();
    for _ in 0..20 {
        let mut stream = connect_as(&lab.multiplexer(), ATTACKER).unwrap();
        stream.set_nonblocking(true).unwrap();
        // As many lists as fit into the socket, never read.
        for _ in 0..2000 {
            if stream.write(&message(&everything())).is_err() {
                break;
            }
        }
        lazy.push(stream);
        lab.answers_others();
    }
    std::thread::sleep(Duration::from_secs(1));
    lab.answers_others();
    let grown = lab.memory().saturating_sub(before);
    assert!(grown < 64 * 1024, "20 clients that do not read cost {grown} KiB");
    drop(lazy);
    lab.answers_others();
    assert!(lab.daemon.runs());
}

#[test]
fn an_endless_message_is_cut_off() {
    let Some(mut lab) = lab() else { return };
    let before = lab.memory();
    let mut stream = connect_as(&lab.multiplexer(), ATTACKER).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let piece = vec![b' '; 1 << 20];
    let mut sent = 0;
    // systemd takes 16 MiB. Whatever the limit is, it ends.
    let cut = loop {
        match stream.write(&piece) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < 256 << 20, "{sent} bytes without an end were taken");
    };
    assert_ne!(cut.kind(), std::io::ErrorKind::WouldBlock, "the connection was neither served nor closed");
    lab.answers_others();
    let grown = lab.memory().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB are still held");
    assert!(lab.daemon.runs());
}

#[test]
fn many_connections_of_one_user_leave_room_for_others() {
    let Some(mut lab) = lab() else { return };
    // This process may need more descriptors than it has by default.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, wanted).unwrap();
    let mut connections = Vec::new();
    let mut refused = 0;
    for number in 0..4000 {
        match connect_as(&lab.multiplexer(), ATTACKER) {
            Ok(stream) => connections.push(stream),
            Err(_) => refused += 1,
        }
        if number % 500 == 499 {
            lab.answers_others();
        }
    }
    lab.answers_others();
    // Most of them were closed again: they are over the limit of their user.
    let mut closed = 0;
    for stream in &mut connections {
        stream.set_nonblocking(true).unwrap();
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => closed += 1,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => closed += 1,
        }
    }
    println!("{} connections, {refused} refused, {closed} closed", connections.len());
    assert!(closed + refused > 0, "one user may hold 4000 connections");
    drop(connections);
    // The user is served again when the connections are gone.
    let start = Instant::now();
    loop {
        let mut stream = connect_as(&lab.multiplexer(), ATTACKER).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(&message(&json!({"method": "org.varlink.service.GetInfo"})));
        let mut buffer = [0; 1024];
        if stream.read(&mut buffer).is_ok_and(|count| count > 0) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "the user is locked out");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(lab.daemon.runs());
}

#[test]
fn a_flood_of_pipelined_calls_is_answered_in_order() {
    let Some(lab) = lab() else { return };
    let mut stream = connect_as(&lab.multiplexer(), accounts::STRANGER).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        for number in 0..20_000 {
            let name = if number % 2 == 0 { "ann".to_owned() } else { format!("missing{number}") };
            let request =
                json!({"method": "io.systemd.UserDatabase.GetUserRecord", "parameters": key(&name)});
            writer.write_all(&message(&request)).unwrap();
        }
    });
    let mut frames = usher_tests::userdb::client::Frames::default();
    for number in 0..20_000 {
        let frame = frames.next(&mut stream).unwrap().expect("no call is lost");
        let reply: Value = serde_json::from_slice(&frame).unwrap();
        assert_eq!(found(&reply), number % 2 == 0, "{number}: {reply}");
    }
    sender.join().unwrap();
}

#[test]
fn edits_are_seen_without_a_restart() {
    let Some(lab) = lab() else { return };
    // passwd, by rename as tools do.
    lab.machine.write(
        "/etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nnewcomer:x:3001:3001::/home/n:/bin/sh\nann:x:1000:1000::/:/bin/sh\n",
    );
    lab.wait_until("newcomer", found);
    assert!(!found(&lab.user(0, "bob")));
    // shadow.
    lab.machine.write("/etc/shadow", 0o640, "newcomer:$6$new:19800::::::\n");
    lab.wait_until("newcomer", |reply| {
        reply["parameters"]["record"]["privileged"]["hashedPassword"][0] == "$6$new"
    });
    // group, in place.
    std::fs::write(lab.machine.path("/etc/group"), "newgroup:x:3001:newcomer\n").unwrap();
    let start = Instant::now();
    loop {
        let replies = Connection::open(&lab.multiplexer(), 0).call("GetMemberships", &key("newcomer"), true);
        if replies == [json!({"parameters": {"userName": "newcomer", "groupName": "newgroup"}})] {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{replies:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Drop-ins: new, changed, masked, removed; in an existing directory and in one that was not there.
    lab.machine.write("/etc/userdb/fresh.user", 0o644, r#"{"userName":"fresh","uid":72000}"#);
    lab.wait_until("fresh", found);
    lab.machine.write("/etc/userdb/fresh.user", 0o644, r#"{"userName":"fresh","uid":72001}"#);
    lab.wait_until("fresh", |reply| reply["parameters"]["record"]["uid"] == 72001);
    std::fs::remove_file(lab.machine.path("/etc/userdb/fresh.user")).unwrap();
    lab.wait_until("fresh", |reply| !found(reply));
    lab.machine.symlink("/dev/null", "/etc/userdb/vendor.user");
    lab.wait_until("vendor", |reply| !found(reply));
    std::fs::remove_file(lab.machine.path("/etc/userdb/vendor.user")).unwrap();
    lab.wait_until("vendor", found);
    std::fs::remove_dir_all(lab.machine.path("/run/userdb")).unwrap();
    lab.wait_until("runtime", |reply| !found(reply));
    lab.machine.write("/run/userdb/runtime2.user", 0o644, r#"{"userName":"runtime2","uid":72002}"#);
    lab.wait_until("runtime2", found);
}

/// A file is written again and again, each time with all users of one generation. Nobody may see two generations.
#[test]
fn nobody_sees_half_of_an_edit() {
    let Some(lab) = lab() else { return };
    let write = |generation: u32| {
        let mut passwd = String::from("root:x:0:0:root:/root:/bin/sh\n");
        for number in 0..500 {
            passwd.push_str(&format!(
                "user{number}:x:{}:100:generation {generation}:/home/u:/bin/sh\n",
                3000 + number
            ));
        }
        lab.machine.write("/etc/passwd", 0o644, passwd);
    };
    write(0);
    lab.wait_until("user0", found);
    let stop = AtomicBool::new(false);
    let socket = lab.sockets.socket("io.systemd.NameServiceSwitch");
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut connection = Connection::open(&socket, accounts::STRANGER);
            let mut seen = std::collections::BTreeSet::new();
            let parameters =
                json!({"service": "io.systemd.NameServiceSwitch", "uidMin": 3000, "uidMax": 3499});
            while !stop.load(Ordering::Relaxed) {
                let replies = connection.call("GetUserRecord", &parameters, true);
                assert_eq!(replies.len(), 500, "half of an edit");
                let generations: std::collections::BTreeSet<String> = replies
                    .iter()
                    .map(|reply| reply["parameters"]["record"]["realName"].to_string())
                    .collect();
                assert_eq!(generations.len(), 1, "two edits in one list: {generations:?}");
                seen.extend(generations);
            }
            seen.len()
        });
        for generation in 1..30 {
            write(generation);
            std::thread::sleep(Duration::from_millis(30));
        }
        lab.wait_until("user499", |reply| reply["parameters"]["record"]["realName"] == "generation 29");
        stop.store(true, Ordering::Relaxed);
        let seen = reader.join().unwrap();
        assert!(seen > 3, "only {seen} generations were seen: the edits were not read live");
    });
}

#[test]
fn lists_come_in_the_same_order_each_time() {
    let Some(mut lab) = lab() else { return };
    let list = |lab: &Lab, method: &str| {
        Connection::open(&lab.multiplexer(), 0).call(
            method,
            &json!({"service": "io.systemd.Multiplexer"}),
            true,
        )
    };
    for method in ["GetUserRecord", "GetGroupRecord", "GetMemberships"] {
        let first = list(&lab, method);
        assert!(first.len() > 15, "{method}: {}", first.len());
        assert_eq!(first, list(&lab, method), "{method}");
        // Also from a daemon that read the files anew.
        lab.daemon.signal(rustix::process::Signal::TERM);
        lab.daemon.wait(PATIENCE);
        lab.daemon = start_tested(&lab.machine, &lab.sockets);
        assert_eq!(first, list(&lab, method), "{method}");
    }
}

#[test]
fn one_broken_file_costs_that_file_only() {
    let Some(lab) = lab() else { return };
    lab.machine.write("/etc/userdb/broken.user", 0o644, "{");
    lab.machine.write("/etc/userdb/after.user", 0o644, r#"{"userName":"after","uid":73000}"#);
    lab.wait_until("after", found);
    assert!(!found(&lab.user(0, "broken")));
    assert!(found(&lab.user(0, "carol")));
    // Lines that end systemd's list in its middle.
    let mut passwd = std::fs::read(lab.machine.path("/etc/passwd")).unwrap();
    let mut group = std::fs::read(lab.machine.path("/etc/group")).unwrap();
    for line in accounts::POISONOUS_PASSWD {
        passwd = [line, &b"\n"[..], &passwd[..]].concat();
    }
    for line in accounts::POISONOUS_GROUP {
        group = [line, &b"\n"[..], &group[..]].concat();
    }
    passwd.extend(b"\nlast:x:3777:3777::/home/last:/bin/sh\n");
    lab.machine.write("/etc/passwd", 0o644, passwd);
    lab.machine.write("/etc/group", 0o644, group);
    lab.wait_until("last", found);
    for method in ["GetUserRecord", "GetGroupRecord", "GetMemberships"] {
        let replies = Connection::open(&lab.multiplexer(), 0).call(
            method,
            &json!({"service": "io.systemd.Multiplexer"}),
            true,
        );
        assert!(replies.iter().all(found), "{method}: {:?}", replies.iter().find(|reply| !found(reply)));
        assert!(replies.len() > 15, "{method}: {}", replies.len());
    }
}

#[test]
fn a_missing_or_unreadable_directory_is_no_disaster() {
    let Some(lab) = lab() else { return };
    for directory in ["/etc/userdb", "/usr/lib/userdb", "/run/host/userdb"] {
        std::fs::remove_dir_all(lab.machine.path(directory)).unwrap();
    }
    lab.wait_until("carol", |reply| !found(reply));
    assert!(found(&lab.user(0, "ann")));
    std::fs::remove_file(lab.machine.path("/etc/shadow")).unwrap();
    std::fs::remove_file(lab.machine.path("/etc/group")).unwrap();
    lab.wait_until("ann", |reply| found(reply) && reply["parameters"]["record"].get("privileged").is_none());
    lab.machine.write("/etc/userdb/back.user", 0o644, r#"{"userName":"back","uid":73001}"#);
    lab.wait_until("back", found);
}

/// As many users as stopped systemd's list.
#[test]
fn twenty_thousand_drop_ins_are_all_listed() {
    let Some(mut lab) = lab() else { return };
    let directory = lab.machine.path("/usr/lib/userdb");
    for number in 0..20_000 {
        let record =
            format!(r#"{{"userName":"many{number}","uid":{},"realName":"Many {number}"}}"#, 200_000 + number);
        std::fs::write(directory.join(format!("many{number}.user")), record).unwrap();
    }
    lab.machine.write("/etc/userdb/marker.user", 0o644, r#"{"userName":"marker","uid":73002}"#);
    lab.wait_until("marker", found);
    lab.wait_until("many19999", found);
    let parameters = json!({"service": "io.systemd.DropIn", "uidMin": 200_000, "uidMax": 219_999});
    let replies = Connection::open(&lab.sockets.socket("io.systemd.DropIn"), accounts::STRANGER).call(
        "GetUserRecord",
        &parameters,
        true,
    );
    assert_eq!(replies.len(), 20_000);
    // A daemon that has just been started may keep a client waiting, but must not deny a user that it has yet to read.
    lab.daemon.signal(rustix::process::Signal::TERM);
    lab.daemon.wait(PATIENCE);
    lab.daemon = start_tested(&lab.machine, &lab.sockets);
    let reply = lab.user(0, "many19999");
    assert!(found(&reply), "{reply}");
}
