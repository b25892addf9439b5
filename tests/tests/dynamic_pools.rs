//! Dynamic users from pools: an unpatched GDM that was built for elogind finds the user of every seat, and GDM with a userdb
//! service of its own is never contradicted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Barrier;
use std::time::Duration;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::backend::{Backend, Behaviour, Contents};
use usher_tests::userdb::client::{Connection, connect_as};
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, userdbd};
use usher_tests::userdb::{nscd, pools};

const PATIENCE: Duration = Duration::from_secs(20);
const GDM: &str = "org.gnome.DisplayManager";

struct Lab {
    daemon: Daemon,
    machine: Machine,
    sockets: SocketDirectory,
}

/// A machine with the shipped pools. `config` is the daemon's.
fn lab(config: &str) -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).start_or_skip()?;
    prepare(&machine);
    pools::install(&machine);
    machine.write("/etc/usher/userdbd.toml", 0o644, config);
    machine.write(
        "/etc/nsswitch.conf",
        0o644,
        "passwd: files systemd\ngroup: files systemd\nshadow: files systemd\n",
    );
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    Some(Lab { daemon, machine, sockets })
}

impl Lab {
    fn call(&self, service: &str, method: &str, mut parameters: Value) -> Vec<Value> {
        parameters["service"] = json!(service);
        let more = method == "GetMemberships"
            || !["userName", "uid", "groupName", "gid"].iter().any(|key| parameters.get(*key).is_some());
        Connection::open(&self.sockets.socket("io.systemd.Multiplexer"), 4711).call(method, &parameters, more)
    }

    fn user(&self, parameters: Value) -> Option<Value> {
        let reply = self.call("io.systemd.Multiplexer", "GetUserRecord", parameters).remove(0);
        reply["parameters"].get("record").cloned()
    }

    fn uid(&self, name: &str) -> Option<u64> {
        self.user(json!({"userName": name}))?["uid"].as_u64()
    }

    fn name(&self, uid: u64) -> Option<String> {
        self.user(json!({"uid": uid}))?["userName"].as_str().map(str::to_owned)
    }

    fn listed(&self, service: &str) -> Vec<String> {
        let replies = self.call(service, "GetUserRecord", json!({}));
        let names = replies.iter().filter_map(|reply| reply["parameters"]["record"]["userName"].as_str());
        names.map(str::to_owned).collect()
    }

    fn nscd(&self) -> PathBuf {
        self.machine.path("/run/nscd/socket")
    }

    fn restart(&mut self, signal: Signal) {
        self.daemon.signal(signal);
        self.daemon.wait(PATIENCE);
        self.daemon = userdbd(&self.machine).spawn();
        let socket = self.sockets.socket("io.systemd.Multiplexer");
        self.daemon.wait_until("its socket", || connect_as(&socket, 0).is_ok());
    }

    /// Waits until the daemon has seen a change.
    fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let start = std::time::Instant::now();
        while !condition() {
            assert!(start.elapsed() < PATIENCE, "{what}\n{}", self.daemon.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn greeter(number: u32) -> String {
    if number == 1 { "gdm-greeter".to_owned() } else { format!("gdm-greeter-{number}") }
}

/// What GDM built for elogind does for each seat: getpwnam() of the next name, and the home that it makes itself.
fn start_greeter(lab: &Lab, number: u32) -> (u32, u32, String) {
    let name = greeter(number);
    let line = lab.machine.command("getent").args(["passwd", &name]).run();
    let fields: Vec<&str> = line.trim_end().split(':').collect();
    assert_eq!(fields[0], name);
    let home = format!("/run/gdm/home/{name}");
    assert_eq!(fields[4..], ["GDM Greeter", &home, "/usr/sbin/nologin"], "{line}");
    lab.machine.command("mkdir").args(["-p", "-m", "0700", &home]).run();
    // What its worker looks up besides.
    let by_uid = lab.machine.command("getent").args(["passwd", fields[2]]).run();
    assert_eq!(by_uid, line);
    assert_eq!(lab.machine.command("id").args(["-Gn", &name]).run().trim(), "gdm");
    (fields[2].parse().unwrap(), fields[3].parse().unwrap(), home)
}

/// Four seats at once, then the 64th.
fn play(lab: &Lab) {
    let barrier = Barrier::new(4);
    let started: Vec<_> = std::thread::scope(|scope| {
        let start = |number| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                start_greeter(lab, number)
            })
        };
        let threads: Vec<_> = (1..=4).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let last = start_greeter(lab, 64);
    let all: Vec<_> = started.into_iter().chain([last]).collect();
    assert_eq!(all.iter().map(|(uid, ..)| uid).collect::<HashSet<_>>().len(), 5);
    assert_eq!(all.iter().map(|(.., home)| home).collect::<HashSet<_>>().len(), 5);
    for (uid, gid, _) in &all {
        assert!((60578..=60705).contains(uid) && *gid == pools::GDM_GID, "{uid} {gid}");
    }
}

#[test]
fn gdm_for_elogind_finds_a_user_for_every_seat_through_nss() {
    let Some(lab) = lab("[nscd]\nenabled = false\n") else { return };
    assert!(!lab.nscd().exists());
    play(&lab);
}

#[test]
fn gdm_for_elogind_finds_a_user_for_every_seat_through_nscd() {
    let Some(lab) = lab("") else { return };
    lab.machine.write("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\n");
    play(&lab);
    // As musl asks.
    let socket = lab.nscd();
    let seats: Vec<_> =
        (1..=64).map(|number| nscd::user_by_name(&socket, &greeter(number)).unwrap()).collect();
    assert_eq!(seats.iter().map(|user| user.uid).collect::<HashSet<_>>().len(), 64);
    for user in seats {
        assert_eq!(nscd::user_by_uid(&socket, user.uid), Some(user.clone()));
        assert_eq!((user.gid, user.home), (pools::GDM_GID, format!("/run/gdm/home/{}", user.name)));
        assert_eq!(nscd::groups_of_user(&socket, &user.name), [pools::GDM_GID]);
    }
    assert_eq!(nscd::group_by_gid(&socket, pools::GDM_GID).unwrap().name, "gdm");
    assert_eq!(nscd::user_by_name(&socket, "gdm-greeter-1"), None);
}

#[test]
fn records_say_what_kind_of_user_it_is() {
    let Some(lab) = lab("") else { return };
    let record = lab.user(json!({"userName": "gnome-initial-setup-2"})).unwrap();
    assert_eq!(record["disposition"], "dynamic");
    assert_eq!(record["locked"], true);
    assert_eq!(record["realName"], "GNOME Initial Setup");
    assert!(record.to_string().contains("io.systemd.DynamicUser"));
    assert_eq!(lab.user(json!({"uid": record["uid"]})), Some(record));
    // systemd's own client agrees.
    let shown = lab.machine.command("userdbctl").args(["user", "gdm-greeter-2"]).run();
    assert!(shown.contains("Disposition: dynamic") && shown.contains("GDM Greeter"), "{shown}");
}

#[test]
fn names_keep_their_uids_over_restarts_and_lists_show_who_is_there() {
    let Some(mut lab) = lab("") else { return };
    let uids = |lab: &Lab| (1..=96).map(|number| lab.uid(&greeter(number))).collect::<Vec<_>>();
    let before = uids(&lab);
    assert!(before.iter().all(Option::is_some));
    for service in ["io.systemd.Multiplexer", "io.systemd.DynamicUser"] {
        assert!(!lab.listed(service).iter().any(|name| name.starts_with("gdm-")), "{service}");
    }
    let members =
        |lab: &Lab| lab.call("io.systemd.Multiplexer", "GetMemberships", json!({"groupName": "gdm"}));
    assert_eq!(members(&lab)[0]["error"], "io.systemd.UserDatabase.NoRecordFound");
    lab.machine.command("mkdir").args(["-p", "/run/gdm/home/gdm-greeter-3"]).run();
    for signal in [Signal::TERM, Signal::KILL] {
        for service in ["io.systemd.Multiplexer", "io.systemd.DynamicUser"] {
            let greeters: Vec<_> =
                lab.listed(service).into_iter().filter(|name| name.starts_with("gdm-")).collect();
            assert_eq!(greeters, ["gdm-greeter-3"], "{service}");
        }
        assert_eq!(members(&lab)[0]["parameters"], json!({"userName": "gdm-greeter-3", "groupName": "gdm"}));
        lab.restart(signal);
        assert_eq!(uids(&lab), before);
    }
    let own = lab.call("io.systemd.Multiplexer", "GetMemberships", json!({"userName": "gdm-greeter-9"}));
    assert_eq!(own[0]["parameters"]["groupName"], "gdm");
}

#[test]
fn an_account_in_the_range_moves_one_name_for_good() {
    let Some(mut lab) = lab("") else { return };
    let before: HashMap<u32, Option<u64>> =
        (1..=90).map(|number| (number, lab.uid(&greeter(number)))).collect();
    let passwd = std::fs::read_to_string(lab.machine.path("/etc/passwd")).unwrap();
    lab.machine.write("/etc/passwd", 0o644, format!("{passwd}ann:x:60580:1::/:/bin/sh\n"));
    lab.wait_until("ann is seen", || lab.name(60580).as_deref() == Some("ann"));
    let moved = lab.uid("gdm-greeter-3").unwrap();
    assert_ne!(moved, 60580);
    assert_eq!(lab.name(moved).as_deref(), Some("gdm-greeter-3"));
    let said = lab.machine.command("/opt/usher/userdbd").arg("--check").output();
    assert!(!said.status.success());
    assert!(
        said.stdout.contains("gdm-greeter.toml: uids: 60580") && said.stdout.contains("ann"),
        "{}",
        said.stdout
    );
    assert!(lab.daemon.log().contains("60580"), "{}", lab.daemon.log());
    let stays = |lab: &Lab| {
        for (number, uid) in before.iter().filter(|(number, _)| **number != 3) {
            assert_eq!(lab.uid(&greeter(*number)), *uid, "{number}");
        }
        assert_eq!(lab.uid("gdm-greeter-3"), Some(moved));
    };
    stays(&lab);
    // Ann goes, the daemon is killed: nobody moves.
    lab.machine.write("/etc/passwd", 0o644, passwd);
    lab.wait_until("ann is gone", || lab.name(60580).is_none());
    stays(&lab);
    lab.restart(Signal::KILL);
    stays(&lab);
}

#[test]
fn a_packager_changes_group_and_home_in_one_line_each() {
    let Some(lab) = lab("") else { return };
    let groups = std::fs::read_to_string(lab.machine.path("/etc/group")).unwrap();
    lab.machine.write("/etc/group", 0o644, format!("{groups}Debian-gdm:x:155:\n"));
    let shipped =
        std::fs::read_to_string(lab.machine.path("/usr/lib/usher/pools.d/gdm-greeter.toml")).unwrap();
    let line = |text: &str, key: &str, value: &str| {
        let lines = text.lines().map(|line| if line.starts_with(key) { value } else { line });
        lines.collect::<Vec<_>>().join("\n")
    };
    let changed = line(&shipped, "group = ", "group = \"Debian-gdm\"");
    let changed = line(&changed, "home = ", "home = \"/run/gdm3/home/{name}\"");
    assert_eq!(changed.lines().filter(|line| !shipped.contains(*line)).count(), 2);
    lab.machine.write("/etc/usher/pools.d/gdm-greeter.toml", 0o644, changed);
    lab.wait_until("the other file counts", || {
        lab.user(json!({"userName": "gdm-greeter-2"})).is_some_and(|user| user["gid"] == 155)
    });
    let user = lab.user(json!({"userName": "gdm-greeter-2"})).unwrap();
    assert_eq!(user["homeDirectory"], "/run/gdm3/home/gdm-greeter-2");
    assert_eq!(user["uid"], 60579);
}

#[test]
fn a_broken_pool_costs_itself_and_is_reported() {
    let Some(lab) = lab("") else { return };
    lab.machine.write(
        "/etc/usher/pools.d/zz.toml",
        0o644,
        "name = \"kiosk\"\nuids = \"70000-70009\"\nhme = \"/\"\n",
    );
    lab.machine.write("/run/usher/pools.d/gnome-initial-setup.toml", 0o644, "name = = 5\n");
    let said = lab.machine.command("/opt/usher/userdbd").arg("--check").output();
    assert!(!said.status.success());
    for (file, place) in
        [("/etc/usher/pools.d/zz.toml", "hme"), ("/run/usher/pools.d/gnome-initial-setup.toml", "line 1")]
    {
        let line = format!("{file}: {place}: ");
        assert!(said.stdout.lines().any(|found| found.starts_with(&line)), "{line}\n{}", said.stdout);
    }
    lab.wait_until("the broken file counts", || lab.uid("gnome-initial-setup").is_none());
    assert_eq!(lab.uid("kiosk"), None);
    assert_eq!(lab.uid("gdm-greeter-4"), Some(60581));
}

#[test]
fn nobody_else_takes_the_names() {
    let Some(lab) = lab("") else { return };
    lab.machine.write("/etc/userdb/gdm-greeter-2.user", 0o644, r#"{"userName":"gdm-greeter-2","uid":70002}"#);
    let liar = Contents {
        users: vec![
            json!({"userName": "gdm-greeter-3", "uid": 70003}),
            json!({"userName": "other", "uid": 60578}),
            json!({"userName": "gdm-greeter-97", "uid": 70004}),
        ],
        ..Default::default()
    };
    let _liar = Backend::start(lab.sockets.socket("org.example.Liar"), liar, Behaviour::default());
    lab.wait_until("the backend is seen", || lab.daemon.log().contains("org.example.Liar"));
    lab.wait_until("the drop-in is seen", || lab.daemon.log().contains("gdm-greeter-2.user"));
    assert_eq!(lab.uid("gdm-greeter-2"), Some(60579));
    assert_eq!(lab.uid("gdm-greeter-3"), Some(60580));
    assert_eq!(lab.uid("gdm-greeter-97"), None);
    assert_eq!(lab.name(60578).as_deref(), Some("gdm-greeter"));
    assert_eq!((lab.name(70002), lab.name(70003), lab.uid("other")), (None, None, None));
}

/// GDM 50's service, with one greeter whose uid our pool would give to another name.
fn gdm() -> Contents {
    let record = |name: &str, uid: u32| {
        json!({"userName": name, "uid": uid, "gid": pools::GDM_GID, "realName": "GDM Greeter",
            "homeDirectory": format!("/run/gdm/home/{name}"), "shell": "/usr/sbin/nologin", "service": GDM,
            "disposition": "dynamic"})
    };
    let users = vec![record("gdm-greeter", 60583), record("gnome-initial-setup", 60578)];
    let memberships = vec![("gdm-greeter".to_owned(), "gdm".to_owned())];
    Contents { users, memberships, ..Default::default() }
}

#[test]
fn gdms_own_service_is_never_contradicted() {
    let Some(mut lab) = lab("") else { return };
    lab.machine
        .command("mkdir")
        .args(["-p", "/run/gdm/home/gdm-greeter", "/run/gdm/home/gdm-greeter-2"])
        .run();
    assert_eq!(lab.uid("gdm-greeter"), Some(60578));
    let behaviour = Behaviour { silent_memberships: true, refuses_filters: true, ..Default::default() };
    let service = Backend::start(lab.sockets.socket(GDM), gdm(), behaviour.clone());
    // From the moment that its socket is there: GDM looks for free uids right away.
    let only_gdms = |lab: &Lab| {
        assert_eq!(lab.uid("gdm-greeter"), Some(60583));
        assert_eq!(lab.name(60583).as_deref(), Some("gdm-greeter"), "our pool calls it gdm-greeter-6");
        assert_eq!(lab.uid("gnome-initial-setup"), Some(60578));
        assert_eq!(lab.name(60578).as_deref(), Some("gnome-initial-setup"));
        assert_eq!((lab.uid("gdm-greeter-2"), lab.name(60579)), (None, None), "for GDM to give away");
        let free = (60578..=60705).filter(|uid| lab.name(*uid).is_none()).count();
        assert_eq!(free, 126);
        let names = lab.listed("io.systemd.Multiplexer");
        let count = |name: &str| names.iter().filter(|listed| *listed == name).count();
        assert_eq!([count("gdm-greeter"), count("gdm-greeter-2"), count("gnome-initial-setup")], [1, 0, 1]);
        assert!(lab.listed("io.systemd.DynamicUser").is_empty());
        let dynamic = lab.call("io.systemd.DynamicUser", "GetUserRecord", json!({"userName": "gdm-greeter"}));
        assert_eq!(dynamic[0]["error"], "io.systemd.UserDatabase.NoRecordFound");
        // By every way.
        let socket = lab.nscd();
        assert_eq!(nscd::user_by_name(&socket, "gdm-greeter").unwrap().uid, 60583);
        assert_eq!(nscd::user_by_uid(&socket, 60578).unwrap().name, "gnome-initial-setup");
        assert_eq!(nscd::user_by_uid(&socket, 60579), None);
        assert_eq!(nscd::groups_of_user(&socket, "gdm-greeter"), [pools::GDM_GID]);
        assert_eq!(nscd::group_by_name(&socket, "gdm").unwrap().members, ["gdm-greeter"]);
        let line = lab.machine.command("getent").args(["passwd", "gdm-greeter"]).run();
        assert!(line.starts_with("gdm-greeter:x:60583:"), "{line}");
        let id = lab.machine.command("id").args(["gdm-greeter"]).run();
        assert!(id.contains("uid=60583(gdm-greeter)") && id.contains("(gdm)"), "{id}");
        assert!(!lab.machine.command("getent").args(["passwd", "gdm-greeter-2"]).output().status.success());
    };
    only_gdms(&lab);
    lab.restart(Signal::KILL);
    only_gdms(&lab);

    // While it hangs, nobody guesses.
    service.behave(Behaviour { hangs: true, ..behaviour.clone() });
    assert_eq!(lab.uid("gdm-greeter"), None);
    assert_eq!(nscd::user_by_name(&lab.nscd(), "gdm-greeter"), None);
    service.behave(behaviour);
    lab.wait_until("it answers again", || lab.uid("gdm-greeter") == Some(60583));

    // When it has died and left its socket, and when that is gone, the pool is there.
    drop(service);
    lab.wait_until("GDM is gone", || lab.uid("gdm-greeter") == Some(60578));
    let path = lab.sockets.socket(GDM);
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert_eq!(lab.uid("gdm-greeter"), Some(60578));
    assert_eq!(lab.name(60583).as_deref(), Some("gdm-greeter-6"));
}

#[test]
fn the_service_of_another_pid_1_is_left_alone() {
    let sockets = SocketDirectory::new();
    let Some(machine) = machine(&sockets).start_or_skip() else { return };
    prepare(&machine);
    pools::install(&machine);
    let theirs = Contents { users: vec![json!({"userName": "unit", "uid": 61200})], ..Default::default() };
    let _pid1 = Backend::start(sockets.socket("io.systemd.DynamicUser"), theirs, Behaviour::default());
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    let lab = Lab { daemon, machine, sockets };
    assert!(!lab.sockets.socket("io.systemd.DynamicUser").symlink_metadata().unwrap().is_symlink());
    assert_eq!(lab.uid("unit"), Some(61200));
    assert_eq!(lab.uid("gdm-greeter-2"), Some(60579));
}
