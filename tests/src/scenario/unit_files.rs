//! The unit files of a scenario, and for whom every player loads them.

use super::format::Scenario;
use session_launcher::unit::load::Loader;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::specifier;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The user that plays.
pub const USER_ID: u32 = 1000;

/// Loads units of these directories for the user that plays.
pub fn loader(directories: &[PathBuf]) -> Loader {
    let environment = BTreeMap::from([("HOME".to_owned(), "/home/user".to_owned())]);
    let mut host = specifier::Host::detect(&environment, None);
    host.uid = USER_ID;
    host.user = "user".to_owned();
    host.runtime_dir = Some(PathBuf::from("/scenario/run"));
    Loader::new(SearchPath::of_directories(directories.to_vec()), host)
}

/// Writes the files of one edition into a unit directory.
pub fn write_units(scenario: &Scenario, edition: u32, directory: &Path) {
    for (_, path, text) in scenario.files.iter().filter(|(of, ..)| *of == edition) {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in a directory"))
            .expect("directories can be made");
        match text.strip_prefix("link ") {
            Some(target) => {
                let _ = std::fs::remove_file(&path);
                std::os::unix::fs::symlink(target.trim(), &path).expect("a link can be made");
            }
            None if text.trim() == "absent" => std::fs::remove_file(&path).expect("it was there"),
            None => std::fs::write(&path, text).expect("a unit file can be written"),
        }
    }
}

/// The environment that both managers have.
pub fn manager_environment() -> BTreeMap<String, String> {
    BTreeMap::from([("SCENARIO_SET".to_owned(), "1".to_owned())])
}
