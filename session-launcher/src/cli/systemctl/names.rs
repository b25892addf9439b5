//! Names of units on the command line.

use super::Result;
use super::failure::Failure;
use crate::client::Manager;
use crate::unit::shell_pattern;

/// Whether a word is a pattern.
pub fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?', '['])
}

/// A name with its type: a service's if none is given.
pub fn complete(word: &str) -> Result<String> {
    let name = crate::cli::units::unit_name(word).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(name.as_str().to_owned())
}

/// A pattern with a type: services if none is given, as for names.
fn complete_pattern(word: &str) -> String {
    let has_type = word.rsplit_once('.').is_some_and(|(_, suffix)| {
        is_pattern(suffix) || crate::unit::name::UnitKind::from_suffix(suffix).is_some()
    });
    if has_type || word.ends_with('*') { word.to_owned() } else { format!("{word}.service") }
}

/// Completes names, and replaces patterns by the units in memory that match.
pub async fn expand(manager: &Manager, words: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for word in words.iter().filter(|word| !is_pattern(word)) {
        names.push(complete(word)?);
    }
    let patterns: Vec<String> =
        words.iter().filter(|word| is_pattern(word)).map(|word| complete_pattern(word)).collect();
    if !patterns.is_empty() {
        let failed = |error| Failure::call("Failed to list units", error);
        let units = manager.list_units(&[], &[]).await.map_err(failed)?;
        let matches = |name: &str| patterns.iter().any(|pattern| shell_pattern::matches(pattern, name));
        names.extend(units.into_iter().map(|unit| unit.name).filter(|name| matches(name)));
    }
    Ok(names)
}
