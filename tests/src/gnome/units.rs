//! The table of unit states, as the manager's D-Bus face tells it.

use super::bus::strings;
use std::collections::BTreeMap;
use std::fmt;

/// State of a unit: active state and sub-state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `active`, `inactive`, `failed`, …
    pub active: String,
    /// `running`, `dead`, …
    pub sub: String,
}

impl State {
    fn inactive() -> Self {
        Self { active: "inactive".to_owned(), sub: "dead".to_owned() }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.active, self.sub)
    }
}

/// Every unit that is not simply inactive, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    units: BTreeMap<String, State>,
}

/// A difference that is wanted: unit, and why.
pub type Exception<'a> = (&'a str, &'a str);

/// How many strings `ListUnits` gives for each unit (one of its ten fields is a number).
const STRINGS_EACH: usize = 9;

/// Types of units that only `systemd --user` makes, from the kernel's tables.
const FOREIGN_TYPES: [&str; 3] = [".mount", ".device", ".swap"];

impl Table {
    /// From the answer of `ListUnits` in GVariant's text form.
    ///
    /// # Panics
    /// When it is not one.
    pub fn parse(answer: &str) -> Self {
        let strings = strings(answer);
        assert!(
            !strings.is_empty() && strings.len().is_multiple_of(STRINGS_EACH),
            "this is no answer of ListUnits: {answer}"
        );
        let units = strings
            .chunks(STRINGS_EACH)
            .map(|unit| (unit[0].clone(), State { active: unit[3].clone(), sub: unit[4].clone() }))
            .filter(|(name, state)| {
                state.active != "inactive" && !FOREIGN_TYPES.iter().any(|kind| name.ends_with(kind))
            })
            .collect();
        Self { units }
    }

    /// The state of a unit.
    pub fn state(&self, unit: &str) -> State {
        self.units.get(unit).cloned().unwrap_or_else(State::inactive)
    }

    /// Whether a unit is active.
    pub fn is_active(&self, unit: &str) -> bool {
        self.state(unit).active == "active"
    }

    /// Units that are neither inactive nor accounted for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.units.keys().map(String::as_str)
    }

    /// Whether a job is under way.
    pub fn is_changing(&self) -> bool {
        self.units.values().any(|state| state.active.ends_with("ing"))
    }

    /// What differs, one line each, without the exceptions.
    pub fn differences(&self, reference: &Self, exceptions: &[Exception<'_>]) -> Vec<String> {
        let mut names: Vec<_> = self.units.keys().chain(reference.units.keys()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .filter(|name| !exceptions.iter().any(|(unit, _)| matches(unit, name)))
            .filter(|name| self.state(name) != reference.state(name))
            .map(|name| format!("{name}: {}, in the reference {}", self.state(name), reference.state(name)))
            .collect()
    }

    /// Exceptions that no unit of either table needs.
    pub fn unused<'e>(&self, reference: &Self, exceptions: &[Exception<'e>]) -> Vec<&'e str> {
        exceptions
            .iter()
            .map(|(unit, _)| *unit)
            .filter(|unit| {
                !self
                    .units
                    .keys()
                    .chain(reference.units.keys())
                    .any(|name| matches(unit, name) && self.state(name) != reference.state(name))
            })
            .collect()
    }
}

/// Whether a unit is the exception's, which may end in `*`.
fn matches(exception: &str, name: &str) -> bool {
    match exception.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => exception == name,
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, state) in &self.units {
            writeln!(formatter, "{name:<52} {state}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(units: &[(&str, &str, &str)]) -> Table {
        let rows: Vec<_> = units
            .iter()
            .map(|(name, active, sub)| {
                format!("('{name}', \"it's\", 'loaded', '{active}', '{sub}', '', '/o', 0, '', '/')")
            })
            .collect();
        Table::parse(&format!("([{}],)", rows.join(", ")))
    }

    #[test]
    fn a_unit_that_is_missing_counts_as_inactive() {
        let ours = table(&[("a.service", "active", "running")]);
        let theirs = table(&[("a.service", "active", "running"), ("b.target", "inactive", "dead")]);
        assert_eq!(ours.differences(&theirs, &[]), Vec::<String>::new());
    }

    #[test]
    fn other_states_differ_unless_excepted() {
        let ours = table(&[("a.service", "active", "running"), ("x-1.slice", "active", "active")]);
        let theirs = table(&[("a.service", "failed", "failed")]);
        assert_eq!(ours.differences(&theirs, &[]).len(), 2);
        let exceptions = [("a.service", "why"), ("x-*", "why"), ("c.service", "why")];
        assert_eq!(ours.differences(&theirs, &exceptions), Vec::<String>::new());
        assert_eq!(ours.unused(&theirs, &exceptions), ["c.service"]);
    }
}
