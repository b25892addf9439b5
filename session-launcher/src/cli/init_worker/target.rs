//! Which target a session's name stands for.

use std::collections::BTreeMap;

use crate::unit::name::{NameError, UnitName};
use crate::unit::search_path::SearchPath;
use crate::unit::specifier::Host;

/// `gnome-session@NAME.target`; in GNOME 49 `gnome-session-TYPE@NAME.target`, where TYPE is `$XDG_SESSION_TYPE`.
///
/// GNOME 49 is known by the template `gnome-session-wayland@.target`, which 50 dropped. The name is not escaped:
/// upstream leaves a `-` as it is.
///
/// # Errors
/// That is no name of a unit.
pub fn of_session(name: &str, environment: &BTreeMap<String, String>) -> Result<UnitName, NameError> {
    let host = Host::detect(environment, None);
    let path = SearchPath::of_user(&host, environment);
    let is_49 =
        path.directories().iter().any(|directory| directory.join("gnome-session-wayland@.target").exists());
    if !is_49 {
        return UnitName::new(format!("gnome-session@{name}.target"));
    }
    let session_type = environment.get("XDG_SESSION_TYPE").map_or("wayland", String::as_str);
    UnitName::new(format!("gnome-session-{session_type}@{name}.target"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_49_and_of_50() {
        let dir = tempfile::tempdir().unwrap();
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let environment = BTreeMap::from([variable("SYSTEMD_UNIT_PATH", dir.path().to_str().unwrap())]);
        assert_eq!(
            of_session("gnome-login", &environment).unwrap().as_str(),
            "gnome-session@gnome-login.target"
        );
        std::fs::write(dir.path().join("gnome-session-wayland@.target"), "").unwrap();
        assert_eq!(of_session("gnome", &environment).unwrap().as_str(), "gnome-session-wayland@gnome.target");
        let mut x11 = environment;
        x11.extend([variable("XDG_SESSION_TYPE", "x11")]);
        assert_eq!(of_session("gnome", &x11).unwrap().as_str(), "gnome-session-x11@gnome.target");
        assert!(of_session("a/b", &x11).is_err());
    }
}
