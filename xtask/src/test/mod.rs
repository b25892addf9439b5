//! `cargo xtask test`: runs tiers of tests, counts over all of them, and closes with one line.

mod libtest;
mod msrv;
mod tier;

use crate::cargo;
use libtest::Counts;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use tier::{TIERS, Tier};
use usher_tests::lab::{is_root, root};
use usher_tests::{SKIP_FILE_VARIABLE, continuous_integration};

#[derive(clap::Args)]
pub struct Arguments {
    /// Tiers to run; all of them unless named
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(TIERS.iter().map(|tier| tier.name)))]
    tiers: Vec<String>,
    /// Run only tests whose name contains this
    #[arg(long)]
    filter: Option<String>,
}

/// What happened in all tiers.
#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
    /// Who failed, and passed when nothing else ran.
    second: Vec<String>,
    /// Who was skipped, and why.
    skipped: Vec<(String, String)>,
    /// What failed outside of a test: a check, or a test binary that does not build.
    problems: Vec<String>,
}

impl Report {
    fn fail(&mut self, problem: String) {
        eprintln!("FAILED: {problem}");
        self.failed += 1;
        self.problems.push(problem);
    }
}

/// Runs the tiers. The exit code is a failure when anything failed.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mut report = Report::default();
    let chosen: Vec<&Tier> = if arguments.tiers.is_empty() {
        TIERS.iter().collect()
    } else {
        arguments.tiers.iter().filter_map(|name| tier::find(name)).collect()
    };
    for tier in chosen {
        run_tier(tier, arguments.filter.as_deref(), &mut report);
    }
    summarize(&report);
    if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_tier(tier: &Tier, filter: Option<&str>, report: &mut Report) {
    eprintln!("== {}: {}", tier.name, tier.purpose);
    if tier.needs_root && !is_root() {
        let reason = "needs root: run it with sudo".to_owned();
        eprintln!("SKIPPED: tier {}: {reason}", tier.name);
        report.skipped.push((format!("tier {}", tier.name), reason));
        return;
    }
    if tier.checks {
        run_checks(report);
    }
    for name in tier.roots {
        eprintln!("== {}: test root {name}", tier.name);
        // Its tests say so again: they fail, or under continuous integration skip.
        if let Err(error) = root::ensure(name) {
            let fate = if continuous_integration() { "skipped" } else { "failed" };
            eprintln!("test root {name}: {error}\nthe tests that need it count as {fate}");
        }
    }
    for run in tier.runs {
        run_cargo_test(run, filter, tier.needs_root, report);
    }
}

/// Formatting, lints, and the promise about the compiler's version; each counts as one test.
fn run_checks(report: &mut Report) {
    let commands: &[&[&str]] = &[
        &["fmt", "--all", "--check"],
        &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    ];
    for arguments in commands {
        let what = format!("cargo {}", arguments.join(" "));
        eprintln!("== {what}");
        match Command::new(cargo()).args(*arguments).status() {
            Ok(status) if status.success() => report.passed += 1,
            Ok(status) => report.fail(format!("{what}: {status}")),
            Err(error) => report.fail(format!("{what}: {error}")),
        }
    }
    eprintln!("== rust-version of every dependency");
    match msrv::violations() {
        Ok(violations) if violations.is_empty() => report.passed += 1,
        Ok(violations) => report.fail(violations.join("\n")),
        Err(error) => report.fail(error),
    }
}

/// So many failures of one run may be the work of a busy machine; more are not.
const MOST_REPEATED: usize = 4;

/// One `cargo test`. With `repeats`, tests that failed run once more, alone: whole systems with real daemons and desktops
/// depend on time, and a machine of continuous integration has other work. Who needs that is said at the end.
fn run_cargo_test(arguments: &[&str], filter: Option<&str>, repeats: bool, report: &mut Report) {
    let what = format!("cargo test {}", arguments.join(" "));
    let filter: Vec<&str> = filter.into_iter().collect();
    let mut run = match cargo_test(&[arguments, &filter].concat()) {
        Ok(run) => run,
        Err(error) => return report.fail(format!("{what}: {error}")),
    };
    let failures = std::mem::take(&mut run.counts.failures);
    if repeats && (1..=MOST_REPEATED).contains(&run.counts.failed) && failures.len() == run.counts.failed {
        eprintln!("== once more, alone: {}", failures.join(" "));
        let names: Vec<&str> = failures.iter().map(String::as_str).collect();
        let alone = ["--", "--exact", "--test-threads=1"];
        match cargo_test(&[arguments, &alone, &names].concat()) {
            Ok(again) => {
                let passed: Vec<String> =
                    failures.iter().filter(|name| !again.counts.failures.contains(name)).cloned().collect();
                // Whatever has not run at all has not passed.
                if again.counts.passed + again.counts.failed >= names.len() {
                    run.counts.failed -= passed.len();
                    run.counts.passed += passed.len();
                    report.second.extend(passed);
                }
            }
            Err(error) => report.fail(format!("{what}: {error}")),
        }
    }
    // libtest counted a test that skipped itself as passed.
    report.passed += run.counts.passed.saturating_sub(run.skipped.len());
    report.failed += run.counts.failed;
    if run.counts.failed > 0 {
        report.problems.push(format!("{what}: {} failed", run.counts.failed));
    }
    report.skipped.append(&mut run.skipped);
    report.skipped.append(&mut run.counts.ignored);
    if run.broken {
        report.fail(format!("{what}: it did not end well, though no test has failed"));
    }
}

/// What one `cargo test` came to.
struct Run {
    counts: Counts,
    /// Tests that skipped themselves, and why.
    skipped: Vec<(String, String)>,
    /// It failed without a failing test: something does not build, or a test binary was killed.
    broken: bool,
}

/// Runs `cargo test`, its output passed on as it comes.
fn cargo_test(arguments: &[&str]) -> Result<Run, String> {
    eprintln!("== cargo test {}", arguments.join(" "));
    let skips = tempfile::NamedTempFile::new().map_err(|error| format!("no file for skips: {error}"))?;
    let mut command = Command::new(cargo());
    command.args(["test", "--no-fail-fast"]).args(arguments);
    command.env(SKIP_FILE_VARIABLE, skips.path()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            let _ = std::io::stdout().flush();
            counts.line(&line);
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let skipped = std::fs::read_to_string(skips.path())
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(test, reason)| (test.to_owned(), reason.to_owned()))
        .collect();
    let broken = !status.success() && counts.failed == 0;
    Ok(Run { counts, skipped, broken })
}

fn summarize(report: &Report) {
    println!();
    for (who, reason) in &report.skipped {
        println!("skipped: {who}: {reason}");
    }
    for problem in &report.problems {
        println!("failed: {problem}");
    }
    for name in &report.second {
        println!("passed only when run again, alone: {name}");
    }
    let second = match report.second.len() {
        0 => String::new(),
        count => format!(" ({count} of them only when run again, alone)"),
    };
    println!("{} passed{second}, {} failed, {} skipped", report.passed, report.failed, report.skipped.len());
}
