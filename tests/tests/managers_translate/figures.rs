//! How much of the units in the root `gnome` can be said on each manager, beside utrans.

use session_launcher::translate::report::Verdict;
use usher_tests::lab::machine::Machine;

use super::trial::builder;

fn count(report: &[serde_json::Value], verdict: Verdict) -> usize {
    report.iter().filter(|unit| unit["verdict"] == verdict.as_str()).count()
}

fn report(machine: &Machine, manager: &str, scope: &str) -> Vec<serde_json::Value> {
    let words = ["translate", "--json", "--to", manager, scope, "--out", "/var/native"];
    let text = machine.command("session-launcher").args(words).run();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn all_units_of_gnome() {
    let Some(machine) = builder().start_or_skip() else { return };
    for scope in ["--system", "--user"] {
        for manager in ["dinit", "openrc", "shepherd"] {
            let report = report(&machine, manager, scope);
            let [faithful, reported, refused] = [Verdict::Faithful, Verdict::Reported, Verdict::Refused]
                .map(|verdict| count(&report, verdict));
            eprintln!(
                "{manager} {scope}: {} units: {faithful} faithful, {reported} reported, {refused} refused",
                report.len()
            );
            assert_eq!(faithful + reported + refused, report.len());
            // Nothing is dropped without a word: a unit without a file says why.
            for unit in &report {
                let silent = unit["files"].as_array().unwrap().is_empty()
                    && unit["findings"].as_array().unwrap().is_empty();
                assert!(!silent, "{manager} {scope}: {unit}");
            }
            assert!(faithful >= 9, "{manager} {scope}: {faithful} faithful");
            assert!(refused <= report.len() / 2, "{manager} {scope}: {refused} refused");
        }
    }
    utrans(&machine);
}

/// utrans on the same files; it takes one unit at a time.
fn utrans(machine: &Machine) {
    for scope in ["system", "user"] {
        let script = format!(
            "ok=0; none=0; failed=0; for u in /usr/lib/systemd/{scope}/*.*; do [ -f $u ] || continue; \
             rm -rf /tmp/u; mkdir /tmp/u; \
             if utrans -b openrc $u /tmp/u > /dev/null 2>&1; then \
             if [ \"$(find /tmp/u -type f)\" ]; then ok=$((ok+1)); else none=$((none+1)); fi; \
             else failed=$((failed+1)); fi; done; echo $ok with files, $none without a file or a word, $failed failed"
        );
        let text = machine.command("/bin/sh").args(["-c", script.as_str()]).run();
        eprintln!("utrans {scope}: {}", text.trim());
    }
}
