//! Greeters get their variables from `~/.config/environment.d/gdm.conf`, by way of the user manager. When nobody
//! owned the manager's name as GDM looked for them, they are missing, and gnome-session read the wrong settings: it
//! would start the session of a user who has logged in. Both are put right here.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::unit::environment_d;
use crate::unit::specifier::Host;

/// The session that gnome-session takes when settings tell none: a greeter's never is.
const DEFAULT: &str = "gnome";

/// The longest that reading a setting may take.
const GSETTINGS_TIMEOUT: Duration = Duration::from_secs(5);

/// What was put right.
#[derive(Debug, PartialEq, Eq)]
pub struct Repair {
    /// The session to start instead.
    pub session_name: Option<String>,
}

/// Adds what environment.d sets to a greeter's environment. `None`: it was there already, or this is no greeter.
pub fn repair(environment: &mut BTreeMap<String, String>, name: &str) -> Option<Repair> {
    if environment.get("XDG_SESSION_CLASS").map(String::as_str) != Some("greeter") {
        return None;
    }
    let directories = environment_d::directories(&Host::detect(environment, None));
    repair_from(&directories, environment, name, from_settings)
}

fn repair_from(
    directories: &[PathBuf],
    environment: &mut BTreeMap<String, String>,
    name: &str,
    settings: fn(&BTreeMap<String, String>) -> Option<String>,
) -> Option<Repair> {
    let mut missing = environment_d::load(directories, None, environment);
    missing.retain(|name, _| !environment.contains_key(name));
    if missing.is_empty() {
        return None;
    }
    let had_settings = !missing.contains_key("DCONF_PROFILE");
    environment.extend(missing);
    // A name that was given on the command line is meant.
    let session_name = (name == DEFAULT && !had_settings)
        .then(|| settings(environment).or_else(|| of_profile(environment)))
        .flatten();
    Some(Repair { session_name })
}

/// Where settings cannot be read, the profile that they would have been read from tells.
fn of_profile(environment: &BTreeMap<String, String>) -> Option<String> {
    match environment.get("DCONF_PROFILE").map(String::as_str) {
        Some("gdm") => Some("gnome-login".to_owned()),
        Some("gnome-initial-setup") => Some("gnome-initial-setup".to_owned()),
        _ => None,
    }
}

/// Asks as gnome-session does, with the environment that it should have had.
fn from_settings(environment: &BTreeMap<String, String>) -> Option<String> {
    let mut child = Command::new("gsettings")
        .args(["get", "org.gnome.desktop.session", "session-name"])
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let deadline = Instant::now() + GSETTINGS_TIMEOUT;
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    let mut text = String::new();
    child.stdout.take()?.take(4096).read_to_string(&mut text).ok()?;
    status.success().then(|| quoted(&text)).flatten()
}

/// The text in GVariant's quotes.
fn quoted(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.is_empty() && !inner.contains(['\'', '\\'])).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeter(content: &str) -> (tempfile::TempDir, BTreeMap<String, String>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gdm.conf"), content).unwrap();
        (dir, BTreeMap::from([("HOME".to_owned(), "/run/gdm/home/gdm-greeter".to_owned())]))
    }

    fn repaired(
        dir: &tempfile::TempDir,
        environment: &mut BTreeMap<String, String>,
        name: &str,
        settings: fn(&BTreeMap<String, String>) -> Option<String>,
    ) -> Option<Repair> {
        repair_from(&[dir.path().to_owned()], environment, name, settings)
    }

    #[test]
    fn what_is_missing_is_added_and_the_session_is_the_greeters() {
        let (dir, mut environment) = greeter("DCONF_PROFILE=gdm\nRUNNING_UNDER_GDM=true\nHOME=/elsewhere\n");
        let before = environment.clone();
        let repair = repaired(&dir, &mut environment, "gnome", |_| None).unwrap();
        assert_eq!(repair.session_name.as_deref(), Some("gnome-login"));
        assert_eq!(environment["RUNNING_UNDER_GDM"], "true");
        assert_eq!(environment["HOME"], before["HOME"]);
        // Settings are read as they should have been.
        let setting = |environment: &BTreeMap<String, String>| environment.get("DCONF_PROFILE").cloned();
        let repair = repaired(&dir, &mut before.clone(), "gnome", setting).unwrap();
        assert_eq!(repair.session_name.as_deref(), Some("gdm"));
    }

    #[test]
    fn a_name_that_was_given_stays() {
        let (dir, mut environment) = greeter("DCONF_PROFILE=gdm\n");
        let repair = repaired(&dir, &mut environment, "gnome-login", |_| None);
        assert_eq!(repair, Some(Repair { session_name: None }));
    }

    #[test]
    fn what_is_whole_is_left_alone() {
        let (dir, mut environment) = greeter("DCONF_PROFILE=gdm\n");
        environment.insert("DCONF_PROFILE".to_owned(), "gdm".to_owned());
        assert_eq!(repaired(&dir, &mut environment, "gnome", |_| None), None);
        // Of a user.
        let (_, mut environment) = greeter("");
        environment.insert("XDG_SESSION_CLASS".to_owned(), "user".to_owned());
        assert_eq!(repair(&mut environment, "gnome"), None);
    }

    #[test]
    fn what_gsettings_prints() {
        assert_eq!(quoted("'gnome-login'\n").as_deref(), Some("gnome-login"));
        for bad in ["", "''", "gnome", "'a\\'b'"] {
            assert_eq!(quoted(bad), None, "{bad}");
        }
    }
}
