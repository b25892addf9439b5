//! Other services' sockets behind the Multiplexer: asked in parallel, never trusted, never waited for in vain.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::backend::{Backend, Behaviour, Contents};
use usher_tests::userdb::client::{Connection, timed_call};
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_tested};
use usher_tests::userdb::{accounts, drop_ins};

/// The daemon's deadline for a backend when nobody configures another.
const DEADLINE: Duration = Duration::from_secs(2);

struct Lab {
    _daemon: Daemon,
    _machine: Machine,
    sockets: SocketDirectory,
}

fn lab() -> Option<Lab> {
    lab_with("")
}

/// With a configuration file.
fn lab_with(configuration: &str) -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).start_or_skip()?;
    prepare(&machine);
    machine.write("/etc/usher/userdbd.toml", 0o644, configuration);
    accounts::install(&machine);
    drop_ins::install(&machine);
    let daemon = start_tested(&machine, &sockets);
    Some(Lab { _daemon: daemon, _machine: machine, sockets })
}

impl Lab {
    fn multiplexer(&self) -> PathBuf {
        self.sockets.socket("io.systemd.Multiplexer")
    }

    fn backend(&self, name: &str, contents: Contents, behaviour: Behaviour) -> Backend {
        Backend::start(self.sockets.socket(name), contents, behaviour)
    }

    fn connect(&self, uid: u32) -> Connection {
        Connection::open(&self.multiplexer(), uid)
    }

    /// One keyed lookup of the Multiplexer as root, on a connection of its own.
    fn get(&self, method: &str, key: Value) -> Value {
        self.connect(0).call(method, &with_service(key), false).remove(0)
    }

    fn user(&self, name: &str) -> Value {
        self.get("GetUserRecord", json!({"userName": name}))
    }

    fn list(&self, method: &str, parameters: Value) -> Vec<Value> {
        self.connect(0).call(method, &with_service(parameters), true)
    }

    fn timed(&self, method: &str, key: Value) -> (Value, Duration) {
        timed_call(&self.multiplexer(), 0, method, &with_service(key))
    }

    /// Until a lookup finds a record; the daemon notices a new socket when it can.
    fn wait_for_user(&self, name: &str) -> Value {
        let start = Instant::now();
        loop {
            let reply = self.user(name);
            if reply.get("error").is_none() {
                return reply;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{name}: {reply}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn with_service(mut parameters: Value) -> Value {
    parameters["service"] = json!("io.systemd.Multiplexer");
    parameters
}

fn user(name: &str, uid: u32, service: &str) -> Value {
    json!({"userName": name, "uid": uid, "gid": uid, "service": service, "disposition": "regular",
        "privileged": {"hashedPassword": ["$6$backend"]}})
}

fn named(users: &[(&str, u32)], service: &str) -> Contents {
    Contents {
        users: users.iter().map(|(name, uid)| user(name, *uid, service)).collect(),
        groups: users
            .iter()
            .map(|(name, uid)| json!({"groupName": name, "gid": uid, "service": service}))
            .collect(),
        memberships: users.iter().map(|(name, _)| ((*name).to_owned(), "video".to_owned())).collect(),
    }
}

fn no_record() -> Value {
    json!({"error": "io.systemd.UserDatabase.NoRecordFound"})
}

fn names(replies: &[Value]) -> Vec<&str> {
    replies.iter().filter_map(|reply| reply["parameters"]["record"]["userName"].as_str()).collect()
}

#[test]
fn a_backend_is_asked_for_everything() {
    let Some(lab) = lab() else { return };
    let backend = lab.backend(
        "org.example.Homes",
        named(&[("homer", 60100)], "org.example.Homes"),
        Behaviour::default(),
    );
    let record = &lab.user("homer")["parameters"]["record"];
    assert_eq!(record["uid"], 60100);
    assert_eq!(record["service"], "org.example.Homes");
    let asked = backend.requests();
    assert_eq!(asked[0]["method"], "io.systemd.UserDatabase.GetUserRecord");
    assert_eq!(asked[0]["parameters"]["service"], "org.example.Homes");
    assert_eq!(asked[0]["parameters"]["userName"], "homer");
    assert_eq!(lab.get("GetUserRecord", json!({"uid": 60100}))["parameters"]["record"]["userName"], "homer");
    assert_eq!(
        lab.get("GetGroupRecord", json!({"groupName": "homer"}))["parameters"]["record"]["gid"],
        60100
    );
    assert_eq!(
        lab.get("GetGroupRecord", json!({"gid": 60100}))["parameters"]["record"]["groupName"],
        "homer"
    );
    assert_eq!(
        lab.list("GetMemberships", json!({"userName": "homer"})),
        [json!({"parameters": {"userName": "homer", "groupName": "video"}})]
    );
    assert_eq!(
        names(&lab.list("GetUserRecord", json!({}))).iter().filter(|name| **name == "homer").count(),
        1
    );
    assert_eq!(lab.user("nobody-knows"), no_record());
    // The other services do not speak for it.
    let reply = Connection::open(&lab.sockets.socket("io.systemd.DropIn"), 0).call(
        "GetUserRecord",
        &json!({"userName": "homer", "service": "io.systemd.DropIn"}),
        false,
    );
    assert_eq!(reply, [no_record()]);
}

#[test]
fn a_backend_comes_and_goes() {
    let Some(lab) = lab() else { return };
    assert_eq!(lab.user("homer"), no_record());
    let backend = lab.backend(
        "org.example.Homes",
        named(&[("homer", 60100)], "org.example.Homes"),
        Behaviour::default(),
    );
    lab.wait_for_user("homer");
    drop(backend);
    assert_eq!(lab.user("homer"), no_record());
    let again = lab.backend(
        "org.example.Homes",
        named(&[("homer", 60100)], "org.example.Homes"),
        Behaviour::default(),
    );
    lab.wait_for_user("homer");
    drop(again);
    // A socket that nobody listens on.
    drop(std::os::unix::net::UnixListener::bind(lab.sockets.socket("org.example.Dead")).unwrap());
    assert_eq!(lab.user("homer"), no_record());
    assert_eq!(lab.user("ann")["parameters"]["record"]["uid"], 1000);
}

#[test]
fn privileged_and_secret_parts_of_a_backend_stay_hidden() {
    let Some(lab) = lab() else { return };
    let _backend = lab.backend(
        "org.example.Homes",
        named(&[("homer", 60100)], "org.example.Homes"),
        Behaviour::default(),
    );
    let key = with_service(json!({"userName": "homer"}));
    for (caller, trusted) in [(0, true), (60100, true), (accounts::STRANGER, false)] {
        let reply = lab.connect(caller).call("GetUserRecord", &key, false).remove(0);
        let record = &reply["parameters"]["record"];
        assert_eq!(record["uid"], 60100, "{reply}");
        assert_eq!(record.get("privileged").is_some(), trusted, "uid {caller}: {reply}");
        assert_eq!(reply["parameters"]["incomplete"], !trusted, "uid {caller}: {reply}");
    }
    // A record with secrets may be refused as a whole, as systemd does.
    let mut secretive = named(&[("lisa", 60103)], "org.example.Secretive");
    secretive.users[0]["secret"] = json!({"password": ["s"]});
    let _secretive = lab.backend("org.example.Secretive", secretive, Behaviour::default());
    for _ in 0..5 {
        let reply = lab.user("lisa");
        assert!(!reply.to_string().contains("password"), "{reply}");
    }
}

#[test]
fn local_names_never_wait_for_a_backend() {
    let Some(lab) = lab() else { return };
    let hung = Behaviour { hangs: true, ..Behaviour::default() };
    let _hung = lab.backend("org.example.Hung", Contents::default(), hung);
    for (method, key) in [
        ("GetUserRecord", json!({"userName": "root"})),
        ("GetUserRecord", json!({"uid": 0})),
        ("GetUserRecord", json!({"userName": "ann"})),
        ("GetUserRecord", json!({"uid": 1001})),
        ("GetUserRecord", json!({"userName": "locked"})),
        ("GetUserRecord", json!({"uid": 70000})),
        ("GetUserRecord", json!({"userName": "foreign-7"})),
        ("GetUserRecord", json!({"userName": "nobody"})),
        ("GetGroupRecord", json!({"groupName": "sudo"})),
        ("GetGroupRecord", json!({"gid": 71000})),
        ("GetGroupRecord", json!({"gid": 0})),
    ] {
        let (reply, time) = lab.timed(method, key.clone());
        assert!(reply.get("error").is_none(), "{key}: {reply}");
        assert!(time < DEADLINE / 2, "{key} waited for {time:?}");
    }
}

#[test]
fn a_hung_backend_costs_its_deadline_once_until_it_answers_again() {
    let Some(lab) = lab() else { return };
    let hung = Behaviour { hangs: true, ..Behaviour::default() };
    let backend = lab.backend("org.example.Hung", named(&[("homer", 60100)], "org.example.Hung"), hung);
    let _well =
        lab.backend("org.example.Well", named(&[("marge", 60101)], "org.example.Well"), Behaviour::default());
    let (reply, first) = lab.timed("GetUserRecord", json!({"userName": "missing"}));
    assert_eq!(reply, no_record());
    assert!(first >= DEADLINE / 2, "{first:?} is no deadline");
    assert!(first < DEADLINE * 4, "{first:?} is more than the deadline");
    for name in ["missing", "missing2", "missing3"] {
        let (reply, later) = lab.timed("GetUserRecord", json!({"userName": name}));
        assert_eq!(reply, no_record());
        assert!(
            later < first / 4,
            "{name}: {later:?} after {first:?}: the dead backend was waited for again"
        );
    }
    // Another backend's answer is there at once.
    let (reply, time) = lab.timed("GetUserRecord", json!({"userName": "marge"}));
    assert_eq!(reply["parameters"]["record"]["uid"], 60101);
    assert!(time < first / 4, "{time:?}");
    backend.behave(Behaviour::default());
    assert_eq!(lab.wait_for_user("homer")["parameters"]["record"]["uid"], 60100);
}

#[test]
fn a_slow_backend_is_waited_for_but_delays_only_its_own() {
    let Some(lab) = lab() else { return };
    let slow = Behaviour { delay: DEADLINE / 4, ..Behaviour::default() };
    let _slow = lab.backend("org.example.A", named(&[("tortoise", 60100)], "org.example.A"), slow);
    let _quick =
        lab.backend("org.example.B", named(&[("hare", 60101)], "org.example.B"), Behaviour::default());
    let (reply, slow_time) = lab.timed("GetUserRecord", json!({"userName": "tortoise"}));
    assert_eq!(reply["parameters"]["record"]["uid"], 60100);
    assert!(slow_time >= DEADLINE / 4);
    let (_, time) = lab.timed("GetUserRecord", json!({"userName": "ann"}));
    assert!(time < slow_time / 2, "{time:?}");
    // Slow as it is, it is still asked the next time.
    assert_eq!(lab.user("tortoise")["parameters"]["record"]["uid"], 60100);
}

#[test]
fn the_first_backend_by_name_wins_however_slow() {
    let Some(lab) = lab() else { return };
    let late = Behaviour { delay: Duration::from_millis(60), ..Behaviour::default() };
    let _first = lab.backend("org.example.A", named(&[("same", 60100)], "org.example.A"), late);
    let _second =
        lab.backend("org.example.B", named(&[("same", 60100)], "org.example.B"), Behaviour::default());
    for _ in 0..20 {
        assert_eq!(lab.user("same")["parameters"]["record"]["service"], "org.example.A");
    }
    let listed = lab.list("GetUserRecord", json!({"uidMin": 60100, "uidMax": 60100}));
    assert_eq!(names(&listed), ["same"]);
    assert_eq!(listed[0]["parameters"]["record"]["service"], "org.example.A");
    let memberships = lab.list("GetMemberships", json!({"userName": "same"}));
    assert_eq!(memberships, [json!({"parameters": {"userName": "same", "groupName": "video"}})]);
}

#[test]
fn an_administrator_orders_and_ignores_backends() {
    let configuration =
        "[backends]\norder = [\"org.example.C\", \"org.example.B\"]\nignore = [\"org.example.D\"]\n";
    let Some(lab) = lab_with(configuration) else { return };
    let late = Behaviour { delay: Duration::from_millis(60), ..Behaviour::default() };
    let _a = lab.backend(
        "org.example.A",
        named(&[("same", 60100), ("of-a", 60101)], "org.example.A"),
        Behaviour::default(),
    );
    let _c = lab.backend("org.example.C", named(&[("same", 60100)], "org.example.C"), late);
    let ignored =
        lab.backend("org.example.D", named(&[("of-d", 60102)], "org.example.D"), Behaviour::default());
    assert_eq!(lab.wait_for_user("of-a")["parameters"]["record"]["service"], "org.example.A");
    for _ in 0..10 {
        assert_eq!(lab.user("same")["parameters"]["record"]["service"], "org.example.C");
    }
    assert_eq!(lab.user("of-d"), no_record());
    assert!(ignored.requests().is_empty());
}

#[test]
fn an_administrator_sets_the_deadline() {
    let Some(lab) = lab_with("[backends]\ndeadline-ms = 200\n") else { return };
    let hung = Behaviour { hangs: true, ..Behaviour::default() };
    let _hung = lab.backend("org.example.Hung", Contents::default(), hung);
    let (reply, time) = lab.timed("GetUserRecord", json!({"userName": "missing"}));
    assert_eq!(reply, no_record());
    assert!(time >= Duration::from_millis(150) && time < DEADLINE, "{time:?}");
}

/// What one hung backend costs, it costs once, also when many ask at the same time.
#[test]
fn many_who_ask_a_hung_backend_wait_together() {
    let Some(lab) = lab() else { return };
    let hung = Behaviour { hangs: true, ..Behaviour::default() };
    let _hung = lab.backend("org.example.Hung", Contents::default(), hung);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let lab = &lab;
            scope.spawn(move || {
                let key = with_service(json!({"userName": format!("missing{number}")}));
                let reply = lab.connect(accounts::STRANGER).call("GetUserRecord", &key, false).remove(0);
                assert_eq!(reply, no_record());
            });
        }
    });
    assert!(start.elapsed() < DEADLINE * 4, "{:?}", start.elapsed());
}

#[test]
fn a_backend_cannot_impersonate_local_users() {
    let Some(lab) = lab() else { return };
    let contents = named(
        &[("root", 0), ("ann", 1000), ("carol", 70001), ("other-name", 1000), ("bob", 60102)],
        "org.example.Evil",
    );
    let _evil = lab.backend("org.example.Evil", contents, Behaviour::default());
    for name in ["root", "ann", "carol", "bob"] {
        let reply = lab.user(name);
        assert_ne!(reply["parameters"]["record"]["service"], "org.example.Evil", "{reply}");
    }
    assert_eq!(lab.get("GetUserRecord", json!({"uid": 1000}))["parameters"]["record"]["userName"], "ann");
    let listed = lab.list("GetUserRecord", json!({}));
    for name in ["root", "ann", "carol", "bob"] {
        let of_name: Vec<&Value> =
            listed.iter().filter(|reply| reply["parameters"]["record"]["userName"] == name).collect();
        assert_eq!(of_name.len(), 1, "{name}: {of_name:?}");
        assert_ne!(of_name[0]["parameters"]["record"]["service"], "org.example.Evil");
    }
}

#[test]
fn a_backend_that_answers_with_somebody_else_is_not_believed() {
    let Some(lab) = lab() else { return };
    let lies = Behaviour { lies: true, ..Behaviour::default() };
    let _liar = lab.backend("org.example.Liar", named(&[("root", 0)], "org.example.Liar"), lies);
    let reply = lab.user("innocent");
    assert_ne!(reply["parameters"]["record"]["userName"], "root", "{reply}");
    let reply = lab.get("GetUserRecord", json!({"uid": 60123}));
    assert_ne!(reply["parameters"]["record"]["uid"], 0, "{reply}");
    assert_eq!(lab.user("root")["parameters"]["record"]["homeDirectory"], "/root");
}

#[test]
fn garbage_and_closing_backends_hurt_nobody() {
    let Some(lab) = lab() else { return };
    let garbage = Behaviour { garbage: true, ..Behaviour::default() };
    let closes = Behaviour { closes: true, ..Behaviour::default() };
    let _garbage = lab.backend("org.example.Garbage", Contents::default(), garbage);
    let _closes = lab.backend("org.example.Closes", Contents::default(), closes);
    let _well =
        lab.backend("org.example.Well", named(&[("marge", 60101)], "org.example.Well"), Behaviour::default());
    for _ in 0..5 {
        assert_eq!(lab.user("marge")["parameters"]["record"]["uid"], 60101);
        assert_eq!(lab.user("ann")["parameters"]["record"]["uid"], 1000);
        let (_, time) = lab.timed("GetUserRecord", json!({"userName": "missing"}));
        assert!(time < DEADLINE / 2, "{time:?}");
        assert!(names(&lab.list("GetUserRecord", json!({}))).contains(&"marge"));
        assert_eq!(lab.list("GetMemberships", json!({"userName": "marge"})).len(), 1);
    }
}

/// GDM 49 and later: refuses the newer filters, and forgets to answer GetMemberships for a user's name.
#[test]
fn gdm_is_understood() {
    let Some(lab) = lab() else { return };
    let service = "org.gnome.DisplayManager";
    let contents = Contents {
        users: vec![json!({"userName": "gdm-greeter", "uid": 60578, "gid": 110, "realName": "GDM Greeter",
            "homeDirectory": "/run/gdm/home/gdm-greeter", "shell": "/usr/sbin/nologin", "service": service,
            "disposition": "dynamic"})],
        groups: Vec::new(),
        memberships: vec![("gdm-greeter".into(), "sysgroup".into())],
    };
    let quirks = Behaviour { refuses_filters: true, silent_memberships: true, ..Behaviour::default() };
    let gdm = lab.backend(service, contents, quirks);
    let reply = lab.wait_for_user("gdm-greeter");
    assert_eq!(reply["parameters"]["record"]["realName"], "GDM Greeter");
    assert_eq!(reply["parameters"]["incomplete"], false, "{reply}");

    // Filters are passed down, refused, and the query is made again without them.
    gdm.forget_requests();
    let listed = lab.list("GetUserRecord", json!({"uidMin": 60578, "uidMax": 60705}));
    assert!(names(&listed).contains(&"gdm-greeter"), "{listed:?}");
    let asked = gdm.requests();
    assert!(asked.iter().any(|request| request["parameters"].get("uidMin").is_none()), "{asked:?}");
    let listed = lab.list("GetUserRecord", json!({"uidMin": 60600, "uidMax": 60605}));
    assert!(!names(&listed).contains(&"gdm-greeter"), "filtered here: {listed:?}");
    let reply = lab.get("GetUserRecord", json!({"userName": "gdm-greeter", "uidMax": 5}));
    assert_eq!(reply["error"], "io.systemd.UserDatabase.NonMatchingRecordFound");

    // The silence on memberships must neither hide local groups nor make the greeter's record vanish.
    let memberships = lab.list("GetMemberships", json!({"userName": "ann"}));
    assert!(memberships.iter().any(|reply| reply["parameters"]["groupName"] == "sudo"), "{memberships:?}");
    let (reply, time) = lab.timed("GetUserRecord", json!({"userName": "gdm-greeter"}));
    assert_eq!(reply["parameters"]["record"]["uid"], 60578, "after {time:?}: {reply}");
}

#[test]
fn filters_reach_a_backend_that_knows_them() {
    let Some(lab) = lab() else { return };
    let backend = lab.backend(
        "org.example.Homes",
        named(&[("homer", 60100), ("bart", 60200)], "org.example.Homes"),
        Behaviour::default(),
    );
    lab.wait_for_user("homer");
    backend.forget_requests();
    let listed = lab.list("GetUserRecord", json!({"uidMin": 60150, "uidMax": 60250}));
    assert_eq!(names(&listed), ["bart"]);
    let asked = backend.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0]["parameters"]["uidMin"], 60150);
    assert_eq!(asked[0]["parameters"]["uidMax"], 60250);
    backend.forget_requests();
    lab.list("GetUserRecord", json!({"dispositionMask": ["regular"], "fuzzyNames": ["bart"]}));
    let asked = backend.requests();
    assert_eq!(asked[0]["parameters"]["dispositionMask"], json!(["regular"]), "{asked:?}");
    assert_eq!(asked[0]["parameters"]["fuzzyNames"], json!(["bart"]), "{asked:?}");
}

#[test]
fn a_backend_without_enumeration_is_no_error() {
    let Some(lab) = lab() else { return };
    let quiet = Behaviour { no_enumeration: true, ..Behaviour::default() };
    let _quiet = lab.backend("org.example.Quiet", named(&[("homer", 60100)], "org.example.Quiet"), quiet);
    lab.wait_for_user("homer");
    let listed = lab.list("GetUserRecord", json!({}));
    assert!(names(&listed).contains(&"ann"));
    assert!(listed.iter().all(|reply| reply.get("error").is_none()));
}

#[test]
fn a_huge_backend_streams_through() {
    // The pause is this test's, however long a busy machine makes it.
    let Some(lab) = lab_with("[backends]\ndeadline-ms = 30000\n") else { return };
    const COUNT: u32 = 100_000;
    let contents = Contents {
        users: (0..COUNT)
            .map(|number| {
                let uid = 1_000_000_000 + number;
                json!({"userName": format!("huge{number}"), "uid": uid, "realName": format!("Huge {number}"), "service": "org.example.Huge"})
            })
            .collect(),
        ..Contents::default()
    };
    let paused = Behaviour { pauses_after: Some(1000), ..Behaviour::default() };
    let backend = lab.backend("org.example.Huge", contents, paused);
    lab.wait_for_user("huge7");
    let mut connection = lab.connect(accounts::STRANGER);
    connection.send("GetUserRecord", &with_service(json!({})), true);
    // The first of its records are here while it has not sent its last.
    let mut seen = 0;
    while seen < 500 {
        let reply = connection.reply();
        assert!(reply.get("error").is_none(), "{reply}");
        if reply["parameters"]["record"]["service"] == "org.example.Huge" {
            seen += 1;
        }
    }
    backend.resume();
    loop {
        let reply = connection.reply();
        assert!(reply.get("error").is_none(), "after {seen}: {reply}");
        if reply["parameters"]["record"]["service"] == "org.example.Huge" {
            seen += 1;
        }
        if reply["continues"] != true {
            break;
        }
    }
    assert_eq!(seen, COUNT);
    // And the connection is still good.
    let reply = connection.call("GetUserRecord", &with_service(json!({"userName": "ann"})), false);
    assert_eq!(reply[0]["parameters"]["record"]["uid"], 1000);
}

#[test]
fn nobody_of_this_host_is_put_into_a_group_of_this_host() {
    let Some(lab) = lab() else { return };
    let pair = |user: &str, group: &str| (user.to_owned(), group.to_owned());
    let memberships = vec![pair("bob", "root"), pair("bob", "theirs"), pair("their-user", "root")];
    let contents = Contents { memberships, ..Contents::default() };
    let _backend = lab.backend("org.example.Bold", contents, Behaviour::default());
    let groups = |user: &str| -> Vec<String> {
        let replies = lab.list("GetMemberships", json!({"userName": user}));
        let group = |reply: &Value| reply["parameters"]["groupName"].as_str().map(str::to_owned);
        replies.iter().filter_map(group).collect()
    };
    assert_eq!(groups("their-user"), ["root"]);
    assert!(groups("bob").contains(&"theirs".to_owned()), "{:?}", groups("bob"));
    assert!(!groups("bob").contains(&"root".to_owned()), "{:?}", groups("bob"));
}
