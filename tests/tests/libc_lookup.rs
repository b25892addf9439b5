//! libnss_userdb.so.2: what lookups and enumerations answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashSet;
use usher_tests::libc::accounts::{self, ANN_HASH};
use usher_tests::libc::lookups::{self, GLIBC};
use usher_tests::libc::switch::{self, Switched};

const ANN: &str = "ann:x:70001:70001:Ann Example:/home/ann:/bin/sh";

/// A machine with accounts in /etc/userdb.
fn machine(services: &str) -> Option<Switched> {
    let switched = switch::machine(services)?;
    accounts::install(&switched.machine);
    Some(switched)
}

fn getent(switched: &Switched, arguments: &[&str]) -> (i32, String) {
    let output = switched.machine.command("getent").args(arguments.iter().copied()).output();
    (output.code(), output.stdout.trim_end().to_owned())
}

#[test]
fn users_are_found_by_name_and_by_uid() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    let found = |key: &str| getent(&switched, &["passwd", key]);
    assert_eq!(found("ann"), (0, ANN.to_owned()));
    assert_eq!(found("70001"), (0, ANN.to_owned()));
    assert_eq!(found("bob"), (0, "bob:x:70002:70099:bob:/home/bob:/bin/bash".to_owned()));
    assert_eq!(found("DOM\\joe").1.split(':').nth(2), Some("70003"));
    assert_eq!(found("spa ce").1.split(':').nth(2), Some("70004"));
    assert_eq!(found("é").1.split(':').nth(2), Some("70005"));
    assert_eq!(found(&accounts::long_name()).1.split(':').nth(2), Some("70011"));
    for missing in ["nosuch", "", "79999", "4294967295", "65535", "a:b", "\u{1}"] {
        assert_eq!(found(missing), (2, String::new()), "{missing:?}");
    }
}

#[test]
fn groups_have_the_members_that_anybody_names() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    let found = |key: &str| getent(&switched, &["group", key]);
    assert_eq!(found("wheelers"), (0, "wheelers:x:70101:bob,ann".to_owned()));
    assert_eq!(found("70101"), (0, "wheelers:x:70101:bob,ann".to_owned()));
    assert_eq!(found("nobodys"), (0, "nobodys:x:70102:".to_owned()));
    let crowd = found("crowd").1;
    assert_eq!(crowd.split(':').nth(3).unwrap().split(',').collect::<Vec<_>>(), accounts::crowd());
    assert_eq!(found("nosuch").0, 2);
    // Members of a group of /etc/group come along when nsswitch.conf wants both.
    let files = switched.machine.command("getent").args(["-s", "files", "group", "video"]).run();
    assert!(!files.contains("ann"));
    switch::write_switch(&switched.machine, "files [SUCCESS=merge] userdb");
    assert!(found("video").1.ends_with(":ann"), "{:?}", found("video"));
}

#[test]
fn groups_of_a_user_are_those_of_the_files_and_of_userdb() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    let id = |arguments: &[&str]| switched.machine.command("id").args(arguments.iter().copied()).run();
    assert_eq!(id(&["ann"]), "uid=70001(ann) gid=70001(ann) groups=70001(ann),44(video),70101(wheelers)\n");
    assert_eq!(id(&["-G", "bob"]).split_whitespace().last(), Some("70101"));
    assert_eq!(id(&["-G", "root"]), "0\n");
    let joined = id(&["-G", "joiner"]);
    assert_eq!(joined.split_whitespace().count(), 1 + accounts::JOINED);
    assert_eq!(getent(&switched, &["initgroups", "ann"]).1, "ann                   44 70101");
    assert!(!switched.machine.command("id").arg("nosuch").output().status.success());

    let lookups = lookups::run(
        &switched.machine,
        GLIBC,
        &[
            "getgrouplist ann 70001 64",
            "getgrouplist ann 70101 64",
            "getgrouplist joiner 70001 4",
            "getgrouplist nosuch 7 4",
            "initgroups ann 70001",
            "initgroups joiner 70001",
        ],
    );
    assert_eq!(lookups[0], "44 70001 70101");
    assert_eq!(lookups[1], "44 70101", "the primary group is not repeated");
    assert_eq!(lookups[2], format!("room for {}", 1 + accounts::JOINED));
    assert_eq!(lookups[3], "7");
    assert_eq!(lookups[4], "44 70001 70101");
    assert_eq!(lookups[5].split(' ').count(), 1 + accounts::JOINED);
}

#[test]
fn hashes_are_told_to_those_who_may_see_them() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    let shadow = format!("ann:{ANN_HASH}:20000::99999::::");
    assert_eq!(getent(&switched, &["shadow", "ann"]), (0, shadow.clone()));
    assert_eq!(getent(&switched, &["shadow", "bob"]).1, "bob:!*:::::::");
    assert_eq!(getent(&switched, &["gshadow", "wheelers"]).1, "wheelers:$6$group$hash::bob,ann");
    assert_eq!(getent(&switched, &["gshadow", "nobodys"]).1, "nobodys:!*::");

    let as_uid = |uid, arguments: &[&str]| {
        switched.machine.command("getent").args(arguments.iter().copied()).uid(uid).output()
    };
    assert_eq!(as_uid(70001, &["shadow", "ann"]).stdout.trim_end(), shadow);
    for (uid, database, key) in
        [(70002, "shadow", "ann"), (70001, "gshadow", "wheelers"), (4711, "shadow", "ann")]
    {
        let output = as_uid(uid, &[database, key]);
        assert_eq!((output.code(), output.stdout.as_str()), (2, ""), "{uid} {database} {key}");
    }
    assert!(!as_uid(70002, &["shadow"]).stdout.contains("$6$"));
    assert!(getent(&switched, &["shadow"]).1.contains(&shadow));
}

#[test]
fn enumeration_lists_everybody_once() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    for (database, some) in [
        ("passwd", ["ann", "bob", "root", "spa ce"]),
        ("group", ["wheelers", "crowd", "root", "joined-149"]),
        ("shadow", ["ann", "bob", "root", "joiner"]),
    ] {
        let (code, listed) = getent(&switched, &[database]);
        assert_eq!(code, 0);
        let names: Vec<&str> = listed.lines().filter_map(|line| line.split(':').next()).collect();
        let different: HashSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), different.len(), "{database}: {names:?}");
        for name in some {
            assert!(different.contains(name), "{database} lacks {name}");
        }
        // Each entry is what a lookup answers.
        for line in listed.lines().filter(|line| line.starts_with("ann:") || line.starts_with("wheelers:")) {
            let name = line.split(':').next().unwrap();
            assert_eq!(getent(&switched, &[database, name]).1, line);
        }
    }
}

#[test]
fn small_buffers_are_refused_and_lose_nothing() {
    let Some(switched) = machine("userdb") else { return };
    let _daemon = switched.start_daemon();
    // glibc's getent_r has its own idea of the first size; the program starts with 64 bytes and doubles.
    for database in ["pw", "gr", "sp", "sg"] {
        let listed = |size| lookups::run(&switched.machine, GLIBC, &[&format!("get{database}ent_r {size}")]);
        let (growing, large) = (listed(0), listed(1 << 20));
        assert!(large.len() > 5, "{large:?}");
        assert_eq!(growing, large);
    }
    // Five strings with their NULs.
    let length = "ann x Ann Example /home/ann /bin/sh ".len();
    let sizes = |size| format!("getpwnam_r ann {size}");
    let lookups = lookups::run(
        &switched.machine,
        GLIBC,
        &[&sizes(1), &sizes(length - 1), &sizes(length), "getgrnam_r crowd 1000", "getgrnam_r crowd 0"],
    );
    assert_eq!(&lookups[..3], ["error 34", "error 34", ANN]);
    assert_eq!(lookups[3], "error 34");
    assert!(lookups[4].ends_with("member-04999"));
}

#[test]
fn without_a_daemon_only_the_files_answer_and_at_once() {
    let Some(switched) = machine("files userdb") else { return };
    let start = std::time::Instant::now();
    assert_eq!(getent(&switched, &["passwd", "root"]).0, 0);
    for arguments in [["passwd", "ann"], ["passwd", "70001"], ["group", "wheelers"], ["shadow", "ann"]] {
        assert_eq!(getent(&switched, &arguments), (2, String::new()));
    }
    assert_eq!(getent(&switched, &["passwd"]).0, 0);
    // A socket that nobody listens on any more.
    drop(std::os::unix::net::UnixListener::bind(switched.sockets.socket("io.systemd.Multiplexer")).unwrap());
    assert_eq!(getent(&switched, &["passwd", "ann"]), (2, String::new()));
    assert_eq!(
        lookups::run(&switched.machine, GLIBC, &["getpwnam_r ann 0", "getpwnam ann", "getgrouplist ann 5 9"]),
        // ENOENT, which getpwnam(3) lists among those for "not found".
        ["error 2", "missing, errno 2", "5"]
    );
    assert!(start.elapsed() < std::time::Duration::from_secs(30));
}

#[test]
fn the_module_stands_aside_for_who_answers_for_the_daemon() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    let getent = |value: &str| {
        switched
            .machine
            .command("getent")
            .args(["passwd", "ann"])
            .env("SYSTEMD_BYPASS_USERDB", value)
            .output()
            .code()
    };
    assert_eq!(getent("io.systemd.NameServiceSwitch:io.systemd.Multiplexer:io.systemd.DropIn"), 2);
    assert_eq!(getent("1"), 2);
    assert_eq!(getent("io.systemd.DropIn"), 0);
    assert_eq!(getent("0"), 0);
}

#[test]
fn a_change_is_seen_by_the_next_lookup() {
    let Some(switched) = machine("files userdb") else { return };
    let _daemon = switched.start_daemon();
    assert_eq!(getent(&switched, &["passwd", "newcomer"]).0, 2);
    switched.machine.write("/etc/userdb/newcomer.user", 0o644, r#"{"userName":"newcomer","uid":70500}"#);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while getent(&switched, &["passwd", "newcomer"]).0 != 0 {
        assert!(std::time::Instant::now() < deadline);
    }
}
