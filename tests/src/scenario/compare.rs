//! Where two plays of one scenario differ.

use super::observation::{Happening, Observation};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Compares a play with systemd's. `player` is who played ours; `ordered` says which pairs of units are ordered, so that
/// the order in which something happens to them counts. Gives one line for each difference.
pub fn differences(
    player: &str,
    original: &Observation,
    ours: &Observation,
    ordered: &dyn Fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    let (original, ours) = (&without_merges(original), &without_merges(ours));
    for (number, (theirs, ours)) in original.iter().zip(ours).enumerate() {
        let mut at = |text: String| found.push(format!("{player}, step {number} ({}): {text}", theirs.act));
        if theirs.refusal != ours.refusal {
            at(format!("refusal: systemd {:?}, ours {:?}", theirs.refusal, ours.refusal));
        }
        let units: BTreeSet<&str> =
            theirs.happenings.iter().chain(&ours.happenings).map(|h| h.unit.as_str()).collect();
        let mut same_for_each = true;
        for unit in &units {
            let (a, b) = (of(&theirs.happenings, &[unit]), of(&ours.happenings, &[unit]));
            if a != b {
                same_for_each = false;
                at(format!("{unit}:\n    systemd: {}\n    ours:    {}", lines(&a), lines(&b)));
            }
        }
        if same_for_each {
            for (place, one) in units.iter().enumerate() {
                for other in units.iter().skip(place + 1).filter(|other| ordered(one, other)) {
                    let (a, b) = (
                        in_order(&theirs.happenings, &[one, other]),
                        in_order(&ours.happenings, &[one, other]),
                    );
                    if a != b {
                        at(format!(
                            "order of {one} and {other}:\n    systemd: {}\n    ours:    {}",
                            lines(&a),
                            lines(&b)
                        ));
                    }
                }
            }
        }
        for (unit, state) in &theirs.states {
            let other = ours.states.get(unit);
            if other != Some(state) {
                at(format!(
                    "state of {unit}: systemd {state:?}, ours {:?}",
                    other.map_or("none", String::as_str)
                ));
            }
        }
    }
    if original.len() != ours.len() {
        found.push(format!("{player}: systemd played {} steps, ours {}", original.len(), ours.len()));
    }
    found
}

/// Whether a second request for the same finds the first one still queued is a matter of microseconds, and whether it
/// does changes nothing else.
fn without_merges(observation: &Observation) -> Observation {
    let mut observation = observation.clone();
    for step in &mut observation {
        step.happenings
            .retain(|happening| !(happening.what.starts_with("job ") && happening.what.ends_with(" merged")));
    }
    observation
}

fn of<'a>(happenings: &'a [Happening], units: &[&str]) -> Vec<&'a Happening> {
    happenings.iter().filter(|happening| units.contains(&happening.unit.as_str())).collect()
}

/// Without the queueing of jobs: systemd queues and replaces the jobs of one transaction in an order of chance.
fn in_order<'a>(happenings: &'a [Happening], units: &[&str]) -> Vec<&'a Happening> {
    let mut all = of(happenings, units);
    all.retain(|happening| {
        !happening.what.starts_with("job ")
            || ![" new", " merged", " canceled"].iter().any(|end| happening.what.ends_with(end))
    });
    all
}

fn lines(happenings: &[&Happening]) -> String {
    let several = happenings.iter().any(|h| Some(&h.unit) != happenings.first().map(|first| &first.unit));
    let mut text = String::new();
    for happening in happenings {
        if !text.is_empty() {
            text.push_str(" | ");
        }
        if several {
            let _ = write!(text, "{}: ", happening.unit);
        }
        text.push_str(&happening.what);
    }
    text
}
