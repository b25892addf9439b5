//! What a process finds that the wrapper has become. Each is seen through a shell that prints it.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use session_launcher::exec::launch::{Directory, Launch};
use session_launcher::exec::message;
use session_launcher::unit::spec::{Limit, StandardInput, StandardOutput};

/// A shell with that script, in an environment that finds programs.
fn shell(script: &str) -> Launch {
    Launch {
        unit: "test.service".to_owned(),
        program: "/bin/sh".to_owned(),
        arguments: ["sh", "-c", script].map(str::to_owned).to_vec(),
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        working_directory: PathBuf::from("/"),
        output: StandardOutput::Journal,
        error: StandardOutput::Inherit,
        ..Launch::default()
    }
}

fn start(launch: &Launch, sockets: &[BorrowedFd<'_>]) -> (Child, std::io::PipeReader, OwnedFd) {
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    message::send(&ours, launch, Some(writer.as_fd()), sockets).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_session-launcher"))
        .arg("exec")
        .env_clear()
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::from(writer.try_clone().unwrap()))
        .spawn()
        .unwrap();
    (child, reader, ours)
}

/// Runs a launch to its end. Gives what it wrote and how it ended.
fn run(launch: &Launch, sockets: &[BorrowedFd<'_>]) -> (String, ExitStatus) {
    let (mut child, mut reader, _channel) = start(launch, sockets);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    (text, child.wait().unwrap())
}

#[test]
fn the_environment_is_the_units_and_nothing_else() {
    let mut launch = shell("/usr/bin/env | sort | cut -d= -f1 | tr '\\n' ' '; echo $A");
    launch.environment.insert("A".to_owned(), "x y".to_owned());
    let (text, status) = run(&launch, &[]);
    // PWD and its fellows are the shell's own doing.
    let shells = ["PWD", "OLDPWD", "SHLVL", "_"];
    let names: Vec<_> =
        text.lines().next().unwrap().split(' ').filter(|name| !shells.contains(name)).collect();
    assert_eq!(names, ["A", "PATH", "SYSTEMD_EXEC_PID", "x", "y"]);
    assert!(status.success());
}

#[test]
fn sockets_are_at_three_and_up_in_order_and_nothing_else_is_open() {
    let (first, mut first_peer) = UnixStream::pair().unwrap();
    let (second, mut second_peer) = UnixStream::pair().unwrap();
    let mut launch = shell("exec ls /proc/self/fd");
    launch.environment.insert("LISTEN_FDS".to_owned(), "2".to_owned());
    launch.sockets = 2;
    // ls has one descriptor for the directory that it reads.
    let (text, _) = run(&launch, &[first.as_fd(), second.as_fd()]);
    assert_eq!(text.replace('\n', " "), "0 1 2 3 4 5 ");
    launch.arguments[2] = "[ $LISTEN_PID = $$ ] || echo wrong pid; echo one >&3; echo two >&4".to_owned();
    assert_eq!(run(&launch, &[first.as_fd(), second.as_fd()]).0, "");
    drop((first, second));
    let mut said = (String::new(), String::new());
    first_peer.read_to_string(&mut said.0).unwrap();
    second_peer.read_to_string(&mut said.1).unwrap();
    assert_eq!(said, ("one\n".to_owned(), "two\n".to_owned()));
}

#[test]
fn a_program_that_is_not_there_ends_it_with_203_and_says_so() {
    let mut launch = shell("");
    launch.program = "/nowhere/program".to_owned();
    let (text, status) = run(&launch, &[]);
    assert_eq!(status.code(), Some(203));
    assert!(text.contains("test.service: /nowhere/program"), "{text}");
}

#[test]
fn a_working_directory_that_is_not_there_is_200_unless_it_may_be_missing() {
    let mut launch = shell("pwd");
    launch.working_directory = PathBuf::from("/nowhere");
    assert_eq!(run(&launch, &[]).1.code(), Some(200));
    launch.working_directory_optional = true;
    assert_eq!(run(&launch, &[]).0, "/\n");
}

#[test]
fn limits_umask_and_nice_are_set() {
    let mut launch = shell("ulimit -n; umask; nice");
    launch.limits.insert("NOFILE".to_owned(), Limit { soft: Some(77), hard: Some(99) });
    launch.umask = Some(0o027);
    launch.nice = Some(3);
    assert_eq!(run(&launch, &[]).0, "77\n0027\n3\n");
}

#[test]
fn sigpipe_is_ignored_unless_the_unit_says_otherwise() {
    let ignored = "grep SigIgn /proc/self/status";
    let bit =
        |text: &str| u64::from_str_radix(text.split_whitespace().nth(1).unwrap(), 16).unwrap() >> 12 & 1;
    let mut launch = shell(&format!("exec {ignored}"));
    assert_eq!(bit(&run(&launch, &[]).0), 1);
    launch.default_sigpipe = true;
    assert_eq!(bit(&run(&launch, &[]).0), 0);
}

#[test]
fn it_leads_a_session_of_its_own() {
    let (text, _) = run(&shell("cut -d' ' -f1,6 /proc/$$/stat"), &[]);
    let (pid, session) = text.trim().split_once(' ').unwrap();
    assert_eq!(pid, session);
}

#[test]
fn data_for_standard_input_can_be_read_from_the_beginning() {
    let mut launch = shell("cat");
    launch.input = StandardInput::Data;
    launch.input_data = b"all of it\n".to_vec();
    assert_eq!(run(&launch, &[]).0, "all of it\n");
}

#[test]
fn directories_are_made_with_their_modes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b");
    let mut launch = shell(&format!("stat -c %a {}", path.display()));
    launch.directories.push(Directory { path, mode: 0o750, failure: 233 });
    assert_eq!(run(&launch, &[]).0, "750\n");
    launch.directories.push(Directory { path: PathBuf::from("/proc/x"), mode: 0o755, failure: 233 });
    assert_eq!(run(&launch, &[]).1.code(), Some(233));
}

#[test]
fn output_goes_to_the_file_that_the_unit_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    std::fs::write(&path, "before\n").unwrap();
    let mut launch = shell("echo out; echo err >&2");
    launch.output = StandardOutput::Append(path.to_string_lossy().into_owned());
    launch.error = StandardOutput::Journal;
    assert_eq!(run(&launch, &[]).0, "err\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nout\n");
}

#[test]
fn an_exec_closes_the_channel_and_a_failed_one_says_so_first() {
    let mut byte = [0u8];
    let mut launch = shell("sleep 0.2");
    launch.report_exec = true;
    let (mut child, _reader, channel) = start(&launch, &[]);
    assert_eq!(rustix::io::read(&channel, &mut byte).unwrap(), 0);
    child.wait().unwrap();
    launch.program = "/nowhere/program".to_owned();
    let (mut child, _reader, channel) = start(&launch, &[]);
    assert_eq!(rustix::io::read(&channel, &mut byte).unwrap(), 1);
    assert_eq!(child.wait().unwrap().code(), Some(203));
}

#[test]
fn an_idle_process_waits_for_the_manager() {
    let mut launch = shell("echo late");
    launch.idle_milliseconds = Some(60_000);
    let (mut child, mut reader, channel) = start(&launch, &[]);
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    drop(channel);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "late\n");
    assert!(child.wait().unwrap().success());
}
