//! Where a manager cannot do as systemd does.

use std::collections::BTreeSet;

/// What a manager cannot do.
struct Difference {
    manager: &'static str,
    scenario: &'static str,
    why: &'static str,
}

const DIFFERENCES: &[Difference] = &[];

/// Fails when a scenario differs that is not listed here, or when one that is listed and was played does not.
pub fn check(manager: &str, different: &BTreeSet<String>, was_played: &dyn Fn(&str) -> bool) {
    let rows = || DIFFERENCES.iter().filter(|row| row.manager == manager);
    let known: BTreeSet<&str> = rows().map(|row| row.scenario).collect();
    for row in rows() {
        println!("{manager}: {}: {}", row.scenario, row.why);
        assert!(
            !was_played(row.scenario) || different.contains(row.scenario),
            "{} does not differ any more: {}",
            row.scenario,
            row.why
        );
    }
    let unknown: Vec<_> = different.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{manager}: {} scenarios differ: {unknown:?}", unknown.len());
}
