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
        run_cargo_test(run, filter, report);
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

/// One `cargo test`, its output passed on as it comes.
fn run_cargo_test(arguments: &[&str], filter: Option<&str>, report: &mut Report) {
    let what = format!("cargo test {}", arguments.join(" "));
    eprintln!("== {what}");
    let skips = match tempfile::NamedTempFile::new() {
        Ok(file) => file,
        Err(error) => return report.fail(format!("{what}: no file for skips: {error}")),
    };
    let mut command = Command::new(cargo());
    command.args(["test", "--no-fail-fast"]).args(arguments).args(filter);
    command.env(SKIP_FILE_VARIABLE, skips.path()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return report.fail(format!("{what}: {error}")),
    };
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            let _ = std::io::stdout().flush();
            counts.line(&line);
        }
    }
    let status = child.wait();
    let recorded: Vec<(String, String)> = std::fs::read_to_string(skips.path())
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(test, reason)| (test.to_owned(), reason.to_owned()))
        .collect();
    // libtest counted a test that skipped itself as passed.
    report.passed += counts.passed.saturating_sub(recorded.len());
    report.failed += counts.failed;
    if counts.failed > 0 {
        report.problems.push(format!("{what}: {} failed", counts.failed));
    }
    report.skipped.extend(recorded);
    report.skipped.append(&mut counts.ignored);
    match status {
        Ok(status) if status.success() || counts.failed > 0 => {}
        Ok(status) => report.fail(format!("{what}: {status}")),
        Err(error) => report.fail(format!("{what}: {error}")),
    }
}

fn summarize(report: &Report) {
    println!();
    for (who, reason) in &report.skipped {
        println!("skipped: {who}: {reason}");
    }
    for problem in &report.problems {
        println!("failed: {problem}");
    }
    println!("{} passed, {} failed, {} skipped", report.passed, report.failed, report.skipped.len());
}
