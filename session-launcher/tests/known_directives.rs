//! Every directive that systemd 262 lists (`systemd --user --dump-configuration-items`) is known: none is called unknown.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use session_launcher::unit::load::Loader;
use session_launcher::unit::name::UnitName;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::specifier::Host;

const LIST: &str = include_str!("directives-systemd-262.txt");

fn findings(unit: &str, text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(unit), text).unwrap();
    let loader = Loader::new(SearchPath::of_directories([dir.path().to_owned()]), Host::default());
    let loaded = loader.load(&UnitName::new(unit).unwrap());
    loaded.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn all_of_them() {
    let mut checked = 0;
    for section in ["Unit", "Service", "Socket", "Timer", "Path", "Slice", "Scope", "Install"] {
        let kind =
            if matches!(section, "Unit" | "Install") { "target".to_owned() } else { section.to_lowercase() };
        let keys = LIST.lines().filter_map(|line| line.strip_prefix(section)?.strip_prefix(' '));
        let lines: Vec<String> = keys.map(|key| format!("{key}=")).collect();
        let text = format!("[{section}]\n{}\n", lines.join("\n"));
        let unknown: Vec<String> = findings(&format!("a.{kind}"), &text)
            .into_iter()
            .filter(|finding| finding.contains("unknown"))
            .collect();
        assert_eq!(unknown, Vec::<String>::new());
        checked += lines.len();
    }
    assert_eq!(checked, LIST.lines().count());
}

#[test]
fn a_made_up_one_is_unknown() {
    assert_eq!(findings("a.target", "[Unit]\nNoSuchDirective=\n").len(), 1);
    assert_eq!(findings("a.target", "[Unit]\nExecStart=\n").len(), 1, "and one of another section");
}
