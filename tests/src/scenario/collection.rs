//! The scenarios of `tests/scenarios/`, and the unit directories that they play with.

use super::format::{self, Act, Scenario};
use super::gnome::UnitSet;
use crate::lab::root;
use std::path::{Path, PathBuf};

/// Where the files are.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Whether $SCENARIO, parts of names with commas between, leaves a scenario in.
pub fn is_wanted(scenario: &Scenario) -> bool {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    wanted.split(',').any(|part| scenario.name.contains(part))
}

/// All scenarios, or those of $SCENARIO.
///
/// # Panics
/// When a file has a mistake, or two scenarios have one name.
pub fn scenarios() -> Vec<Scenario> {
    let mut files: Vec<_> = std::fs::read_dir(directory())
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut all: Vec<_> = files.iter().flat_map(|path| format::read(path)).collect();
    let mut names: Vec<_> = all.iter().map(|scenario| scenario.name.clone()).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two scenarios have one name: {names:?}");
    all.retain(is_wanted);
    all
}

/// Whether processes play in it: units of its own start some, or those of its set do.
pub fn has_processes(scenario: &Scenario) -> bool {
    scenario.set.is_some()
        || scenario.files.iter().any(|(.., text)| text.lines().any(|line| line.starts_with("Exec")))
        || scenario.acts.iter().any(|act| matches!(act, Act::Scope(..)))
}

/// The unit directories that scenarios play with.
#[derive(Debug)]
pub struct Sets {
    gnome: UnitSet,
}

impl Sets {
    /// Fetches what is not there yet. `None`: it cannot be had here.
    pub fn open() -> Option<Self> {
        Some(Self { gnome: UnitSet::open(&root::cache())? })
    }

    /// All of them.
    pub fn directories(&self) -> Vec<PathBuf> {
        std::iter::once(directory().join("base")).chain(self.gnome.directories()).collect()
    }

    /// The places of a scenario's directories, the most important first. Looks at the units of its set.
    ///
    /// # Panics
    /// When there is no such set.
    pub fn prepare(&self, scenario: &mut Scenario) -> Vec<usize> {
        match scenario.set.as_deref() {
            None => vec![0],
            Some("gnome") => {
                scenario.observed.extend(self.gnome.names());
                vec![1, 2, 0]
            }
            Some(other) => panic!("no set {other}"),
        }
    }
}
