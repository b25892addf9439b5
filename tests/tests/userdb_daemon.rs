//! The daemon as a process: sockets, readiness, signals, `--check`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use rustix::process::Signal;
use serde_json::{Value, json};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::Duration;
use usher_tests::lab::machine::Machine;
use usher_tests::userdb::client::Connection;
use usher_tests::userdb::daemon::{SocketDirectory, USERDBD, machine, prepare, userdbd};
use usher_tests::userdb::{accounts, drop_ins};

const SERVICES: [&str; 3] = ["io.systemd.DropIn", "io.systemd.Multiplexer", "io.systemd.NameServiceSwitch"];
const PATIENCE: Duration = Duration::from_secs(20);

fn lab() -> Option<(SocketDirectory, Machine)> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).start_or_skip()?;
    prepare(&machine);
    accounts::install(&machine);
    Some((sockets, machine))
}

fn ask(sockets: &SocketDirectory, name: &str) -> Value {
    Connection::open(&sockets.socket("io.systemd.Multiplexer"), 0)
        .call("GetUserRecord", &json!({"userName": name, "service": "io.systemd.Multiplexer"}), false)
        .remove(0)
}

#[test]
fn everybody_may_connect_to_its_sockets() {
    let Some((sockets, machine)) = lab() else { return };
    let mut daemon = userdbd(&machine).spawn();
    for service in SERVICES {
        daemon.wait_for_socket(sockets.socket(service));
        let metadata = std::fs::metadata(sockets.socket(service)).unwrap();
        assert!(metadata.file_type().is_socket(), "{service}");
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o666, "{service}");
    }
}

#[test]
fn its_end_removes_its_sockets() {
    for signal in [Signal::TERM, Signal::INT] {
        let Some((sockets, machine)) = lab() else { return };
        let mut daemon = userdbd(&machine).spawn();
        daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
        // A client that waits does not hold it up.
        let _waiting = Connection::open(&sockets.socket("io.systemd.Multiplexer"), 0);
        daemon.signal(signal);
        let status = daemon.wait(PATIENCE);
        assert!(status.success(), "{status}\n{}", daemon.log());
        let left: Vec<_> = std::fs::read_dir(sockets.path()).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(machine.path("/run/varlink/registry/io.systemd.UserDatabase").symlink_metadata().is_err());
    }
}

#[test]
fn a_left_over_socket_is_replaced_and_a_live_one_refused() {
    let Some((sockets, machine)) = lab() else { return };
    let mut first = userdbd(&machine).spawn();
    first.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    first.signal(Signal::KILL);
    first.wait(PATIENCE);
    assert!(sockets.socket("io.systemd.Multiplexer").exists(), "a killed daemon leaves its sockets");

    let mut second = userdbd(&machine).spawn();
    second.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    assert_eq!(ask(&sockets, "ann")["parameters"]["record"]["uid"], 1000);

    let mut third = userdbd(&machine).spawn();
    let status = third.wait(PATIENCE);
    assert!(!status.success(), "a second daemon took over");
    assert!(third.log().contains("io.systemd."), "it says which socket is in use: {}", third.log());
    // The live one was not harmed.
    assert_eq!(ask(&sockets, "ann")["parameters"]["record"]["uid"], 1000);
    assert!(second.runs());
}

#[test]
fn something_else_in_the_place_of_a_socket_is_not_removed() {
    let Some((sockets, machine)) = lab() else { return };
    std::fs::write(sockets.socket("io.systemd.DropIn"), "precious").unwrap();
    let mut daemon = userdbd(&machine).spawn();
    let status = daemon.wait(PATIENCE);
    assert!(!status.success());
    assert_eq!(std::fs::read_to_string(sockets.socket("io.systemd.DropIn")).unwrap(), "precious");
}

#[test]
fn it_makes_its_directory_and_the_registry_link() {
    let Some((sockets, machine)) = lab() else { return };
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    let link = std::fs::read_link(machine.path("/run/varlink/registry/io.systemd.UserDatabase")).unwrap();
    let target =
        machine.command("readlink").args(["-f", "/run/varlink/registry/io.systemd.UserDatabase"]).run();
    assert_eq!(target.trim(), "/run/systemd/userdb/io.systemd.Multiplexer", "{link:?}");
    let mut other = userdbd(&machine).args(["--socket-dir", "/run/made/for/it"]).spawn();
    other.wait_for_socket(machine.path("/run/made/for/it/io.systemd.Multiplexer"));
}

#[test]
fn it_says_when_it_is_ready() {
    let Some((sockets, machine)) = lab() else { return };
    // A newline on --ready-fd, only when the sockets answer.
    let mut daemon =
        machine.command("sh").args(["-c", &format!("exec {USERDBD} --ready-fd 3 3>/run/ready")]).spawn();
    let ready = machine.path("/run/ready");
    daemon.wait_until("ready", || std::fs::read(&ready).is_ok_and(|text| !text.is_empty()));
    assert_eq!(std::fs::read(&ready).unwrap(), b"\n");
    assert_eq!(ask(&sockets, "ann")["parameters"]["record"]["uid"], 1000);
    drop(daemon);

    // sd_notify.
    std::fs::create_dir(machine.path("/run/notify")).unwrap();
    let path = machine.path("/run/notify/socket");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let _daemon = userdbd(&machine).env("NOTIFY_SOCKET", "/run/notify/socket").spawn();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).expect("it notifies");
    let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(message.lines().any(|line| line == "READY=1"), "{message}");
    assert_eq!(ask(&sockets, "ann")["parameters"]["record"]["uid"], 1000);
}

#[test]
fn it_keeps_few_capabilities() {
    let Some((_sockets, machine)) = lab() else { return };
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(machine.path("/run/systemd/userdb/io.systemd.Multiplexer"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid().expect("it runs"))).unwrap();
    let value = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        u64::from_str_radix(line.split_whitespace().nth(1).unwrap_or_default(), 16).unwrap_or(u64::MAX)
    };
    // CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER: the first four.
    for set in ["CapPrm:", "CapEff:"] {
        assert_eq!(value(set), 0xf, "{set} {status}");
    }
    assert_eq!(value("NoNewPrivs:"), 1, "{status}");
}

#[test]
fn it_takes_sockets_handed_over() {
    let Some((sockets, machine)) = lab() else { return };
    // systemd-socket-activate binds the socket, and starts the daemon at the first connection with LISTEN_FDS.
    let path = "/run/systemd/userdb/io.systemd.Multiplexer";
    let mut activator = machine
        .command("systemd-socket-activate")
        .args(["--fdname=io.systemd.Multiplexer", "-l", path, USERDBD])
        .spawn();
    let socket = sockets.socket("io.systemd.Multiplexer");
    activator.wait_until("a socket", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    assert_eq!(ask(&sockets, "ann")["parameters"]["record"]["uid"], 1000, "{}", activator.log());
    assert_eq!(ask(&sockets, "bob")["parameters"]["record"]["uid"], 1001, "{}", activator.log());
}

#[test]
fn check_finds_nothing_wrong_with_good_files() {
    let Some((_sockets, machine)) = lab() else { return };
    machine.write("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n");
    machine.write("/etc/group", 0o644, "root:x:0:\n");
    machine.write("/etc/shadow", 0o640, "root:*:19800:0:99999:7:::\n");
    machine.write("/etc/gshadow", 0o640, "root:*::\n");
    machine.write("/etc/userdb/good.user", 0o644, r#"{"userName":"good","uid":70000}"#);
    let output = userdbd(&machine).arg("--check").output();
    assert!(output.status.success(), "{}{}", output.stdout, output.stderr);
}

#[test]
fn check_names_file_and_field() {
    let Some((sockets, machine)) = lab() else { return };
    machine.write("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nbroken:x:notanumber:0::/:/bin/sh\n");
    machine.write("/etc/userdb/ann.user", 0o644, r#"{"userName":"ann","uid":4294967295}"#);
    machine.write("/etc/userdb/bob.user", 0o644, r#"{"userName":"bob","uid":70001,"shell":"bash"}"#);
    machine.write("/etc/userdb/cut.user", 0o644, r#"{"userName":"cut","#);
    let output = userdbd(&machine).arg("--check").output();
    assert!(!output.status.success());
    assert!(output.code() < 128, "it did not crash: {}", output.code());
    let said = format!("{}{}", output.stdout, output.stderr);
    for (file, field) in [
        ("/etc/passwd", "uid"),
        ("/etc/userdb/ann.user", "uid"),
        ("/etc/userdb/bob.user", "shell"),
        ("/etc/userdb/cut.user", ""),
    ] {
        assert!(
            said.lines().any(|line| line.contains(file) && line.contains(field)),
            "no line names {file} and {field}:\n{said}"
        );
    }
    // It only looks.
    assert_eq!(std::fs::read_dir(sockets.path()).unwrap().count(), 0);
}

#[test]
fn check_of_everything_odd_does_not_crash() {
    let Some((_sockets, machine)) = lab() else { return };
    drop_ins::install(&machine);
    let output = userdbd(&machine).arg("--check").output();
    assert!(!output.status.success() && output.code() < 100, "{}: {}", output.code(), output.stderr);
    let said = format!("{}{}", output.stdout, output.stderr);
    for file in [
        "notjson.user",
        "array.user",
        "baduid.user",
        "badfields.user",
        "badpriv.user-privileged",
        "gnotjson.group",
    ] {
        assert!(said.contains(file), "{file} is not in:\n{said}");
    }
    for file in ["carol.user", "vendor.user", "everything.user"] {
        assert!(!said.contains(file), "{file} is good:\n{said}");
    }
}

#[test]
fn another_root_is_read_instead_of_this_one() {
    let Some((sockets, machine)) = lab() else { return };
    machine.write("/srv/other/etc/passwd", 0o644, "inside:x:5000:5000::/home/inside:/bin/sh\n");
    machine.write("/srv/other/usr/lib/userdb/dropped.user", 0o644, r#"{"userName":"dropped","uid":70001}"#);
    machine.write("/etc/userdb/outside.user", 0o644, r#"{"userName":"outside","uid":70002}"#);
    let mut daemon =
        userdbd(&machine).args(["--root", "/srv/other", "--socket-dir", "/run/systemd/userdb"]).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    assert_eq!(ask(&sockets, "inside")["parameters"]["record"]["uid"], 5000);
    assert_eq!(ask(&sockets, "dropped")["parameters"]["record"]["uid"], 70001);
    for name in ["ann", "outside"] {
        assert_eq!(ask(&sockets, name)["error"], "io.systemd.UserDatabase.NoRecordFound", "{name}");
    }
}

#[test]
fn wrong_arguments_and_configuration_are_told() {
    let Some((_sockets, machine)) = lab() else { return };
    let output = userdbd(&machine).arg("--no-such-flag").output();
    assert!(!output.status.success() && output.stderr.contains("--no-such-flag"), "{}", output.stderr);
    machine.write("/etc/broken.toml", 0o644, "this is = = no TOML");
    let output = userdbd(&machine).args(["--config", "/etc/broken.toml", "--check"]).output();
    assert!(!output.status.success(), "{}", output.stdout);
    assert!(format!("{}{}", output.stdout, output.stderr).contains("/etc/broken.toml"), "{}", output.stderr);
    machine.write("/etc/unknown.toml", 0o644, "no-such-setting = 5\n");
    let output = userdbd(&machine).args(["--config", "/etc/unknown.toml", "--check"]).output();
    assert!(!output.status.success(), "an unknown setting is a typo");
    assert!(format!("{}{}", output.stdout, output.stderr).contains("no-such-setting"), "{}", output.stderr);
}
