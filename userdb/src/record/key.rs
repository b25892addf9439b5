//! What one record is looked up by.

use serde_json::Value;

use super::{Kind, Record, RecordKind};
use crate::{id, name};

/// What one record is looked up by.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// A name or an alias, with or without the realm.
    Name(&'a str),
    /// A uid or gid.
    Id(u32),
}

impl Key<'_> {
    /// Whether any record can have it.
    pub fn is_possible(self) -> bool {
        match self {
            Self::Name(name) => name::is_valid_relaxed(name),
            Self::Id(id) => id::is_valid(id),
        }
    }

    /// The field of a record and parameter of a request that holds it, and the value.
    pub fn field(self, kind: Kind) -> (String, Value) {
        match self {
            Self::Name(name) => (kind.name_field().to_owned(), name.into()),
            Self::Id(id) => (kind.id_field().to_owned(), id.into()),
        }
    }
}

impl<K: RecordKind> Record<K> {
    /// True if the account is found by this key.
    pub fn has(&self, key: Key<'_>) -> bool {
        match key {
            Key::Name(name) => self.matches_name(name),
            Key::Id(id) => self.id() == Some(id),
        }
    }
}
