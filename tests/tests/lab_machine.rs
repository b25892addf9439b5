//! The lab keeps its own promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::root;

#[test]
fn writes_never_reach_the_cached_root() {
    let Some(machine) = Machine::builder("userdb").start_or_skip() else { return };
    machine.write("/etc/written", 0o644, "x");
    assert_eq!(machine.command("cat").arg("/etc/written").run(), "x");
    machine.command("sh").args(["-c", "echo broken > /etc/passwd; rm /usr/bin/userdbctl"]).run();
    let cached = root::ensure("userdb").unwrap();
    assert!(!cached.join("etc/written").exists());
    assert!(cached.join("usr/bin/userdbctl").exists());
    drop(machine);
    let again = Machine::builder("userdb").start().unwrap();
    assert!(!again.path("/etc/written").exists());
}

#[test]
fn commands_run_as_the_user_in_own_namespaces() {
    let shared = tempfile::tempdir().unwrap();
    std::fs::write(shared.path().join("file"), "shared").unwrap();
    let Some(machine) = Machine::builder("userdb")
        .hostname("somehost")
        .bind(shared.path(), "/srv/rw")
        .bind_read_only(shared.path(), "/srv/ro")
        .start_or_skip()
    else {
        return;
    };
    assert_eq!(machine.command("id").arg("-u").uid(4711).run().trim(), "4711");
    assert_eq!(machine.command("id").arg("-G").uid(4711).run().trim(), "4711");
    assert_eq!(machine.command("uname").arg("-n").run().trim(), "somehost");
    assert_eq!(machine.command("ls").arg("/run").run().trim(), "lock");
    assert_eq!(machine.command("cat").input("in").run(), "in");
    assert_eq!(machine.command("cat").arg("/srv/ro/file").run(), "shared");
    assert!(!machine.command("touch").arg("/srv/ro/new").output().status.success());
    machine.command("touch").arg("/srv/rw/new").run();
    assert!(shared.path().join("new").exists());
    assert_eq!(machine.command("false").output().code(), 1);
}

#[test]
fn dropping_a_machine_kills_what_runs_in_it() {
    let Some(machine) = Machine::builder("userdb").start_or_skip() else { return };
    let mut daemon = machine.command("sh").args(["-c", "echo up; sleep 1000 & wait"]).spawn();
    daemon.wait_until("up", || daemon_is_up(&machine));
    let pid = daemon.pid().unwrap();
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    drop(machine);
    daemon.wait(Duration::from_secs(20));
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(daemon.log(), "up\n");
}

fn daemon_is_up(machine: &Machine) -> bool {
    machine.command("sh").args(["-c", "cat /proc/*/cmdline | tr '\\0' ' '"]).run().contains("sleep 1000 ")
}

#[test]
fn own_cgroups_are_the_root_of_their_tree() {
    let Some(machine) = Machine::builder("systemd-user").cgroups().start_or_skip() else { return };
    assert_eq!(machine.command("cat").arg("/proc/self/cgroup").run().lines().last(), Some("0::/init"));
    machine.command("mkdir").arg("/sys/fs/cgroup/user").run();
}
