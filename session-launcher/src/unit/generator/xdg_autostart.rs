//! Autostart entries as services (Desktop Application Autostart Specification; systemd-xdg-autostart-generator(8)).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::desktop_entry::DesktopEntry;
use super::{Generated, find_program, quote_argument};
use crate::unit::conf_files::in_root;
use crate::unit::escape;
use crate::unit::name::UnitName;
use crate::unit::specifier::Host;

/// An entry that gets no unit, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The entry.
    pub path: PathBuf,
    /// Why, in a few words.
    pub reason: &'static str,
}

/// The directories of entries, the most important first.
pub fn directories(host: &Host, environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut directories = vec![host.config_home.join("autostart")];
    let list = environment.get("XDG_CONFIG_DIRS").map(String::as_str).filter(|list| !list.is_empty());
    let system = list.unwrap_or("/etc/xdg").split(':').filter(|dir| dir.starts_with('/'));
    directories.extend(system.map(|dir| Path::new(dir).join("autostart")));
    directories
}

/// Makes a unit of each entry. Of equal names the one in the first directory counts, also when it only hides the others.
/// `own_program` is the command that tests for desktops.
pub fn generate(
    directories: &[PathBuf],
    root: Option<&Path>,
    own_program: &str,
) -> (Vec<Generated>, Vec<Skipped>) {
    let mut entries: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for directory in directories {
        for entry in fs::read_dir(in_root(root, directory)).into_iter().flatten().flatten() {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && entry.path().is_file() {
                entries.entry(entry.file_name()).or_insert_with(|| directory.join(entry.file_name()));
            }
        }
    }
    let (mut units, mut skipped) = (Vec::new(), Vec::new());
    for path in entries.into_values() {
        match generate_one(&path, root, own_program) {
            Ok(unit) => units.push(unit),
            Err(reason) => skipped.push(Skipped { path, reason }),
        }
    }
    (units, skipped)
}

fn generate_one(path: &Path, root: Option<&Path>, own_program: &str) -> Result<Generated, &'static str> {
    let text = fs::read(in_root(root, path)).map_err(|_| "it cannot be read")?;
    let entry = DesktopEntry::parse(&String::from_utf8_lossy(&text));
    check(&entry, root)?;
    let name = unit_name(path).ok_or("its name makes no unit name")?;
    let command = entry.command().ok_or("it has no usable Exec=")?;
    let (program, arguments) = command.split_first().ok_or("it has no Exec=")?;
    let program = find_program(program, root).ok_or("there is no such program")?;
    let target = UnitName::new("xdg-desktop-autostart.target").map_err(|_| "its target has no name")?;
    let text = unit_text(path, &entry, &program, arguments, own_program, root);
    Ok(Generated { name, text, wanted_by: vec![target] })
}

fn check(entry: &DesktopEntry, root: Option<&Path>) -> Result<(), &'static str> {
    if entry.boolean("Hidden") {
        return Err("it is hidden");
    }
    if entry.boolean("X-systemd-skip") {
        return Err("it says X-systemd-skip, something else starts it");
    }
    if entry.string("Type").as_deref() != Some("Application") {
        return Err("it is no application");
    }
    if has_phase(entry)
        && entry.list("OnlyShowIn").iter().all(|desktop| desktop == "GNOME")
        && !entry.list("OnlyShowIn").is_empty()
    {
        return Err("it is only for GNOME, whose session starts it in a phase");
    }
    match entry.string("TryExec") {
        Some(program) if find_program(&program, root).is_none() => Err("TryExec= names no program"),
        _ => Ok(()),
    }
}

/// `app-NAME@autostart.service`.
fn unit_name(path: &Path) -> Option<UnitName> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".desktop").unwrap_or(name);
    UnitName::new(format!("app-{}@autostart.service", escape::escape(name))).ok()
}

/// Only lines that mean something: a reader should see what is special about an entry.
fn unit_text(
    path: &Path,
    entry: &DesktopEntry,
    program: &str,
    arguments: &[String],
    own_program: &str,
    root: Option<&Path>,
) -> String {
    let one_line = |text: String| text.replace('%', "%%").replace(['\n', '\r'], " ");
    let mut text = format!("# Made from {}\n[Unit]\n", path.display());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "SourcePath={}", one_line(path.display().to_string()));
    if let Some(name) = entry.string("Name") {
        let _ = writeln!(text, "Description={}", one_line(name));
    }
    text.push_str("PartOf=graphical-session.target\nAfter=graphical-session.target\n\n[Service]\nType=exec\nExitType=cgroup\n");
    let words: Vec<String> =
        std::iter::once(program).chain(arguments.iter().map(String::as_str)).map(quote_argument).collect();
    let _ = writeln!(text, "ExecStart=:{}", words.join(" "));
    text.push_str("Restart=no\nTimeoutStopSec=5s\nSlice=app.slice\n");
    if let Some(directory) = entry.string("Path") {
        let _ = writeln!(text, "WorkingDirectory=-{}", one_line(directory));
    }
    for condition in conditions(entry, own_program, root) {
        let _ = writeln!(text, "ExecCondition={condition}");
    }
    text
}

fn has_phase(entry: &DesktopEntry) -> bool {
    entry.string("X-GNOME-Autostart-Phase").is_some()
}

fn conditions(entry: &DesktopEntry, own_program: &str, root: Option<&Path>) -> Vec<String> {
    let mut conditions = Vec::new();
    let mut only = entry.list("OnlyShowIn");
    let mut not = entry.list("NotShowIn");
    // gnome-session starts entries with a phase itself.
    if has_phase(entry) {
        only.retain(|desktop| desktop != "GNOME");
        not.push("GNOME".to_owned());
    }
    if !only.is_empty() || !not.is_empty() {
        let list = |names: &[String]| format!("\"{}\"", quote_argument(&names.join(":")).trim_matches('"'));
        conditions.push(format!("{own_program} autostart-condition {} {}", list(&only), list(&not)));
    }
    for (key, program) in [
        ("AutostartCondition", "gnome-systemd-autostart-condition"),
        ("X-KDE-autostart-condition", "kde-systemd-start-condition"),
    ] {
        // Without its program a condition cannot be tested and counts as met, as it does for systemd.
        if let (Some(value), Some(program)) = (entry.string(key), find_program(program, root)) {
            let word = quote_argument(&value);
            conditions.push(format!("{program} --condition {word}"));
        }
    }
    conditions
}

/// Whether an entry is for a desktop: `only` and `not` are lists with colons, `current` is $XDG_CURRENT_DESKTOP.
pub fn is_for_desktop(only: &str, not: &str, current: &str) -> bool {
    let has = |list: &str, name: &str| list.split(':').any(|known| known == name);
    for desktop in current.split(':').filter(|desktop| !desktop.is_empty()) {
        if has(only, desktop) {
            return true;
        }
        if has(not, desktop) {
            return false;
        }
    }
    only.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generate_from(entries: &[(&str, &str)]) -> (Vec<Generated>, Vec<Skipped>) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in entries {
            fs::write(dir.path().join(name), format!("[Desktop Entry]\nType=Application\nName=N\n{text}\n"))
                .unwrap();
        }
        generate(&[dir.path().to_owned()], None, "session-launcher")
    }

    fn one(text: &str) -> String {
        let (mut units, skipped) = generate_from(&[("a.desktop", text)]);
        assert_eq!((units.len(), skipped.as_slice()), (1, [].as_slice()));
        units.remove(0).text
    }

    #[test]
    fn names_are_escaped() {
        let (units, _) = generate_from(&[("org.a-b c.desktop", "Exec=/bin/sh"), ("README", "Exec=/bin/sh")]);
        let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(names, ["app-README@autostart.service", r"app-org.a\x2db\x20c@autostart.service"]);
    }

    #[test]
    fn who_gets_none() {
        let reasons = |text| generate_from(&[("a.desktop", text)]).1.remove(0).reason;
        for (text, part) in [
            ("Exec=/bin/sh\nHidden=true", "hidden"),
            ("Exec=/bin/sh\nX-systemd-skip=true", "X-systemd-skip"),
            ("Exec=/no/such", "no such program"),
            ("Exec=/bin/sh\nTryExec=/no/such", "TryExec"),
            ("", "no usable Exec"),
        ] {
            assert!(reasons(text).contains(part), "{text}");
        }
    }

    #[test]
    fn commands_survive_the_way_through_a_unit() {
        let text = one(r#"Exec=/bin/sh -c "echo \\"x\\" \\$HOME" 100%% %U"#);
        assert!(text.contains("ExecStart=:/bin/sh -c \"echo \\\"x\\\" $HOME\" 100%%\n"), "{text}");
    }

    #[test]
    fn desktops() {
        let text = one("Exec=/bin/sh\nOnlyShowIn=GNOME;KDE;\nNotShowIn=XFCE;");
        assert!(
            text.contains("ExecCondition=session-launcher autostart-condition \"GNOME:KDE\" \"XFCE\"\n"),
            "{text}"
        );
        let text = one("Exec=/bin/sh\nX-GNOME-Autostart-Phase=Initialization");
        assert!(text.contains("autostart-condition \"\" \"GNOME\"\n"), "{text}");
        for (only, not, current, expected) in [
            ("GNOME:KDE", "", "GNOME", true),
            ("GNOME", "", "ubuntu:GNOME", true),
            ("GNOME", "", "XFCE", false),
            ("", "GNOME", "GNOME", false),
            ("", "GNOME", "XFCE", true),
            ("GNOME", "", "", false),
            ("", "", "anything", true),
        ] {
            assert_eq!(is_for_desktop(only, not, current), expected, "{only} {not} {current}");
        }
    }

    #[test]
    fn a_users_entry_hides_the_systems() {
        let dir = tempfile::tempdir().unwrap();
        for (place, text) in [("user", "Hidden=true"), ("system", "Exec=/bin/sh")] {
            fs::create_dir(dir.path().join(place)).unwrap();
            fs::write(
                dir.path().join(place).join("a.desktop"),
                format!("[Desktop Entry]\nType=Application\n{text}\n"),
            )
            .unwrap();
        }
        let (units, skipped) = generate(&[dir.path().join("user"), dir.path().join("system")], None, "x");
        assert_eq!((units.len(), skipped.len()), (0, 1));
    }
}
