//! Our userdbctl against systemd's: the same command lines, the same daemon, and output that is equal byte for byte.

#![recursion_limit = "512"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod case;
mod differences;
mod records;
mod same;

use case::{Case, first_difference};
use usher_tests::binaries::built;
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::backend::{Backend, Behaviour};
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_tested};
use usher_tests::userdb::{accounts, drop_ins};

struct Lab {
    machine: Machine,
    _backend: Backend,
    _daemon: Daemon,
    sockets: SocketDirectory,
}

fn lab() -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).bind_read_only(built("userdbctl"), case::OURS).start_or_skip()?;
    prepare(&machine);
    accounts::install(&machine);
    drop_ins::install(&machine);
    records::install(&machine);
    let backend =
        Backend::start(sockets.socket("org.example.Homes"), records::of_service(), Behaviour::default());
    let daemon = start_tested(&machine, &sockets);
    Some(Lab { machine, _backend: backend, _daemon: daemon, sockets })
}

impl Lab {
    /// Takes out the emoji, which tables show differently on purpose.
    fn remove_emoji(&self) {
        for (file, emoji) in [
            ("/etc/passwd", "\u{1f600}"),
            ("/etc/userdb/n\u{e4}me.user", "\\ud83d\\ude00"),
            ("/etc/userdb/wide.user", "\u{1f600}"),
        ] {
            let content = std::fs::read(self.machine.path(file)).unwrap();
            // passwd has bytes that are no UTF-8.
            let at = content.windows(emoji.len()).position(|bytes| bytes == emoji.as_bytes());
            let at = at.unwrap_or_else(|| panic!("{file} has no emoji"));
            let rest = [&content[..at], b"+", &content[at + emoji.len()..]].concat();
            self.machine.write(file, 0o644, rest);
        }
    }

    /// Compares all cases and fails with every one that differs.
    fn all_same(&self, cases: &[Case]) {
        assert!(!cases.is_empty());
        let mut failures = Vec::new();
        for case in cases {
            let (theirs, ours) = case.compare(&self.machine);
            if theirs != ours {
                failures.push(format!("{case:?}: {}", first_difference(&theirs, &ours)));
            }
        }
        assert!(
            failures.is_empty(),
            "{} of {} differ:\n{}",
            failures.len(),
            cases.len(),
            failures.join("\n")
        );
        println!("{} command lines, all the same", cases.len());
    }
}

#[test]
fn single_users_are_shown_the_same() {
    let Some(lab) = lab() else { return };
    lab.all_same(&same::single_users());
}

#[test]
fn single_groups_are_shown_the_same() {
    let Some(lab) = lab() else { return };
    lab.all_same(&same::single_groups());
}

#[test]
fn lists_and_filters_are_the_same() {
    let Some(lab) = lab() else { return };
    lab.remove_emoji();
    lab.all_same(&same::lists());
}

#[test]
fn memberships_and_services_are_the_same() {
    let Some(lab) = lab() else { return };
    // One that does not listen, one that is no socket.
    drop(std::os::unix::net::UnixListener::bind(lab.sockets.socket("org.example.Dead")).unwrap());
    std::fs::write(lab.sockets.socket("org.example.File"), "").unwrap();
    lab.all_same(&same::memberships_and_services());
}

#[test]
fn ssh_keys_are_the_same() {
    let Some(lab) = lab() else { return };
    lab.all_same(&same::ssh_authorized_keys());
}

#[test]
fn mistakes_are_answered_the_same() {
    let Some(lab) = lab() else { return };
    lab.all_same(&same::mistakes());
}

#[test]
fn in_a_user_namespace_the_same_ranges_are_unavailable() {
    let Some(lab) = lab() else { return };
    lab.remove_emoji();
    let cases = same::in_a_namespace();
    let shown = cases[0].run(&lab.machine, case::OURS);
    assert!(shown.stdout.contains("First unavailable user"), "{shown:?}");
    lab.all_same(&cases);
}

#[test]
fn differences_on_purpose_are_as_said() {
    let Some(lab) = lab() else { return };
    for difference in differences::all() {
        let (theirs, ours) = difference.case.compare(&lab.machine);
        assert_ne!(theirs, ours, "no difference any more: {}: {:?}", difference.reason, difference.case);
        assert_eq!(ours.code, difference.code, "{}: {ours:?}", difference.reason);
        let shown = format!("{}{}", ours.stdout, ours.stderr);
        assert!(shown.contains(difference.shows), "{}: {shown}", difference.reason);
    }
}

#[test]
fn a_broken_pipe_ends_it_quietly() {
    let Some(lab) = lab() else { return };
    let command = format!("{} --output=classic | head -n 1", case::OURS);
    let output = lab.machine.command("sh").args(["-c", command.as_str()]).output();
    assert_eq!(output.stdout.lines().count(), 1);
    assert_eq!(output.stderr, "");
}

#[test]
fn help_names_every_verb_and_option() {
    let Some(lab) = lab() else { return };
    let help = case::case("--help").run(&lab.machine, case::OURS);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    let theirs = case::case("--help").run(&lab.machine, case::THEIRS);
    // Of systemd's options those that choose where its client looks by itself are missing, and its installer of credentials.
    let missing =
        ["--with-nss=", "-N", "--synthesize=", "--with-dropin=", "--with-varlink=", "--multiplexer="];
    for word in theirs.stdout.split_whitespace().filter(|word| word.starts_with('-') && word.len() > 1) {
        let is_missing = missing.iter().any(|prefix| word.starts_with(prefix));
        assert!(help.stdout.contains(word) || is_missing, "{word}:\n{}", help.stdout);
    }
    assert!(case::case("--version").run(&lab.machine, case::OURS).stdout.starts_with("userdbctl (Usher) "));
}
