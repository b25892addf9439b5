//! systemd's userdb daemon and ours over the same accounts and drop-ins: the same requests, and the answers compared.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

mod case;
mod differences;
mod enumerations;
mod framing;
mod groups;
mod malformed;
mod memberships;
mod service_interface;
mod users;

use case::{Case, Expect};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use usher_tests::lab::machine::Machine;
use usher_tests::userdb::client::Outcome;
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_systemd, userdbd};
use usher_tests::userdb::{accounts, batch, drop_ins};

/// Every case of the suite.
fn cases() -> Vec<Case> {
    [
        users::cases(),
        groups::cases(),
        memberships::cases(),
        enumerations::cases(),
        service_interface::cases(),
        malformed::cases(),
        framing::cases(),
    ]
    .concat()
}

/// Where the client that runs inside lies in the machine.
const EXCHANGE: &str = "/opt/usher/varlink-exchange";
const THEIRS: &str = "/run/systemd/userdb";
const OURS: &str = "/run/ours";

/// A machine with all accounts and drop-ins.
fn prepared(theirs: &SocketDirectory, ours: &SocketDirectory) -> Option<Machine> {
    let machine = machine(theirs)
        .bind(ours.path(), OURS)
        .bind_read_only(env!("CARGO_BIN_EXE_varlink-exchange"), EXCHANGE)
        .start_or_skip()?;
    prepare(&machine);
    accounts::install(&machine);
    drop_ins::install(&machine);
    Some(machine)
}

/// What the daemon with these sockets answers to every case.
fn outcomes(machine: &Machine, directory: &str, cases: &[Case]) -> Vec<Outcome> {
    let exchanges: Vec<_> = cases.iter().map(|case| case.exchange(directory)).collect();
    let outcomes = batch::run(machine, EXCHANGE, &exchanges);
    cases.iter().zip(outcomes).map(|(case, outcome)| case.normalize(outcome)).collect()
}

#[test]
fn ours_answers_as_systemd_does() {
    let (theirs, ours) = (SocketDirectory::new(), SocketDirectory::new());
    let Some(machine) = prepared(&theirs, &ours) else { return };
    let _theirs = start_systemd(&machine, &theirs);
    let mut daemon = userdbd(&machine).args(["--socket-dir", OURS]).spawn();
    daemon.wait_for_socket(ours.socket("io.systemd.Multiplexer"));
    let cases = cases();
    let wanted = outcomes(&machine, THEIRS, &cases);
    let got = outcomes(&machine, OURS, &cases);
    compare(&cases, &wanted, &got, &daemon.log());
}

/// The suite's own measure: systemd's daemon against itself. What differs there is no property of the answer.
#[test]
fn systemd_answers_the_same_twice() {
    let (sockets, unused) = (SocketDirectory::new(), SocketDirectory::new());
    let Some(machine) = prepared(&sockets, &unused) else { return };
    let _daemon = start_systemd(&machine, &sockets);
    let cases = cases();
    let first = outcomes(&machine, THEIRS, &cases);
    let second = outcomes(&machine, THEIRS, &cases);
    let mut unstable = String::new();
    for ((case, first), second) in cases.iter().zip(&first).zip(&second) {
        let (first, second) = (first.text(), second.text());
        if first != second {
            let _ = writeln!(unstable, "{}\n  {first}\n  {second}", case.title());
        }
        if std::env::var_os("USHER_VERBOSE").is_some() {
            println!("{}\n    {}", case.title(), first.replace('\n', "\n    "));
        }
    }
    assert!(unstable.is_empty(), "not the same twice:\n{unstable}");
    assert!(cases.len() >= 350, "only {} cases", cases.len());
}

fn compare(cases: &[Case], wanted: &[Outcome], got: &[Outcome], log: &str) {
    let (mut same, mut on_purpose, mut wrong) = (0, BTreeMap::<&str, usize>::new(), Vec::new());
    for ((case, theirs), got) in cases.iter().zip(wanted).zip(got) {
        let mut expected = theirs.clone();
        if let Expect::Differs { ours, .. } = case.expect {
            ours(&mut expected);
        }
        if got.text() != expected.text() {
            wrong.push(describe(case, theirs, &expected, got));
            continue;
        }
        match case.expect {
            Expect::Differs { why, .. } if got.text() != theirs.text() => {
                *on_purpose.entry(why).or_default() += 1;
            }
            Expect::Differs { why, .. } => {
                wrong.push(format!("{}\n  is said to differ ({why}), but is the same", case.title()));
            }
            Expect::Same => same += 1,
        }
    }
    let differing: usize = on_purpose.values().sum();
    println!(
        "differential: {} cases, {same} same, {differing} different on purpose, {} wrong",
        cases.len(),
        wrong.len()
    );
    for (why, count) in &on_purpose {
        println!("  on purpose, {count}: {why}");
    }
    assert!(wrong.is_empty(), "{} cases:\n{}\nour log:\n{log}", wrong.len(), wrong.join("\n"));
}

/// What went wrong in one case, without the replies that are right.
fn describe(case: &Case, theirs: &Outcome, expected: &Outcome, got: &Outcome) -> String {
    let lines = |outcome: &Outcome| outcome.text().lines().map(str::to_owned).collect::<Vec<_>>();
    let (theirs, expected, got) = (lines(theirs), lines(expected), lines(got));
    let mut text = case.title();
    for (who, own, others) in [("expected", &expected, &got), ("ours    ", &got, &expected)] {
        for line in own.iter().filter(|line| !others.contains(line)) {
            let _ = write!(text, "\n  {who}: {line}");
        }
    }
    let _ = write!(
        text,
        "\n  {} replies, systemd {}, expected {}",
        got.len() - 1,
        theirs.len() - 1,
        expected.len() - 1
    );
    text
}
