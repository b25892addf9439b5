//! What a play showed.

use std::collections::BTreeMap;

/// One thing that happened to one unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    /// The unit.
    pub unit: String,
    /// What, in one line: `job start done`, `dead -> running`, `exec label:x`...
    pub what: String,
}

/// One act and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The act, for people.
    pub act: String,
    /// Why systemd refused it.
    pub refusal: Option<String>,
    /// What happened, in order.
    pub happenings: Vec<Happening>,
    /// The state of each unit at the end.
    pub states: BTreeMap<String, String>,
}

/// A whole play: a first step for its beginning, then one for each act.
pub type Observation = Vec<Step>;
