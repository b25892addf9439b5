//! One screen that tells why a session did not start: which unit, its last words, and what to do.

use std::collections::BTreeSet;
use std::fmt::Write;

use zbus::Variant;

use super::startup::{Outcome, Startup};

use crate::client::properties::Properties;
use crate::client::{Manager, log};
use crate::unit::value::signal;

/// How many lines of output are shown: with all the rest they fit into a terminal of 24.
const LINES: usize = 8;

/// How many units are asked for what they require.
const MOST_UNITS: usize = 500;

/// What is known of the unit that is to blame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Culprit {
    unit: String,
    description: String,
    reason: String,
    output: Vec<String>,
}

/// Why a target did not come up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    target: String,
    reason: String,
    culprit: Option<Culprit>,
    others: Vec<String>,
}

impl Report {
    /// Asks the manager, as far as it still knows. To be made before the session is taken down.
    pub async fn make(manager: &Manager, startup: &Startup, outcome: &Outcome) -> Self {
        let target = startup.unit();
        let reason = match outcome {
            Outcome::Late => {
                format!("{target} is not up after {} s.", startup.timeout().as_secs())
            }
            Outcome::Failed(result) => format!("The start of {target} ended: {}.", of_job(result)),
            Outcome::Up => format!("{target} was up."),
        };
        let candidates = candidates(manager, startup, outcome).await;
        let required = required(manager, target).await;
        // What the target needs comes before what it merely wants.
        let place = candidates.iter().position(|(unit, _)| required.contains(unit)).unwrap_or(0);
        let culprit = match candidates.get(place) {
            Some((unit, result)) => Some(Culprit::of(manager, unit, result).await),
            None => None,
        };
        let others = candidates.into_iter().map(|(unit, _)| unit);
        let others = others.enumerate().filter(|(other, _)| *other != place).map(|(_, unit)| unit).collect();
        Self { target: target.to_owned(), reason, culprit, others }
    }

    /// The screen.
    pub fn screen(&self) -> String {
        let mut text = format!("\nThe session did not start. {}\n\n", self.reason);
        let Some(culprit) = &self.culprit else {
            let _ = writeln!(
                text,
                "No unit has failed. What to do:\n  systemctl --user list-jobs\n  systemctl --user status {}",
                self.target
            );
            return text;
        };
        let Culprit { unit, description, reason, output } = culprit;
        let _ = write!(text, "  {unit}");
        if !description.is_empty() && description != unit {
            let _ = write!(text, " ({})", log::printable(description));
        }
        let _ = writeln!(text, ": {reason}");
        if !self.others.is_empty() {
            let shown: Vec<&str> = self.others.iter().take(3).map(String::as_str).collect();
            let more = self.others.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "  also: {}{more}", shown.join(", "));
        }
        if output.is_empty() {
            let _ = writeln!(text, "\nIt printed nothing that was kept.");
        } else {
            let _ = writeln!(text, "\nThe last that it printed:");
            for line in output {
                let _ = writeln!(text, "  | {}", log::printable(line));
            }
        }
        let _ = writeln!(
            text,
            "\nWhat to do:\n  session-launcher log {unit}         all that it printed\n  \
             systemctl --user cat {unit}         its unit file\n  systemctl --user start {unit}       try it alone\n  \
             systemctl --user mask {unit}        go without it, if the session may"
        );
        text
    }
}

impl Culprit {
    async fn of(manager: &Manager, unit: &str, result: &str) -> Self {
        let mut culprit =
            Self { unit: unit.to_owned(), reason: of_job(result).to_owned(), ..Self::default() };
        if let Some(path) = log::path(unit) {
            culprit.output = log::last_lines(&path, LINES).unwrap_or_default();
        }
        // A unit that is collected when it fails is gone by now.
        let Ok(path) = manager.get_unit(unit).await else { return culprit };
        let Ok(properties) = manager.properties(&path, "").await else { return culprit };
        culprit.description = properties.text("Description").to_owned();
        let result = properties.text("Result");
        let status = properties.number("ExecMainStatus").and_then(|status| i32::try_from(status).ok());
        let reason = match (result, status) {
            ("" | "success", _) => return culprit,
            ("exit-code", Some(0)) => failed_command(&properties).map_or_else(
                || "failed".to_owned(),
                |(name, code)| format!("{name}= failed, exit code {code}"),
            ),
            ("exit-code", Some(status)) => format!("failed, exit code {status}"),
            ("signal" | "core-dump", Some(status)) => format!("killed by SIG{}", signal::name(status)),
            ("timeout", _) => "timed out".to_owned(),
            ("start-limit-hit", _) => "started too often".to_owned(),
            (other, _) => format!("failed ({other})"),
        };
        culprit.reason = reason;
        culprit
    }
}

/// The command beside the main one that failed, and its exit code. Each is told as path, arguments, whether a failure is
/// ignored, four times, the process, and how it ended: code and status.
fn failed_command(properties: &Properties) -> Option<(&'static str, i32)> {
    ["ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload"].into_iter().find_map(|name| {
        let Some(Variant::Array(commands)) = properties.get(name) else { return None };
        commands.inner().iter().find_map(|command| {
            let Variant::Structure(command) = command else { return None };
            match command.fields() {
                [_, _, Variant::Bool(false), .., Variant::I32(status)] if *status != 0 => {
                    Some((name, *status))
                }
                _ => None,
            }
        })
    })
}

fn of_job(result: &str) -> &str {
    match result {
        "dependency" => "a unit that it needs failed",
        "canceled" => "the session was taken down before it was up",
        "timeout" => "timed out",
        "failed" => "failed",
        "assert" => "an assertion of the unit does not hold",
        "unsupported" => "not supported here",
        "once" => "it was started before, and may be only once",
        other => other,
    }
}

/// Units that failed, the first first; those whose job merely fell with others are left out.
async fn candidates(manager: &Manager, startup: &Startup, outcome: &Outcome) -> Vec<(String, String)> {
    let by_job =
        startup.failures().iter().filter(|job| !matches!(job.result.as_str(), "dependency" | "canceled"));
    let mut found: Vec<(String, String)> = by_job.map(|job| (job.unit.clone(), job.result.clone())).collect();
    let mut add = |unit: String, result: &str| {
        if !found.iter().any(|(known, _)| *known == unit) {
            found.push((unit, result.to_owned()));
        }
    };
    for unit in manager.list_units(&["failed"], &[]).await.unwrap_or_default() {
        if unit.active == "failed" {
            add(unit.name, "failed");
        }
    }
    if *outcome == Outcome::Late {
        let jobs = manager.list_jobs().await.unwrap_or_default();
        for job in jobs.into_iter().filter(|job| job.state == "running" && !job.unit.ends_with(".target")) {
            add(job.unit, "it is not up yet, and others wait for it");
        }
    }
    found
}

/// What a unit cannot do without, and what these cannot.
async fn required(manager: &Manager, unit: &str) -> BTreeSet<String> {
    let mut known = BTreeSet::from([unit.to_owned()]);
    let mut left = vec![unit.to_owned()];
    while let Some(unit) = left.pop() {
        if known.len() > MOST_UNITS {
            break;
        }
        // When the session is down already, most are not in memory any more.
        let Ok(path) = manager.load_unit(&unit).await else { continue };
        let Ok(properties) = manager.properties(&path, crate::client::manager::UNIT_INTERFACE).await else {
            continue;
        };
        for name in ["Requires", "BindsTo", "Requisite"] {
            for other in properties.texts(name) {
                if known.insert(other.to_owned()) {
                    left.push(other.to_owned());
                }
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_fits_and_names_what_matters() {
        let output: Vec<String> = (0..LINES).map(|line| format!("line {line}\x1b[2J")).collect();
        let report = Report {
            target: "gnome-session@gnome.target".to_owned(),
            reason: "The start of gnome-session@gnome.target ended: a unit that it needs failed.".to_owned(),
            culprit: Some(Culprit {
                unit: "org.gnome.Shell@user.service".to_owned(),
                description: "GNOME Shell".to_owned(),
                reason: "failed, exit code 1".to_owned(),
                output,
            }),
            others: vec!["a.service".to_owned(); 5],
        };
        let screen = report.screen();
        assert!(screen.lines().count() <= 24, "{screen}");
        for part in [
            "org.gnome.Shell@user.service (GNOME Shell): failed, exit code 1",
            "and 2 more",
            "  | line 7\\x1b",
        ] {
            assert!(screen.contains(part), "{part}: {screen}");
        }
    }
}
