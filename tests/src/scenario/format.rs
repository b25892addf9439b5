//! The scenario files: several scenarios each, in plain lines.
//!
//! ```text
//! # A comment.
//! == a-name: what it shows
//! bus                          (optional: a session bus is running)
//! -- a.service                 (a unit file, to be read as it stands; also a.service.d/x.conf)
//! [Service]
//! ExecStart=stand-in
//! -- 2: a.service              (its text after the line `use 2` of the play)
//! ...
//! -- play
//! start a.service              (see [`Act`])
//! ```

use super::script;
use std::path::Path;
use std::time::Duration;

/// One scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, unique among all.
    pub name: String,
    /// What it shows.
    pub purpose: String,
    /// A session bus is needed.
    pub bus: bool,
    /// The unit files of the distribution that it plays with are those of this set.
    pub set: Option<String>,
    /// Unit files: edition, path below the unit directory, text.
    pub files: Vec<(u32, String, String)>,
    /// What happens.
    pub acts: Vec<Act>,
    /// Units beside those with a file that are looked at.
    pub observed: Vec<String>,
    /// A difference that is known, with its reason.
    pub known_difference: Option<String>,
}

/// One line of a play. After each, everybody waits until nothing moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// `start UNIT [MODE]`, also stop, restart, reload, try-restart, reload-or-restart, try-reload-or-restart.
    Request {
        /// systemctl's verb.
        verb: String,
        /// The unit.
        unit: String,
        /// `--job-mode=`.
        mode: Option<String>,
    },
    /// `tell UNIT WORDS`: the unit's newest process does these words.
    Tell(String, String),
    /// `kill UNIT SIGNAL`: to the main process.
    Kill(String, i32),
    /// `wait 1.5s`.
    Wait(Duration),
    /// `reset-failed [UNIT]`.
    ResetFailed(Option<String>),
    /// `use N`: the unit files of that edition, then daemon-reload.
    Use(u32),
    /// `set-environment NAME=VALUE`: in the manager.
    SetEnvironment(String, String),
    /// `write NAME`: make a file in the scenario's `files` directory.
    Write(String),
    /// `remove NAME`.
    Remove(String),
    /// `connect NAME`: connect to a socket there and hang up again at the end.
    Connect(String),
    /// `scope NAME [PROPERTY=VALUE...] WORDS`: run a stand-in in a transient scope.
    Scope(String, Vec<String>, String),
}

/// Reads a file.
///
/// # Panics
/// On a line that means nothing: a mistake of whoever wrote the scenario.
pub fn read(path: &Path) -> Vec<Scenario> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut section: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let here = || format!("{}:{}", path.display(), number + 1);
        if let Some(title) = line.strip_prefix("== ") {
            let (name, purpose) = title.split_once(": ").unwrap_or_else(|| panic!("{}: no purpose", here()));
            scenarios.push(Scenario {
                name: name.to_owned(),
                purpose: purpose.to_owned(),
                bus: false,
                set: None,
                files: Vec::new(),
                acts: Vec::new(),
                observed: Vec::new(),
                known_difference: None,
            });
            section = None;
            continue;
        }
        let Some(scenario) = scenarios.last_mut() else {
            assert!(line.is_empty() || line.starts_with('#'), "{}: {line:?} before a scenario", here());
            continue;
        };
        if let Some(title) = line.strip_prefix("-- ") {
            if title != "play" {
                let (edition, file) = match title.split_once(": ") {
                    Some((edition, file)) => (edition.parse().expect("an edition is a number"), file),
                    None => (1, title),
                };
                scenario.files.push((edition, file.to_owned(), String::new()));
            }
            section = Some(title.to_owned());
            continue;
        }
        match section.as_deref() {
            None => head_line(scenario, line, &here),
            Some("play") => {
                if let Some(act) = act(line, &here) {
                    scenario.acts.push(act);
                }
            }
            Some(_) => {
                if let Some((.., text)) = scenario.files.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    scenarios
}

fn head_line(scenario: &mut Scenario, line: &str, here: &dyn Fn() -> String) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "bus" => scenario.bus = true,
        "set" => scenario.set = Some(rest.to_owned()),
        "observe" => scenario.observed.extend(rest.split_whitespace().map(str::to_owned)),
        "differs" => scenario.known_difference = Some(rest.to_owned()),
        "" => {}
        _ if word.starts_with('#') => {}
        _ => panic!("{}: {line:?}", here()),
    }
}

fn act(line: &str, here: &dyn Fn() -> String) -> Option<Act> {
    let words: Vec<_> = line.split_whitespace().collect();
    Some(match words.as_slice() {
        [] => return None,
        [first, ..] if first.starts_with('#') => return None,
        ["tell", unit, rest @ ..] => {
            script::parse(rest.iter().copied()).unwrap_or_else(|error| panic!("{}: {error}", here()));
            Act::Tell((*unit).to_owned(), rest.join(" "))
        }
        ["kill", unit, name] => Act::Kill(
            (*unit).to_owned(),
            script::signal(name).unwrap_or_else(|| panic!("{}: {name}", here())),
        ),
        ["wait", span] => Act::Wait(script::duration(span).unwrap_or_else(|| panic!("{}: {span}", here()))),
        ["reset-failed"] => Act::ResetFailed(None),
        ["reset-failed", unit] => Act::ResetFailed(Some((*unit).to_owned())),
        ["use", edition] => Act::Use(edition.parse().expect("an edition is a number")),
        ["set-environment", assignment] => {
            let (name, value) = assignment.split_once('=').unwrap_or_else(|| panic!("{}: {line:?}", here()));
            Act::SetEnvironment(name.to_owned(), value.to_owned())
        }
        ["write", name] => Act::Write((*name).to_owned()),
        ["remove", name] => Act::Remove((*name).to_owned()),
        ["connect", name] => Act::Connect((*name).to_owned()),
        ["scope", name, rest @ ..] => {
            let (properties, words): (Vec<&str>, Vec<&str>) = rest.iter().partition(|word| is_property(word));
            Act::Scope(
                (*name).to_owned(),
                properties.into_iter().map(str::to_owned).collect(),
                words.join(" "),
            )
        }
        [verb, unit] => request(verb, unit, None, here),
        [verb, unit, mode] => request(verb, unit, Some(mode), here),
        _ => panic!("{}: {line:?}", here()),
    })
}

fn is_property(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(char::is_alphanumeric))
}

fn request(verb: &str, unit: &str, mode: Option<&str>, here: &dyn Fn() -> String) -> Act {
    const VERBS: [&str; 8] = [
        "start",
        "stop",
        "restart",
        "reload",
        "try-restart",
        "reload-or-restart",
        "try-reload-or-restart",
        "isolate",
    ];
    assert!(VERBS.contains(&verb), "{}: {verb:?} is no act", here());
    Act::Request { verb: verb.to_owned(), unit: unit.to_owned(), mode: mode.map(str::to_owned) }
}

impl Scenario {
    /// The units that are looked at: those with a file, and the observed ones.
    pub fn units(&self) -> Vec<String> {
        let mut units: Vec<_> = self
            .files
            .iter()
            .map(|(_, path, _)| path.split('/').next().unwrap_or(path).trim_end_matches(".d").to_owned())
            .filter(|name| {
                ![".wants", ".requires", ".upholds"].iter().any(|end| name.ends_with(end))
                    && !name.contains("@.")
            })
            .chain(self.observed.iter().cloned())
            .chain(self.acts.iter().filter_map(|act| match act {
                Act::Scope(name, ..) => Some(name.clone()),
                Act::Request { unit, .. } => Some(unit.clone()),
                _ => None,
            }))
            .collect();
        units.sort();
        units.dedup();
        units
    }
}
