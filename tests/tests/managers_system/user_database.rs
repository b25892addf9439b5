//! userdbd by this repository's file: up when it answers, again after a crash, and gone after a stop.

use std::collections::BTreeSet;

use super::manager::Manager;
use super::system::System;

const SOCKET: &str = "/run/systemd/userdb/io.systemd.Multiplexer";

/// So many records that reading them takes a while; only then is the daemon up.
const RECORDS: u32 = 3000;

pub fn play(manager: &dyn Manager) -> Vec<String> {
    let mut wrong = Vec::new();
    let system = manager.system();
    system.shell(&format!(
        "mkdir -p /etc/userdb; cd /etc/userdb; for i in $(seq {RECORDS}); do \
         echo \"{{\\\"userName\\\":\\\"u$i\\\",\\\"uid\\\":$((70000+i))}}\" > u$i.user; done"
    ));
    let mut check = |good: bool, what: &str| {
        if !good {
            wrong.push(format!("userdbd: {what}; log: {}", manager.log_of("userdbd")));
        }
    };
    check(manager.start("userdbd"), "does not start");
    // At once.
    check(answers(system), "does not answer when it is up");
    check(manager.is_started("userdbd"), "is not shown as started");
    check(
        manager.log_of("userdbd").contains("serving in /run/systemd/userdb"),
        "its log is not where it should be",
    );

    let before = pids(system);
    check(before.len() == 1, "is not one process");
    system.shell("pkill -KILL -x userdbd");
    let again = || pids(system).iter().any(|pid| !before.contains(pid)) && answers(system);
    check(system.becomes(again), "does not come back after a crash");
    check(manager.is_started("userdbd"), "is not shown as started after a crash");
    let messages = manager.log_of("userdbd").matches("serving in /run/systemd/userdb").count();
    check(messages == 2, "does not log after a crash");

    check(manager.stop("userdbd"), "does not stop");
    check(system.remains("userdbd", "userdbd").is_empty(), "leaves processes");
    check(!answers(system), "answers after its stop");
    check(!manager.is_started("userdbd"), "is shown as started after its stop");
    // GDM asks it.
    check(manager.start("userdbd"), "does not start again");
    wrong
}

fn pids(system: &System) -> BTreeSet<u32> {
    let processes = system.machine.processes();
    processes.iter().filter(|process| process.name == "userdbd").map(|process| process.pid).collect()
}

/// Asks once, for a record that is read last.
fn answers(system: &System) -> bool {
    let name = format!("u{RECORDS}");
    system.machine.path(SOCKET).exists()
        && system.machine.command("userdbctl").args(["user", &name]).output().code() == 0
}
