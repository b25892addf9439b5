//! `cargo xtask bench libc`: getpwnam and its kin through libnss_userdb and userdbd, beside libnss-systemd and
//! systemd-userdbd, in turns on the same machine.

use usher_tests::lab::process::Daemon;
use usher_tests::libc::accounts;
use usher_tests::libc::program::for_glibc;
use usher_tests::libc::switch::{self, Switched, wait_for_answer};
use usher_tests::userdb::daemon;

#[derive(clap::Args)]
pub struct Arguments {
    /// Lookups in each round
    #[arg(long, default_value_t = 2000)]
    lookups: u32,
    /// Rounds; of each figure the best one counts, as others use this machine too
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

/// What is looked up: function, key, and what it shows.
const CASES: &[(&str, &str, &str)] = &[
    ("getpwnam", "ann", "a user"),
    ("getpwuid", "70001", "a user by uid"),
    ("getpwnam", "nosuch", "a missing user"),
    ("getpwuid", "79999", "a missing uid"),
    ("getgrnam", "wheelers", "a group with members"),
    ("getgrnam", "nosuch", "a missing group"),
    ("getgrouplist", "ann", "a user's groups"),
    ("getgrouplist", "nosuch", "a missing user's groups"),
];

/// One of the two that are compared.
struct Side {
    switched: Switched,
    _daemon: Daemon,
}

/// Median and 99th percentile in microseconds.
#[derive(Clone, Copy)]
struct Figures {
    median: f64,
    late: f64,
}

/// Measures and prints a table.
///
/// # Errors
/// When the program that measures fails.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let Some((ours, theirs)) = start(true).zip(start(false)) else { return Err("needs root".into()) };
    println!("{:<24} {:>22} {:>22} {:>8}", "", "userdb (p50, p99 us)", "systemd (p50, p99 us)", "ratio");
    for (function, key, what) in CASES {
        let mut best = [None; 2];
        for _ in 0..arguments.rounds {
            for (side, best) in [&ours, &theirs].into_iter().zip(&mut best) {
                let figures = side.measure(arguments.lookups, function, key)?;
                if best.is_none_or(|best: Figures| figures.median < best.median) {
                    *best = Some(figures);
                }
            }
        }
        let [Some(ours), Some(theirs)] = best else { return Err("no rounds".into()) };
        println!(
            "{what:<24} {:>12.1} {:>9.1} {:>12.1} {:>9.1} {:>8.2}",
            ours.median,
            ours.late,
            theirs.median,
            theirs.late,
            ours.median / theirs.median
        );
    }
    Ok(())
}

fn start(is_ours: bool) -> Option<Side> {
    let switched = switch::machine(if is_ours { "files userdb" } else { "files systemd" })?;
    accounts::install(&switched.machine);
    switched.machine.write("/opt/bench", 0o755, std::fs::read(for_glibc("bench")).ok()?);
    let daemon = if is_ours {
        switched.start_daemon()
    } else {
        let daemon = daemon::start_systemd(&switched.machine, &switched.sockets);
        wait_for_answer(&switched.sockets);
        daemon
    };
    Some(Side { switched, _daemon: daemon })
}

impl Side {
    fn measure(&self, lookups: u32, function: &str, key: &str) -> Result<Figures, String> {
        let command = self.switched.machine.command("/opt/bench");
        let output = command.args([lookups.to_string().as_str(), function, key]).run();
        let mut numbers = output.split_whitespace().filter_map(|number| number.parse::<f64>().ok());
        match (numbers.next(), numbers.next()) {
            (Some(median), Some(late)) => Ok(Figures { median: median / 1000.0, late: late / 1000.0 }),
            _ => Err(format!("the program that measures printed {output:?}")),
        }
    }
}
