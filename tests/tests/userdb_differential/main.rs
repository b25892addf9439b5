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

use case::{Case, Expect, Ours};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use usher_tests::lab::machine::Machine;
use usher_tests::userdb::client::Outcome;
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_systemd, userdbd};
use usher_tests::userdb::{accounts, batch, drop_ins};

/// Cases about single records and about the protocol, over accounts with everything odd in them.
fn keyed_cases() -> Vec<Case> {
    let cases = [
        users::cases(),
        groups::cases(),
        memberships::odd_cases(),
        service_interface::cases(),
        malformed::cases(),
        framing::cases(),
    ];
    prepare_cases(cases.concat())
}

/// Cases about lists, over accounts in which systemd finds all that ours finds.
fn list_cases() -> Vec<Case> {
    prepare_cases([memberships::cases(), enumerations::cases()].concat())
}

/// Marks what differs on purpose, and counts what two tables ask once.
fn prepare_cases(cases: Vec<Case>) -> Vec<Case> {
    let mut seen = BTreeSet::new();
    cases
        .into_iter()
        .filter(|case| seen.insert((case.service, case.caller, case.chunks.clone())))
        .map(differences::marked)
        .collect()
}

/// Where the client that runs inside lies in the machine.
const EXCHANGE: &str = "/opt/usher/varlink-exchange";
const THEIRS: &str = "/run/systemd/userdb";
const OURS: &str = "/run/ours";

/// Which accounts a machine has.
#[derive(Clone, Copy)]
enum Accounts {
    Odd,
    Plain,
}

/// A machine with accounts and drop-ins.
fn prepared(accounts: Accounts, theirs: &SocketDirectory, ours: &SocketDirectory) -> Option<Machine> {
    let machine = machine(theirs)
        .bind(ours.path(), OURS)
        .bind_read_only(env!("CARGO_BIN_EXE_varlink-exchange"), EXCHANGE)
        .start_or_skip()?;
    prepare(&machine);
    match accounts {
        Accounts::Odd => {
            accounts::install(&machine);
            drop_ins::install(&machine);
        }
        Accounts::Plain => {
            accounts::install_plain(&machine);
            drop_ins::install_plain(&machine);
        }
    }
    Some(machine)
}

/// What the daemon with these sockets answers to every case.
fn outcomes(machine: &Machine, directory: &str, cases: &[Case]) -> Vec<Outcome> {
    let exchanges: Vec<_> = cases.iter().map(|case| case.exchange(directory)).collect();
    let outcomes = batch::run(machine, EXCHANGE, &exchanges);
    cases.iter().zip(outcomes).map(|(case, outcome)| case.normalize(outcome)).collect()
}

#[test]
fn keyed_answers_are_those_of_systemd() {
    compare_daemons(Accounts::Odd, &keyed_cases());
}

#[test]
fn lists_are_those_of_systemd() {
    compare_daemons(Accounts::Plain, &list_cases());
}

fn compare_daemons(accounts: Accounts, cases: &[Case]) {
    let (theirs, ours) = (SocketDirectory::new(), SocketDirectory::new());
    let Some(machine) = prepared(accounts, &theirs, &ours) else { return };
    let _theirs = start_systemd(&machine, &theirs);
    let mut daemon = userdbd(&machine).args(["--socket-dir", OURS]).spawn();
    daemon.wait_for_socket(ours.socket("io.systemd.Multiplexer"));
    let plain = outcomes(&machine, THEIRS, cases);
    let expected = expected(&machine, cases, &plain);
    let got = outcomes(&machine, OURS, cases);
    compare(cases, &plain, &expected, &got, &daemon.log());
}

/// What ours has to answer: systemd's answers, changed where we differ on purpose.
fn expected(machine: &Machine, cases: &[Case], plain: &[Outcome]) -> Vec<Outcome> {
    let others: Vec<Case> = cases
        .iter()
        .filter_map(|case| match &case.expect {
            Expect::Differs { ours: Ours::AsIf(other), .. } => Some((**other).clone()),
            _ => None,
        })
        .collect();
    let mut others = outcomes(machine, THEIRS, &others).into_iter();
    cases
        .iter()
        .zip(plain)
        .map(|(case, theirs)| {
            let mut outcome = theirs.clone();
            match &case.expect {
                Expect::Differs { ours: Ours::AsIf(_), .. } => outcome = others.next().expect("one for each"),
                Expect::Differs { ours: Ours::Edited(edit), .. } => edit(&mut outcome),
                Expect::Differs { ours: Ours::Is(answer), .. } => outcome = answer.clone(),
                Expect::Same => {}
            }
            differences::label(&mut outcome);
            outcome
        })
        .collect()
}

/// The suite's own measure: systemd's daemon against itself. What differs there is no property of the answer.
#[test]
fn systemd_answers_the_same_twice() {
    let mut count = 0;
    for (accounts, cases) in [(Accounts::Odd, keyed_cases()), (Accounts::Plain, list_cases())] {
        let (sockets, unused) = (SocketDirectory::new(), SocketDirectory::new());
        let Some(machine) = prepared(accounts, &sockets, &unused) else { return };
        let _daemon = start_systemd(&machine, &sockets);
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
        count += cases.len();
    }
    assert!(count >= 350, "only {count} cases");
}

fn compare(cases: &[Case], plain: &[Outcome], expected: &[Outcome], got: &[Outcome], log: &str) {
    let (mut same, mut on_purpose, mut wrong) = (0, BTreeMap::<&str, usize>::new(), Vec::new());
    for (((case, theirs), expected), got) in cases.iter().zip(plain).zip(expected).zip(got) {
        if got.text() != expected.text() {
            wrong.push(describe(case, theirs, expected, got));
            continue;
        }
        match case.expect {
            Expect::Differs { why, .. } if got.text() != theirs.text() => {
                *on_purpose.entry(why).or_default() += 1;
            }
            Expect::Differs { why, .. } => {
                wrong.push(format!("{}\n  is said to differ ({why}), but is the same", case.title()));
            }
            Expect::Same if got.text() != theirs.text() => {
                *on_purpose.entry(differences::LABEL).or_default() += 1;
            }
            Expect::Same => same += 1,
        }
    }
    let differing: usize = on_purpose.values().sum();
    let mut summary = format!(
        "differential: {} cases, {same} same, {differing} different on purpose, {} wrong\n",
        cases.len(),
        wrong.len()
    );
    for (why, count) in &on_purpose {
        let _ = writeln!(summary, "  on purpose, {count}: {why}");
    }
    // Written to the stream itself: libtest hides what a passing test prints.
    let _ = std::io::stderr().write_all(summary.as_bytes());
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
