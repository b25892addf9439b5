//! `session-launcher log`, as a person calls it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

fn command(state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-launcher"));
    command.arg("log").args(arguments).env("XDG_STATE_HOME", state);
    command
}

#[test]
fn all_of_it_or_the_last_lines() {
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().join("session-launcher/log");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("a.service.log"), "one\ntwo\nthree\n").unwrap();
    let text = |arguments: &[&str]| {
        let output = command(state.path(), arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(text(&["a"]), "one\ntwo\nthree\n");
    assert_eq!(text(&["a.service", "-n", "2"]), "two\nthree\n");
    let missing = command(state.path(), &["b"]).output().unwrap();
    assert!(!missing.status.success());
    let told = String::from_utf8(missing.stderr).unwrap();
    assert!(told.contains("b.service has printed nothing that was kept"), "{told}");
}

#[test]
fn it_follows_a_log_that_grows_and_one_that_takes_its_place() {
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().join("session-launcher/log");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("a.service.log");
    fs::write(&path, "one\ntwo\n").unwrap();
    let mut child = command(state.path(), &["-f", "-n", "1", "a"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "two");
    writeln!(fs::File::options().append(true).open(&path).unwrap(), "three").unwrap();
    assert_eq!(next(), "three");
    fs::rename(&path, directory.join("a.service.log.old")).unwrap();
    fs::write(&path, "four\n").unwrap();
    assert_eq!(next(), "four");
    child.kill().unwrap();
    child.wait().unwrap();
}
