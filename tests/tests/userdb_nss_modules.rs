//! NSS modules besides files behind the daemon: what they know is served, and nothing that they do hurts anybody else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::batch::{self, Exchange};
use usher_tests::userdb::client::{Connection, message, timed_call};
use usher_tests::userdb::daemon::{SocketDirectory, USERDBD, machine, prepare, start_systemd, userdbd};
use usher_tests::userdb::nss_module::Modules;
use usher_tests::userdb::{accounts, drop_ins};

/// The daemon's deadline for modules when nobody configures another.
const DEADLINE: Duration = Duration::from_secs(2);
/// What is at once, on a machine that does much else.
const AT_ONCE: Duration = Duration::from_millis(1500);

const SWITCH: &str = "passwd: files fake\ngroup: files fake\nshadow: files fake\ngshadow: files fake\n";
const MULTIPLEXER: &str = "io.systemd.Multiplexer";
const NAME_SERVICE_SWITCH: &str = "io.systemd.NameServiceSwitch";
/// Where the client that runs inside lies in the machine.
const EXCHANGE: &str = "/opt/usher/varlink-exchange";
const OURS: &str = "/run/ours";

struct Lab {
    daemon: Daemon,
    machine: Machine,
    sockets: SocketDirectory,
    _modules: Modules,
}

/// A machine with accounts and drop-ins, in which nsswitch.conf says `switch`.
fn prepared(sockets: &SocketDirectory, switch: &str) -> Option<(Machine, Modules)> {
    let modules = Modules::compile();
    let machine = modules
        .install(machine(sockets))
        .bind_read_only(env!("CARGO_BIN_EXE_varlink-exchange"), EXCHANGE)
        .start_or_skip()?;
    prepare(&machine);
    accounts::install_plain(&machine);
    drop_ins::install_plain(&machine);
    machine.write("/etc/nsswitch.conf", 0o644, switch);
    Some((machine, modules))
}

fn lab(switch: &str) -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let (machine, modules) = prepared(&sockets, switch)?;
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket(MULTIPLEXER));
    Some(Lab { daemon, machine, sockets, _modules: modules })
}

impl Lab {
    fn socket(&self) -> PathBuf {
        self.sockets.socket(MULTIPLEXER)
    }

    fn get_from(&self, service: &str, method: &str, mut key: Value) -> Value {
        key["service"] = json!(service);
        Connection::open(&self.socket(), 0).call(method, &key, false).remove(0)
    }

    fn user(&self, key: Value) -> Value {
        self.get_from(MULTIPLEXER, "GetUserRecord", key)
    }

    fn group(&self, key: Value) -> Value {
        self.get_from(MULTIPLEXER, "GetGroupRecord", key)
    }

    fn timed(&self, name: &str) -> (Value, Duration) {
        timed_call(&self.socket(), 0, "GetUserRecord", &json!({"userName": name, "service": MULTIPLEXER}))
    }

    fn list(&self, method: &str, mut parameters: Value) -> Vec<Value> {
        parameters["service"] = json!(MULTIPLEXER);
        Connection::open(&self.socket(), 0).call(method, &parameters, true)
    }

    fn groups_of(&self, user: &str) -> Vec<String> {
        pairs(&self.list("GetMemberships", json!({"userName": user})), "groupName")
    }

    fn users_in(&self, group: &str) -> Vec<String> {
        pairs(&self.list("GetMemberships", json!({"groupName": group})), "userName")
    }

    /// The module's mood.
    fn mode(&self, word: &str) {
        self.machine.write("/run/nss_fake", 0o644, word);
    }

    /// The daemon's helper processes, by pid.
    fn helpers(&self) -> Vec<u32> {
        children(self.daemon.pid().unwrap())
    }
}

/// The children of a process that are alive.
fn children(pid: u32) -> Vec<u32> {
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn pairs(replies: &[Value], field: &str) -> Vec<String> {
    let mut names: Vec<String> =
        replies.iter().filter_map(|reply| reply["parameters"][field].as_str().map(str::to_owned)).collect();
    names.sort();
    names
}

fn names(replies: &[Value]) -> Vec<&str> {
    replies.iter().filter_map(|reply| reply["parameters"]["record"]["userName"].as_str()).collect()
}

fn no_record() -> Value {
    json!({"error": "io.systemd.UserDatabase.NoRecordFound"})
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "not {what} after a minute");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_module_knows_is_served() {
    let Some(lab) = lab(SWITCH) else { return };
    let fay = &lab.user(json!({"userName": "fay"}))["parameters"]["record"];
    assert_eq!(fay["uid"], 61001);
    assert_eq!(fay["realName"], "Fay Fake,room 9");
    assert_eq!(fay["privileged"]["hashedPassword"][0], "$y$fay");
    assert_eq!(fay["status"].as_object().unwrap().values().next().unwrap()["service"], NAME_SERVICE_SWITCH);
    assert_eq!(lab.user(json!({"uid": 61001}))["parameters"]["record"]["userName"], "fay");
    assert_eq!(lab.group(json!({"gid": 62001}))["parameters"]["record"]["groupName"], "fakers");
    assert_eq!(lab.user(json!({"userName": "FAY"}))["parameters"]["record"]["aliases"], json!(["FAY"]));
    let huge = lab.group(json!({"groupName": "huge"}));
    assert_eq!(huge["parameters"]["record"]["members"].as_array().unwrap().len(), 20_000);
    assert_eq!(lab.users_in("huge").len(), 20_000);
    assert_eq!(lab.user(json!({"userName": "missing"})), no_record());
    assert_eq!(
        lab.user(json!({"userName": "fay", "uid": 1}))["error"],
        "io.systemd.UserDatabase.ConflictingRecordFound"
    );
    let other = |service: &str| lab.get_from(service, "GetUserRecord", json!({"userName": "fay"}));
    assert_eq!(other(NAME_SERVICE_SWITCH)["parameters"]["record"]["uid"], 61001);
    assert_eq!(other("io.systemd.DropIn"), no_record());
    // A stranger sees no hash.
    let key = json!({"userName": "fay", "service": MULTIPLEXER});
    let seen =
        Connection::open(&lab.socket(), accounts::STRANGER).call("GetUserRecord", &key, false).remove(0);
    assert_eq!(seen["parameters"]["incomplete"], true);
    assert!(seen["parameters"]["record"].get("privileged").is_none(), "{seen}");
}

#[test]
fn the_answers_are_those_of_systemd() {
    let (theirs, ours) = (SocketDirectory::new(), SocketDirectory::new());
    let modules = Modules::compile();
    let Some(machine) = modules
        .install(machine(&theirs))
        .bind(ours.path(), OURS)
        .bind_read_only(env!("CARGO_BIN_EXE_varlink-exchange"), EXCHANGE)
        .start_or_skip()
    else {
        return;
    };
    prepare(&machine);
    accounts::install_plain(&machine);
    machine.write("/etc/nsswitch.conf", 0o644, SWITCH);
    let _theirs = start_systemd(&machine, &theirs);
    let mut daemon = userdbd(&machine).args(["--socket-dir", OURS]).spawn();
    daemon.wait_for_socket(ours.socket(MULTIPLEXER));

    let mut cases = Vec::new();
    for uid in [0, accounts::STRANGER, 61001] {
        for service in [MULTIPLEXER, NAME_SERVICE_SWITCH] {
            for (method, more, key) in [
                ("GetUserRecord", false, json!({"userName": "fay"})),
                ("GetUserRecord", false, json!({"userName": "FAY"})),
                ("GetUserRecord", false, json!({"userName": "slow"})),
                ("GetUserRecord", false, json!({"userName": "gus"})),
                ("GetUserRecord", false, json!({"uid": 61001})),
                ("GetUserRecord", false, json!({"uid": 61004})),
                ("GetUserRecord", false, json!({"uid": 61001, "userName": "fay"})),
                ("GetUserRecord", false, json!({"uid": 61002, "userName": "fay"})),
                ("GetUserRecord", false, json!({"userName": "fay", "uidMin": 70000})),
                ("GetUserRecord", false, json!({"userName": "fay", "dispositionMask": ["regular"]})),
                ("GetUserRecord", false, json!({"userName": "missing"})),
                ("GetUserRecord", false, json!({"uid": 61099})),
                ("GetUserRecord", false, json!({"userName": "ann"})),
                ("GetUserRecord", false, json!({"userName": "root"})),
                ("GetGroupRecord", false, json!({"groupName": "fakers"})),
                ("GetGroupRecord", false, json!({"groupName": "FAKERS"})),
                ("GetGroupRecord", false, json!({"gid": 62001})),
                ("GetGroupRecord", false, json!({"groupName": "huge"})),
                ("GetGroupRecord", false, json!({"gid": 62099})),
                ("GetGroupRecord", false, json!({"groupName": "sudo"})),
                ("GetMemberships", true, json!({"groupName": "fakers"})),
                ("GetMemberships", true, json!({"groupName": "fakers", "userName": "ann"})),
                ("GetMemberships", true, json!({"groupName": "sudo"})),
                ("GetMemberships", true, json!({"groupName": "missing"})),
                ("GetMemberships", true, json!({"userName": "ghost"})),
                ("GetMemberships", true, json!({"userName": "ann"})),
                ("GetMemberships", true, json!({"userName": "missing"})),
            ] {
                let mut parameters = key;
                parameters["service"] = json!(service);
                let mut call =
                    json!({"method": format!("io.systemd.UserDatabase.{method}"), "parameters": parameters});
                if more {
                    call["more"] = json!(true);
                }
                cases.push((uid, call));
            }
        }
    }
    let ask = |directory: &str| {
        let exchanges: Vec<_> = cases
            .iter()
            .map(|(uid, call)| Exchange {
                socket: format!("{directory}/{MULTIPLEXER}").into(),
                uid: *uid,
                chunks: vec![message(call)],
            })
            .collect();
        batch::run(&machine, EXCHANGE, &exchanges)
    };
    let (expected, got) = (ask("/run/systemd/userdb"), ask(OURS));
    let mut differences = String::new();
    for (((uid, call), expected), got) in cases.iter().zip(expected).zip(got) {
        let (mut expected, mut got) = (expected, got);
        if call["more"] == true {
            // The order of a union is nobody's promise; which one is the last is a matter of the order.
            for outcome in [&mut expected, &mut got] {
                for reply in &mut outcome.replies {
                    reply.as_object_mut().unwrap().remove("continues");
                }
                outcome.replies.sort_by_key(Value::to_string);
            }
        }
        if expected.text() != got.text() {
            differences +=
                &format!("{uid} {call}\n  systemd: {}\n  ours:    {}\n", expected.text(), got.text());
        }
    }
    assert!(differences.is_empty(), "of {} cases these differ:\n{differences}{}", cases.len(), daemon.log());
}

#[test]
fn nobody_here_is_impersonated() {
    let Some(lab) = lab(SWITCH) else { return };
    // Has the uid of ann, who is in the files; and answers for a uid of its own under the name root.
    assert_eq!(lab.user(json!({"userName": "mimic"})), no_record());
    assert_eq!(lab.user(json!({"uid": 61003})), no_record());
    assert_eq!(lab.user(json!({"uid": 1000}))["parameters"]["record"]["userName"], "ann");
    assert_eq!(lab.user(json!({"userName": "root"}))["parameters"]["record"]["uid"], 0);
    assert_eq!(lab.group(json!({"gid": 62003})), no_record());
    let listed = lab.list("GetUserRecord", json!({}));
    let listed = names(&listed);
    for (name, count) in [("mimic", 0), ("root", 1), ("ann", 1), ("fay", 1), ("alice", 1)] {
        assert_eq!(listed.iter().filter(|other| **other == name).count(), count, "{name} in {listed:?}");
    }
    // A group of the module that has the name of one of the files is not that one.
    assert_eq!(lab.groups_of("fay"), ["fakers"]);
    assert!(!lab.users_in("sudo").contains(&"fay".to_owned()));
    let all = lab.list("GetMemberships", json!({}));
    let pair = |user: &str, group: &str| {
        all.iter().any(|reply| reply["parameters"] == json!({"userName": user, "groupName": group}))
    };
    assert!(pair("fay", "fakers") && pair("ann", "fakers") && !pair("fay", "sudo"));
    let of_ann = lab.groups_of("ann");
    assert!(of_ann.contains(&"sudo".to_owned()) && of_ann.contains(&"fakers".to_owned()), "{of_ann:?}");
}

#[test]
fn groups_of_a_user_come_from_initgroups() {
    let Some(lab) = lab("passwd: files fakedyn\ngroup: files fakedyn\n") else { return };
    // Its own group is no membership, and a gid that nobody has a name for none that could be told. audio is the files'.
    assert_eq!(lab.groups_of("fay"), ["audio", "fakers"]);
    assert_eq!(lab.groups_of("missing"), Vec::<String>::new());
}

#[test]
fn a_hanging_module_costs_the_deadline_once_and_only_whom_it_concerns() {
    let Some(lab) = lab(SWITCH) else { return };
    lab.user(json!({"userName": "fay"}));
    lab.mode("down");
    let socket = lab.socket();
    let missing = std::thread::spawn(move || {
        timed_call(&socket, 0, "GetUserRecord", &json!({"userName": "missing", "service": MULTIPLEXER}))
    });
    std::thread::sleep(Duration::from_millis(200));
    for name in ["root", "ann", "alice"] {
        let (reply, took) = lab.timed(name);
        assert_eq!(reply["parameters"]["record"]["userName"], name);
        assert!(took < AT_ONCE, "{name}: {took:?}");
    }
    let (reply, took) = missing.join().unwrap();
    assert_eq!(reply, no_record());
    assert!(took >= DEADLINE - Duration::from_millis(50) && took < DEADLINE * 3, "{took:?}");
    for name in ["missing", "fay", "other"] {
        let (reply, took) = lab.timed(name);
        assert_eq!(reply, no_record());
        assert!(took < AT_ONCE, "{name}: {took:?}");
    }
    assert!(lab.daemon.log().contains("no answer within"), "{}", lab.daemon.log());
    // What the files say of memberships is there as well.
    assert!(lab.groups_of("ann").contains(&"sudo".to_owned()));
    lab.mode("well");
    wait_until("asked again", || lab.user(json!({"userName": "fay"})).get("error").is_none());
    // Processes that hung are gone, with all signals blocked as they were.
    wait_until("rid of what hung", || lab.helpers().len() <= 4);
}

#[test]
fn a_name_that_a_module_hangs_or_crashes_at_does_not_stop_others() {
    let Some(mut lab) = lab(SWITCH) else { return };
    for name in ["hang", "crash"] {
        assert_eq!(lab.user(json!({"userName": name})), no_record());
        wait_until("asked again", || lab.user(json!({"userName": "fay"})).get("error").is_none());
        // Not asked again while it has no answer.
        let (reply, took) = lab.timed(name);
        assert_eq!(reply, no_record());
        assert!(took < AT_ONCE, "{name}: {took:?}");
    }
    // Prints to its standard output, which is not the daemon's connection.
    assert_eq!(lab.user(json!({"userName": "chatty"})), no_record());
    assert!(lab.user(json!({"userName": "fay"})).get("error").is_none());
    assert!(lab.daemon.runs());
}

#[test]
fn a_slow_lookup_does_not_hold_up_another() {
    let Some(lab) = lab(SWITCH) else { return };
    let slow = || {
        let socket = lab.socket();
        std::thread::spawn(move || {
            timed_call(&socket, 0, "GetUserRecord", &json!({"userName": "slow", "service": MULTIPLEXER}))
        })
    };
    let start = Instant::now();
    let asked = [slow(), slow(), slow()];
    std::thread::sleep(Duration::from_millis(100));
    let (reply, took) = lab.timed("fay");
    assert_eq!(reply["parameters"]["record"]["uid"], 61001);
    assert!(took < AT_ONCE, "{took:?}");
    for asked in asked {
        assert_eq!(asked.join().unwrap().0["parameters"]["record"]["uid"], 61002);
    }
    // One after the other, they would take three seconds more.
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(lab.helpers().len() <= 4);
}

#[test]
fn one_user_cannot_keep_all_helpers_busy() {
    let Some(lab) = lab(SWITCH) else { return };
    // Two at a time, they take six seconds; four at a time, the other one's turn would come too late.
    let asked: Vec<_> = (0..12)
        .map(|_| {
            let mut connection = Connection::open(&lab.socket(), accounts::STRANGER);
            connection.send("GetUserRecord", &json!({"userName": "slow", "service": MULTIPLEXER}), false);
            connection
        })
        .collect();
    std::thread::sleep(Duration::from_millis(100));
    let key = json!({"userName": "fay", "service": MULTIPLEXER});
    let (reply, took) = timed_call(&lab.socket(), 4343, "GetUserRecord", &key);
    assert_eq!(reply["parameters"]["record"]["uid"], 61001);
    assert!(took < AT_ONCE, "{took:?}");
    for mut connection in asked {
        assert_eq!(connection.reply()["parameters"]["record"]["uid"], 61002);
    }
}

#[test]
fn lists_are_complete_and_end_when_a_module_hangs() {
    let Some(lab) = lab(SWITCH) else { return };
    lab.mode("many");
    let listed = lab.list("GetUserRecord", json!({}));
    let listed = names(&listed);
    assert_eq!(listed.iter().filter(|name| name.starts_with("many")).count(), 10_000);
    for name in ["root", "ann", "alice", "fay", "slow"] {
        assert_eq!(listed.iter().filter(|other| **other == name).count(), 1, "{name}");
    }
    let filtered = lab.list("GetUserRecord", json!({"uidMin": 61001, "uidMax": 61002}));
    assert_eq!(names(&filtered), ["fay", "slow"]);
    lab.mode("stuck");
    let start = Instant::now();
    let listed = lab.list("GetUserRecord", json!({}));
    let listed = names(&listed);
    assert!(start.elapsed() < DEADLINE * 3, "{:?}", start.elapsed());
    for name in ["root", "ann", "alice", "fay"] {
        assert!(listed.contains(&name), "{name} in {listed:?}");
    }
}

#[test]
fn a_list_that_nobody_reads_holds_up_nobody_for_long() {
    let Some(lab) = lab(SWITCH) else { return };
    lab.mode("many");
    let list = |uid: u32| {
        let mut connection = Connection::open(&lab.socket(), uid);
        connection.send("GetUserRecord", &json!({"service": MULTIPLEXER}), true);
        connection
    };
    let lazy = [list(5000), list(5001)];
    std::thread::sleep(Duration::from_millis(500));
    for uid in [0, 6000] {
        let listed = list(uid).replies();
        let count = names(&listed).iter().filter(|name| name.starts_with("many")).count();
        assert_eq!(count, 10_000, "for {uid}");
    }
    drop(lazy);
}

#[test]
fn no_process_is_started_when_files_know_all() {
    let Some(lab) =
        lab("passwd: files systemd userdb\ngroup: files [SUCCESS=merge] systemd\nshadow: files fake\n")
    else {
        return;
    };
    assert_eq!(lab.user(json!({"userName": "fay"})), no_record());
    lab.list("GetUserRecord", json!({}));
    assert_eq!(lab.groups_of("missing"), Vec::<String>::new());
    assert_eq!(lab.helpers().len(), 0);
    // nsswitch.conf is read again when it changes, and counts for what is asked after that.
    lab.machine.write("/etc/nsswitch.conf", 0o644, SWITCH);
    assert_eq!(lab.user(json!({"userName": "fay"}))["parameters"]["record"]["uid"], 61001);
    assert_eq!(lab.helpers().len(), 1);
    lab.machine.write("/etc/nsswitch.conf", 0o644, "passwd: files\n");
    assert_eq!(lab.user(json!({"userName": "fay"})), no_record());
    wait_until("without processes", || lab.helpers().is_empty());
    // Local names never need one.
    lab.machine.write("/etc/nsswitch.conf", 0o644, SWITCH);
    lab.user(json!({"userName": "ann"}));
    lab.user(json!({"userName": "alice"}));
    lab.users_in("sudo");
    assert_eq!(lab.helpers().len(), 0);
}

#[test]
fn helpers_end_with_the_daemon() {
    let Some(mut lab) = lab(SWITCH) else { return };
    lab.user(json!({"userName": "fay"}));
    let [helper] = lab.helpers()[..] else { panic!("one process") };
    let environment = std::fs::read_to_string(format!("/proc/{helper}/environ")).unwrap();
    assert!(environment.contains("SYSTEMD_BYPASS_USERDB=1"), "{environment}");
    assert!(!environment.contains("HOME="), "{environment}");
    let limits = std::fs::read_to_string(format!("/proc/{helper}/limits")).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().nth(3), Some("1024"), "{files}");
    let mut connection = Connection::open(&lab.socket(), 0);
    connection.send("GetUserRecord", &json!({"userName": "hang", "service": MULTIPLEXER}), false);
    wait_until("asked", || {
        lab.machine.command("true").output().status.success() && !lab.helpers().is_empty()
    });
    let helpers = lab.helpers();
    lab.daemon.signal(rustix::process::Signal::KILL);
    lab.daemon.wait(Duration::from_secs(60));
    wait_until("without processes", || {
        helpers.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists())
    });
}

#[test]
fn another_root_has_no_modules() {
    let sockets = SocketDirectory::new();
    let Some((machine, _modules)) = prepared(&sockets, SWITCH) else { return };
    machine.write("/srv/image/etc/passwd", 0o644, "ima:x:1500:1500::/:/bin/sh\n");
    machine.write("/srv/image/etc/nsswitch.conf", 0o644, SWITCH);
    let mut daemon = userdbd(&machine).args(["--root", "/srv/image"]).spawn();
    daemon.wait_for_socket(sockets.socket(MULTIPLEXER));
    let get = |name: &str| {
        timed_call(
            &sockets.socket(MULTIPLEXER),
            0,
            "GetUserRecord",
            &json!({"userName": name, "service": MULTIPLEXER}),
        )
        .0
    };
    assert_eq!(get("ima")["parameters"]["record"]["uid"], 1500);
    assert_eq!(get("fay"), no_record());
    assert_eq!(children(daemon.pid().unwrap()).len(), 0);
}

#[test]
fn a_module_that_asks_the_daemon_is_not_sent_back_to_itself() {
    let Some(lab) = lab(SWITCH) else { return };
    let (reply, took) = lab.timed("circular");
    assert_eq!(reply["parameters"]["record"]["uid"], 61005);
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn extrausers_of_a_real_module_are_served() {
    let sockets = SocketDirectory::new();
    let Some(machine) = Machine::builder("nss-modules")
        .bind(sockets.path(), "/run/systemd/userdb")
        .bind_read_only(usher_tests::binaries::built("userdbd"), USERDBD)
        .start_or_skip()
    else {
        return;
    };
    prepare(&machine);
    accounts::install_plain(&machine);
    machine.write(
        "/etc/nsswitch.conf",
        0o644,
        "passwd: files extrausers\ngroup: files extrausers\nshadow: files extrausers\n",
    );
    for (file, mode, text) in [
        ("passwd", 0o644, "eve:x:5000:5000:Eve Extra:/home/eve:/bin/sh\nroot2:x:0:0::/:/bin/sh\n"),
        ("group", 0o644, "eve:x:5000:\nextras:x:5001:eve,ann\n"),
        ("shadow", 0o640, "eve:$y$eve:19000:0:99999:7:::\n"),
    ] {
        machine.write(&format!("/var/lib/extrausers/{file}"), mode, text);
    }
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket(MULTIPLEXER));
    let call = |method: &str, mut parameters: Value, more| {
        parameters["service"] = json!(MULTIPLEXER);
        Connection::open(&sockets.socket(MULTIPLEXER), 0).call(method, &parameters, more)
    };
    let eve = call("GetUserRecord", json!({"userName": "eve"}), false).remove(0);
    assert_eq!(eve["parameters"]["record"]["realName"], "Eve Extra");
    assert_eq!(eve["parameters"]["record"]["privileged"]["hashedPassword"][0], "$y$eve");
    assert_eq!(call("GetUserRecord", json!({"userName": "root2"}), false), [no_record()]);
    let extras = call("GetGroupRecord", json!({"gid": 5001}), false).remove(0);
    assert_eq!(extras["parameters"]["record"]["members"], json!(["eve", "ann"]));
    assert_eq!(pairs(&call("GetMemberships", json!({"userName": "eve"}), true), "groupName"), ["extras"]);
    let listed = call("GetUserRecord", json!({}), true);
    let listed = names(&listed);
    assert!(listed.contains(&"eve") && listed.contains(&"ann") && !listed.contains(&"root2"), "{listed:?}");
    // The module's files may change at any time; nobody has to tell the daemon.
    machine.write("/var/lib/extrausers/passwd", 0o644, "new:x:5002:5002::/home/new:/bin/sh\n");
    let new = call("GetUserRecord", json!({"userName": "new"}), false).remove(0);
    assert_eq!(new["parameters"]["record"]["uid"], 5002);
}
