//! libnss_userdb.so.2 under programs that log people in: they are set-user-ID, check hashes, and set groups.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use usher_tests::lab::process::Output;
use usher_tests::libc::accounts;
use usher_tests::libc::switch::{self, Switched};

const IDS: &str = "uid=70001(ann) gid=70001(ann) groups=70001(ann),44(video),70101(wheelers)\n";

fn machine() -> Option<Switched> {
    let switched = switch::machine("files userdb")?;
    accounts::install(&switched.machine);
    Some(switched)
}

/// `su ann -c id` by an ordinary user who types a password.
fn su(switched: &Switched, password: &str) -> Output {
    let command = switched.machine.command("su").args(["ann", "-c", "id"]).uid(4711);
    command.input(format!("{password}\n")).output()
}

#[test]
fn root_becomes_a_user_with_all_groups() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    let run = |program: &str, arguments: &[&str]| {
        switched.machine.command(program).args(arguments.iter().copied()).run()
    };
    assert_eq!(run("su", &["ann", "-c", "id"]), IDS);
    assert_eq!(run("runuser", &["-u", "ann", "--", "id"]), IDS);
    assert_eq!(run("setpriv", &["--reuid=ann", "--regid=ann", "--init-groups", "id"]), IDS);
    assert_eq!(run("su", &["ann", "-c", "echo $HOME $SHELL $LOGNAME"]), "/home/ann /bin/sh ann\n");
    // Files are shown as theirs.
    run("install", &["-o", "ann", "-g", "wheelers", "/dev/null", "/tmp/hers"]);
    assert_eq!(run("stat", &["-c", "%U %G %u %g", "/tmp/hers"]), "ann wheelers 70001 70101\n");
}

#[test]
fn a_password_is_checked_against_the_hash_that_the_daemon_tells() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    let output = su(&switched, "open sesame");
    assert_eq!((output.code(), output.stdout.as_str()), (0, IDS), "{}", output.stderr);
    let output = su(&switched, "open barley");
    assert_eq!((output.code(), output.stdout.as_str()), (1, ""), "{}", output.stderr);
}

#[test]
fn set_user_id_programs_do_not_heed_the_environment() {
    let Some(switched) = machine() else { return };
    let _daemon = switched.start_daemon();
    let id = |uid| {
        let command = switched.machine.command("su").args(["ann", "-c", "id"]).uid(uid);
        command.env("SYSTEMD_BYPASS_USERDB", "1").input("open sesame\n").output().code()
    };
    assert_ne!(id(0), 0, "without set-user-ID the variable counts");
    assert_eq!(id(4711), 0);
}

#[test]
fn a_locked_account_stays_locked() {
    let Some(switched) = machine() else { return };
    let record = r#"{"userName":"ann","uid":70001,"gid":70001,"shell":"/bin/sh","locked":true}"#;
    switched.machine.write("/etc/userdb/ann.user", 0o644, record);
    let _daemon = switched.start_daemon();
    let output = su(&switched, "open sesame");
    assert_ne!(output.code(), 0);
    assert!(output.stderr.contains("expired"), "{}", output.stderr);
}
