//! The users or the groups of one source, by name and by id.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::entry::Entry;

/// Records of one source. Of several with the same name or id the first one is found by it.
#[derive(Debug, Default)]
pub struct Table {
    entries: Vec<Arc<Entry>>,
    by_name: HashSet<ByName>,
    /// Apart from the names, so that no alias can take the place of somebody's own name.
    by_other_name: HashMap<Box<str>, Arc<Entry>>,
    by_id: HashMap<u32, Arc<Entry>>,
    /// Places of entries that are found by name only.
    unlisted: HashSet<usize>,
}

/// An entry as the key that its name is, so that the name is not kept twice.
#[derive(Debug)]
struct ByName(Arc<Entry>);

impl Borrow<str> for ByName {
    fn borrow(&self) -> &str {
        &self.0.name
    }
}

impl Hash for ByName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for ByName {}

/// How an entry can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// By name, by id, and when all are listed.
    Everywhere,
    /// By name only: an administrator has masked the id.
    ByName,
}

impl Table {
    /// Adds a record, which is found by whatever of its names and id no earlier one has.
    pub fn add(&mut self, entry: Arc<Entry>, listing: Listing) {
        let place = self.entries.len();
        if !self.by_name.contains(&*entry.name) {
            self.by_name.insert(ByName(Arc::clone(&entry)));
        }
        for name in &entry.other_names {
            self.by_other_name.entry(name.clone()).or_insert_with(|| Arc::clone(&entry));
        }
        match (listing, entry.id) {
            (Listing::Everywhere, Some(id)) => {
                self.by_id.entry(id).or_insert_with(|| Arc::clone(&entry));
            }
            // Clients cannot do anything with a list entry that has no id.
            (Listing::Everywhere, None) | (Listing::ByName, _) => drop(self.unlisted.insert(place)),
        }
        self.entries.push(entry);
    }

    /// The record that has this name for its own, and not as an alias.
    pub fn by_own_name(&self, name: &str) -> Option<&Arc<Entry>> {
        self.by_name.get(name).map(|ByName(entry)| entry)
    }

    /// The record with this name, alias, or either with the realm.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Entry>> {
        self.by_own_name(name).or_else(|| self.by_other_name.get(name))
    }

    /// The record with this uid or gid.
    pub fn by_id(&self, id: u32) -> Option<&Arc<Entry>> {
        self.by_id.get(&id)
    }

    /// The listed record at a place, for walking through all: `None` past the end, `Some(None)` for one that is not listed.
    pub fn at(&self, place: usize) -> Option<Option<&Arc<Entry>>> {
        let entry = self.entries.get(place)?;
        Some(if self.unlisted.contains(&place) { None } else { Some(entry) })
    }

    /// All records, also those that are not listed.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }
}
