//! libnss_userdb.so.2 beside libnss-systemd: the same answers for the same records, from either daemon.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use usher_tests::libc::accounts;
use usher_tests::libc::switch::{self, Switched};
use usher_tests::userdb::{daemon, drop_ins};

fn getent(switched: &Switched, module: &str, database: &str, key: &str) -> (i32, String) {
    let source = format!("{database}:{module}");
    let command = switched.machine.command("getent").args(["-s", &source, "--", database, key]);
    // What another version of the module does by itself, without asking anybody, is of no interest here.
    let output = command.env("SYSTEMD_NSS_BYPASS_SYNTHETIC", "1").output();
    (output.code(), output.stdout)
}

/// The members of a group, in any order.
fn sorted(database: &str, (code, line): (i32, String)) -> (i32, String) {
    if database == "passwd" || database == "shadow" {
        return (code, line);
    }
    let (head, members) = line.trim_end().rsplit_once(':').unwrap_or((&line, ""));
    let mut members: Vec<&str> = members.split(',').collect();
    members.sort_unstable();
    (code, format!("{head}:{}", members.join(",")))
}

#[test]
fn answers_are_those_of_systemds_module() {
    let Some(switched) = switch::machine("files") else { return };
    accounts::install(&switched.machine);
    drop_ins::install(&switched.machine);
    let _daemon = daemon::start_systemd(&switched.machine, &switched.sockets);
    let mut users = drop_ins::user_names();
    users.extend(["ann", "bob", "DOM\\joe", "nosuch", "", "1234"].map(str::to_owned));
    users.extend(drop_ins::uids().iter().map(u32::to_string));
    let mut groups = drop_ins::group_names();
    groups.extend(["wheelers", "nobodys", "nosuch", "crowd"].map(str::to_owned));
    groups.extend(drop_ins::gids().iter().map(u32::to_string));
    let mut differences = Vec::new();
    let mut found = 0;
    for (database, keys) in [("passwd", &users), ("shadow", &users), ("group", &groups), ("gshadow", &groups)]
    {
        for key in keys {
            let theirs = sorted(database, getent(&switched, "systemd", database, key));
            let ours = sorted(database, getent(&switched, "userdb", database, key));
            found += usize::from(ours.0 == 0);
            if ours != theirs && !is_intended(database, key, &ours.1, &theirs.1) {
                differences.push(format!("{database} {key}:\n  systemd {theirs:?}\n  userdb  {ours:?}"));
            }
        }
    }
    assert!(found > 60, "{found}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Differences on purpose: members that memberships name are in gshadow as they are in group, and of a key that a record has
/// twice the last one counts.
fn is_intended(database: &str, key: &str, ours: &str, theirs: &str) -> bool {
    let members =
        |line: &str| line.rsplit(':').next().unwrap().split(',').map(str::to_owned).collect::<Vec<_>>();
    let has_all = || members(theirs).iter().all(|member| member.is_empty() || members(ours).contains(member));
    database == "gshadow" && has_all() || key == "dupkey"
}

#[test]
fn both_modules_can_be_named() {
    let Some(switched) = switch::machine("files systemd userdb") else { return };
    accounts::install(&switched.machine);
    let _daemon = switched.start_daemon();
    let ids = "uid=70001(ann) gid=70001(ann) groups=70001(ann),44(video),70101(wheelers)\n";
    assert_eq!(switched.machine.command("id").arg("ann").run(), ids);
    switch::write_switch(&switched.machine, "files userdb systemd");
    assert_eq!(switched.machine.command("id").arg("ann").run(), ids);
    assert_eq!(switched.machine.command("getent").args(["passwd", "nosuch"]).output().code(), 2);
}

#[test]
fn systemds_daemon_that_asks_the_switch_does_not_ask_itself() {
    // Its NameServiceSwitch service calls getpwnam, and that our module, which must not go back to the daemon.
    let Some(switched) = switch::machine("files userdb") else { return };
    accounts::install(&switched.machine);
    let _daemon = daemon::start_systemd(&switched.machine, &switched.sockets);
    let start = std::time::Instant::now();
    assert_eq!(getent(&switched, "userdb", "passwd", "nosuch"), (2, String::new()));
    assert!(getent(&switched, "userdb", "passwd", "ann").1.starts_with("ann:x:70001:"));
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}
