//! The commands `units` and `plan`, as a person calls them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-launcher"));
    command.args(arguments).arg("--unit-path").arg(directory).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn units() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let head = "[Unit]\nDefaultDependencies=no\n";
    for (name, body) in [
        (
            "t.target",
            "Description=Top <&>\nWants=a.service missing.service\nRequires=b.service\nAfter=a.service",
        ),
        ("a.service", "After=b.service\nConditionPathExists=/no/such\n[Service]\nExecStart=/bin/sh"),
        ("b.service", "[Service]\nType=oneshot\nExecStart=/bin/sh\nProtectHome=yes"),
        ("bad.service", "[Service]\nExecStart=relative/path"),
    ] {
        fs::write(dir.path().join(name), format!("{head}{body}\n")).unwrap();
    }
    fs::create_dir(dir.path().join("a.service.d")).unwrap();
    fs::write(dir.path().join("a.service.d/10.conf"), "[Unit]\nDescription=from the drop-in").unwrap();
    dir
}

#[test]
fn list_and_cat() {
    let dir = units();
    let list = text(&run(dir.path(), &["units", "list"]));
    assert!(
        list.lines().any(|line| line.starts_with("a.service") && line.ends_with("from the drop-in")),
        "{list}"
    );
    assert!(
        list.lines().any(|line| line.starts_with("bad.service") && line.contains("bad-setting")),
        "{list}"
    );
    let cat = text(&run(dir.path(), &["units", "cat", "a"]));
    assert!(cat.contains("a.service.d/10.conf\n[Unit]\nDescription=from the drop-in\n"), "{cat}");
    assert!(!run(dir.path(), &["units", "cat", "missing"]).status.success());
}

#[test]
fn show_as_properties_and_as_json() {
    let dir = units();
    let shown = text(&run(dir.path(), &["units", "show", "-p", "Requires,RequiredBy", "b.service"]));
    assert_eq!(shown, "Requires=app.slice\n");
    let shown = text(&run(dir.path(), &["units", "show", "-p", "RequiredBy", "t.target", "b.service"]));
    assert!(shown.ends_with("RequiredBy=t.target\n"), "{shown}");
    let json: serde_json::Value =
        serde_json::from_str(&text(&run(dir.path(), &["units", "show", "--json", "a"]))).unwrap();
    assert_eq!(json[0]["settings"]["service"]["commands"]["start"][0]["path"], "/bin/sh");
}

#[test]
fn verify_tells_file_and_line_and_its_code_the_worst() {
    let dir = units();
    let output = run(dir.path(), &["units", "verify", "bad.service"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("{}/bad.service:4: error: ExecStart=relative/path", dir.path().display());
    assert!(text(&output).starts_with(&expected), "{}", text(&output));
    let output = run(dir.path(), &["units", "verify", "b.service"]);
    assert_eq!(output.status.code(), Some(0), "a note is no fault");
    assert!(text(&output).contains("b.service:6: note: ProtectHome="), "{}", text(&output));
    assert!(text(&run(dir.path(), &["units", "verify", "--quiet", "b.service"])).is_empty());
    let by_path =
        run(Path::new("/nowhere"), &["units", "verify", &format!("{}/bad.service", dir.path().display())]);
    assert_eq!(by_path.status.code(), Some(1));
}

#[test]
fn deps_both_ways() {
    let dir = units();
    let tree = text(&run(dir.path(), &["units", "deps", "t.target"]));
    let expected = "t.target
├─ a.service  Wants (t.target:4)
├─ b.service  Requires (t.target:5)
└─ missing.service  Wants (t.target:4)  [not-found]
";
    assert_eq!(tree, expected);
    let tree = text(&run(dir.path(), &["units", "deps", "--reverse", "b.service"]));
    assert_eq!(tree, "b.service\n└─ t.target  Requires (t.target:5)\n");
    let tree = text(&run(dir.path(), &["units", "deps", "--kind", "After", "t.target"]));
    assert!(tree.contains("└─ b.service  After (a.service:3)"), "{tree}");
}

#[test]
fn graphs() {
    let dir = units();
    let dot = text(&run(dir.path(), &["units", "graph", "-f", "dot", "t.target"]));
    assert!(dot.contains("\"t.target\" -> \"b.service\" [style=solid"), "{dot}");
    let svg = text(&run(dir.path(), &["units", "graph", "-f", "svg", "t.target"]));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("Top &lt;&amp;&gt;"), "text is escaped");
    assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
}

#[test]
fn plan_orders_and_tells_what_is_skipped_and_left_out() {
    let dir = units();
    let plan = text(&run(dir.path(), &["plan", "t.target"]));
    let at = |part: &str| plan.find(part).unwrap_or_else(|| panic!("no {part:?} in {plan}"));
    assert!(at("  b.service") < at("  a.service"), "{plan}");
    assert!(plan.contains("skipped: ConditionPathExists=/no/such does not hold"), "{plan}");
    assert!(plan.contains("left out:\n  missing.service"), "{plan}");
    let json: serde_json::Value =
        serde_json::from_str(&text(&run(dir.path(), &["plan", "--json", "t.target"]))).unwrap();
    assert_eq!(json["left_out"][0][0], "missing.service");
    assert!(!run(dir.path(), &["plan", "missing.service"]).status.success());
}

#[test]
fn the_table_of_directives() {
    let dir = units();
    let table = text(&run(dir.path(), &["units", "directives"]));
    assert!(table.contains("| systemd.exec(5) | `ProtectHome=` | sandbox"), "{table}");
    assert!(table.contains("| systemd.exec(5) | `RootDirectory=` | refused"), "{table}");
}
