//! systemd's own clients in a machine where only our daemon runs: userdbctl, varlinkctl, and libnss-systemd behind
//! getent and id.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_tested};
use usher_tests::userdb::{accounts, drop_ins};

struct Lab {
    machine: Machine,
    _daemon: Daemon,
    _sockets: SocketDirectory,
}

const MULTIPLEXER: &str = "/run/systemd/userdb/io.systemd.Multiplexer";

fn lab() -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).start_or_skip()?;
    prepare(&machine);
    accounts::install(&machine);
    drop_ins::install(&machine);
    machine.write(
        "/etc/nsswitch.conf",
        0o644,
        "passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\nshadow: files systemd\ngshadow: files systemd\n",
    );
    let daemon = start_tested(&machine, &sockets);
    Some(Lab { machine, _daemon: daemon, _sockets: sockets })
}

impl Lab {
    fn run(&self, command: &str) -> String {
        self.machine.command("sh").args(["-c", command]).run()
    }

    fn lines(&self, command: &str) -> Vec<String> {
        self.run(command).lines().map(str::to_owned).collect()
    }

    /// What getent says of a group, with its members sorted.
    fn group(&self, key: &str) -> String {
        let line = self.run(&format!("getent group {key}"));
        let (head, members) = line.trim_end().rsplit_once(':').expect("a group has four fields");
        let mut members: Vec<&str> = members.split(',').collect();
        members.sort_unstable();
        format!("{head}:{}", members.join(","))
    }

    fn fails(&self, command: &str) -> (i32, String) {
        let output = self.machine.command("sh").args(["-c", command]).output();
        assert!(!output.status.success(), "{command} succeeds: {}", output.stdout);
        (output.code(), output.stderr)
    }

    fn json(&self, command: &str) -> Value {
        let text = self.run(command);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command}: {error}\n{text}"))
    }
}

#[test]
fn userdbctl_shows_users() {
    let Some(lab) = lab() else { return };
    let alice = lab.run("userdbctl user alice");
    for part in ["User name: alice", "Alice Example", "UID: 70000", "io.systemd.DropIn", "Password OK: yes"] {
        assert!(alice.contains(part), "{part}:\n{alice}");
    }
    assert!(lab.run("userdbctl user ann").contains("UID: 1000"));
    assert!(lab.run("userdbctl user 70002").contains("User name: locked"));
    assert_eq!(
        lab.run("userdbctl --output=classic user ann").trim_end(),
        "ann:x:1000:1000:Ann Ash,room 1,555,:/home/ann:/bin/bash"
    );
    assert_eq!(
        lab.run("userdbctl --output=classic user alice").trim_end(),
        "alice:x:70000:70000:Alice Example:/home/alice:/bin/zsh"
    );
    let (code, message) = lab.fails("userdbctl user missing");
    assert_eq!(code, 1);
    assert!(message.contains("missing") && message.contains("does not exist"), "{message}");
    // By alias and by realm, without a file of that name.
    assert!(lab.run("userdbctl user al-ias").contains("User name: alice"));
    assert!(lab.run("userdbctl user ali@example.org").contains("User name: alice"));
}

#[test]
fn userdbctl_lists_users_and_filters_them() {
    let Some(lab) = lab() else { return };
    let names = lab.lines("userdbctl --no-legend --output=classic user | cut -d: -f1");
    for name in [
        "root",
        "nobody",
        "ann",
        "bob",
        "alice",
        "carol",
        "locked",
        "vendor",
        "runtime",
        "n\u{e4}me",
        "nonewline",
    ] {
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name} once in {names:?}");
    }
    assert!(!names.iter().any(|name| name == "masked"));
    let table = lab.run("userdbctl user");
    assert!(table.contains("users listed."), "{table}");
    let filtered = lab
        .lines("userdbctl --no-legend --output=classic --uid-min=70000 --uid-max=70002 user | cut -d: -f1");
    assert_eq!(filtered, ["alice", "carol", "locked"]);
    let system =
        lab.lines("userdbctl --output=classic --disposition=system --uid-min=400 user | cut -d: -f1");
    assert_eq!(system, ["disposed", "sysdrop"]);
    assert_eq!(lab.lines("userdbctl --output=classic -z user example | cut -d: -f1"), ["alice"]);
    assert_eq!(
        lab.lines(
            "userdbctl --output=classic --uuid=6ba7b810-9dad-11d1-80b4-00c04fd430c8 user | cut -d: -f1"
        ),
        ["uuidful"]
    );
    let (_, message) = lab.fails("userdbctl --uid-min=2 --uid-max=3 user ann");
    assert!(message.contains("does not match"), "{message}");
}

#[test]
fn userdbctl_speaks_json() {
    let Some(lab) = lab() else { return };
    let alice = lab.json("userdbctl -j user alice");
    assert_eq!(alice["userName"], "alice");
    assert_eq!(alice["privileged"]["hashedPassword"][0], "$6$alice$one");
    assert_eq!(alice["x-unknown"]["b"][1], 2.5);
    let carol = lab.json("userdbctl --json=short user carol");
    assert_eq!(carol["uid"], 70001);
    // A stranger sees no hashes.
    let output = lab.machine.command("userdbctl").args(["-j", "user", "alice"]).uid(accounts::STRANGER).run();
    assert!(!output.contains("privileged"), "{output}");
    // The owner does.
    let output = lab.machine.command("userdbctl").args(["-j", "user", "alice"]).uid(drop_ins::OWNER).run();
    assert!(output.contains("$6$alice$one"), "{output}");
}

#[test]
fn userdbctl_shows_groups_and_memberships() {
    let Some(lab) = lab() else { return };
    let wheel = lab.run("userdbctl group wheel2");
    assert!(wheel.contains("Group name: wheel2") && wheel.contains("71000"), "{wheel}");
    let names = lab.lines("userdbctl --output=classic group | cut -d: -f1");
    for name in ["root", "sudo", "team", "wheel2", "plaing", "gvendor"] {
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name} once in {names:?}");
    }
    assert_eq!(lab.lines("userdbctl --output=classic users-in-group sudo"), ["ann:sudo", "bob:sudo"]);
    // Of .membership files, of the group's members, of the users' memberOf.
    assert_eq!(
        lab.lines("userdbctl --output=classic users-in-group plaing"),
        ["alice:plaing", "bob:plaing", "carol:plaing"]
    );
    assert_eq!(
        lab.lines("userdbctl --output=classic users-in-group wheel2"),
        ["alice:wheel2", "bob:wheel2", "carol:wheel2"]
    );
    assert_eq!(
        lab.lines("userdbctl --output=classic groups-of-user alice"),
        ["alice:plaing", "alice:wheel2"]
    );
    assert_eq!(lab.lines("userdbctl --output=classic groups-of-user ghost"), ["ghost:team"]);
}

#[test]
fn userdbctl_lists_services_and_asks_each() {
    let Some(lab) = lab() else { return };
    let services = lab.run("userdbctl --no-legend services");
    for service in ["io.systemd.DropIn", "io.systemd.Multiplexer", "io.systemd.NameServiceSwitch"] {
        let line = services.lines().find(|line| line.contains(service));
        assert!(line.is_some_and(|line| line.contains("yes")), "{service}:\n{services}");
    }
    assert!(lab.run("userdbctl -s io.systemd.DropIn user alice").contains("alice"));
    assert!(lab.run("userdbctl -s io.systemd.NameServiceSwitch user ann").contains("ann"));
    // What the client does without the Multiplexer.
    assert!(lab.run("userdbctl --multiplexer=no user alice").contains("alice"));
    assert!(lab.run("userdbctl --with-nss=no user carol").contains("carol"));
}

#[test]
fn userdbctl_prints_ssh_keys() {
    let Some(lab) = lab() else { return };
    assert_eq!(lab.lines("userdbctl ssh-authorized-keys alice"), ["ssh-ed25519 AAAA alice"]);
    assert_eq!(
        lab.lines("userdbctl ssh-authorized-keys --chain alice /bin/echo chained"),
        ["ssh-ed25519 AAAA alice", "chained"]
    );
    assert_eq!(lab.lines("userdbctl ssh-authorized-keys carol"), Vec::<String>::new());
}

#[test]
fn varlinkctl_introspects_every_service() {
    let Some(lab) = lab() else { return };
    for service in ["io.systemd.Multiplexer", "io.systemd.NameServiceSwitch", "io.systemd.DropIn"] {
        let socket = format!("/run/systemd/userdb/{service}");
        let info = lab.json(&format!("varlinkctl -j info {socket}"));
        for key in ["vendor", "product", "version", "url", "interfaces"] {
            assert!(info.get(key).is_some(), "{key} in {info}");
        }
        assert_eq!(
            lab.lines(&format!("varlinkctl list-interfaces {socket}")),
            ["dev.usher.DynamicUsers", "io.systemd", "io.systemd.UserDatabase", "org.varlink.service"]
        );
        assert_eq!(
            lab.lines(&format!("varlinkctl list-methods {socket}")),
            [
                "dev.usher.DynamicUsers.Allocate",
                "dev.usher.DynamicUsers.Attach",
                "dev.usher.DynamicUsers.List",
                "dev.usher.DynamicUsers.Release",
                "io.systemd.UserDatabase.GetGroupRecord",
                "io.systemd.UserDatabase.GetMemberships",
                "io.systemd.UserDatabase.GetUserRecord",
                "org.varlink.service.GetInfo",
                "org.varlink.service.GetInterfaceDescription"
            ]
        );
        for interface in
            ["dev.usher.DynamicUsers", "io.systemd", "io.systemd.UserDatabase", "org.varlink.service"]
        {
            let idl = lab.run(&format!("varlinkctl introspect {socket} {interface}"));
            assert!(idl.contains(&format!("interface {interface}")), "{idl}");
            lab.run(&format!(
                "varlinkctl introspect {socket} {interface} | varlinkctl validate-idl /dev/stdin"
            ));
        }
        lab.fails(&format!("varlinkctl introspect {socket} org.example.none"));
    }
}

#[test]
fn varlinkctl_calls() {
    let Some(lab) = lab() else { return };
    let call = |more: &str, method: &str, parameters: &str| {
        format!("varlinkctl -j {more} call {MULTIPLEXER} io.systemd.UserDatabase.{method} '{parameters}'")
    };
    let ann =
        lab.json(&call("", "GetUserRecord", r#"{"userName":"ann","service":"io.systemd.Multiplexer"}"#));
    assert_eq!(ann["record"]["uid"], 1000);
    assert_eq!(ann["incomplete"], false);
    let (_, message) =
        lab.fails(&call("", "GetUserRecord", r#"{"userName":"missing","service":"io.systemd.Multiplexer"}"#));
    assert!(message.contains("NoRecordFound"), "{message}");
    let stream = lab.run(&call("--more", "GetUserRecord", r#"{"service":"io.systemd.Multiplexer"}"#));
    assert!(stream.matches("\"userName\"").count() > 50, "{stream}");
    let members = lab.run(&call(
        "--more",
        "GetMemberships",
        r#"{"groupName":"sudo","service":"io.systemd.Multiplexer"}"#,
    ));
    assert_eq!(members.matches("\"groupName\":\"sudo\"").count(), 2, "{members}");
    // The clients' way to find the service.
    let registry = lab.run("readlink -f /run/varlink/registry/io.systemd.UserDatabase");
    assert_eq!(registry.trim(), MULTIPLEXER);
    let ann = lab.json(
        r#"varlinkctl -j call /run/varlink/registry/io.systemd.UserDatabase io.systemd.UserDatabase.GetUserRecord '{"userName":"ann","service":"io.systemd.Multiplexer"}'"#,
    );
    assert_eq!(ann["record"]["userName"], "ann");
}

#[test]
fn getent_answers_from_drop_ins() {
    let Some(lab) = lab() else { return };
    assert_eq!(
        lab.run("getent passwd alice").trim_end(),
        "alice:x:70000:70000:Alice Example:/home/alice:/bin/zsh"
    );
    assert_eq!(lab.run("getent passwd 70002").split(':').next(), Some("locked"));
    assert_eq!(lab.run("getent shadow alice").split(':').nth(1), Some("$6$alice$one"));
    assert!(
        !lab.machine
            .command("getent")
            .args(["shadow", "alice"])
            .uid(accounts::STRANGER)
            .output()
            .status
            .success()
    );
    assert_eq!(lab.group("wheel2"), "wheel2:x:71000:alice,bob,carol");
    assert_eq!(lab.group("71001"), "plaing:x:71001:alice,bob,carol");
    assert_eq!(lab.fails("getent passwd missing").0, 2);
    let all = lab.lines("getent passwd | cut -d: -f1");
    for name in ["ann", "alice", "carol", "vendor"] {
        assert!(all.iter().any(|other| other == name), "{name} in {all:?}");
    }
    let groups = lab.lines("getent group | cut -d: -f1");
    for name in ["sudo", "wheel2", "gvendor"] {
        assert!(groups.iter().any(|other| other == name), "{name} in {groups:?}");
    }
}

#[test]
fn id_knows_the_groups() {
    let Some(lab) = lab() else { return };
    let mut groups: Vec<String> = lab.run("id -nG alice").split_whitespace().map(str::to_owned).collect();
    groups.sort();
    assert!(groups.iter().any(|group| group == "plaing"), "{groups:?}");
    assert!(groups.iter().any(|group| group == "wheel2"), "{groups:?}");
    assert_eq!(lab.run("id -u alice").trim(), "70000");
    let bob: Vec<String> = lab.run("id -nG bob").split_whitespace().map(str::to_owned).collect();
    for group in ["bob", "sudo", "team", "plaing", "wheel2"] {
        assert!(bob.iter().any(|other| other == group), "{group} in {bob:?}");
    }
}
