//! The conditions that a request for users or groups can state besides a name or an id.

mod distance;

use std::borrow::Cow;

use crate::record::{Record, RecordKind};
use crate::{Disposition, DispositionMask};
use distance::distance;

/// The largest id that is an id.
const ID_MAX: u32 = u32::MAX - 1;
/// A shorter needle is only searched for as it is: nearly every short name is near another one.
const FUZZY_MIN: usize = 5;
/// A longer one, too: comparing takes time that grows with the length, and no name is that long.
const FUZZY_MAX: usize = 256;
/// How far a name may be from the needle.
const FUZZY_DISTANCE: usize = 2;

/// Conditions on users or groups. All that are set have to hold; by default none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Any of these is in, or near, one of the texts. Empty means unset.
    pub fuzzy_names: Vec<String>,
    /// The disposition is one of these. `None` means unset, while the empty set matches nobody.
    pub disposition_mask: Option<DispositionMask>,
    /// The smallest uid or gid.
    pub id_min: u32,
    /// The largest uid or gid.
    pub id_max: u32,
    /// The UUID. The null UUID means unset, as in systemd.
    pub uuid: Option<u128>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { fuzzy_names: Vec::new(), disposition_mask: None, id_min: 0, id_max: ID_MAX, uuid: None }
    }
}

/// What a filter looks at, of a user or a group.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The uid or gid.
    pub id: Option<u32>,
    /// What fuzzy names are compared with: [`texts`], one on each line. None of them can hold a
    /// line break.
    pub texts: &'a str,
    /// The disposition.
    pub disposition: Option<Disposition>,
    /// The UUID.
    pub uuid: Option<u128>,
}

impl Filter {
    /// True if no condition is set, so that everybody matches.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// True if the user or group meets all conditions. One without an id fails only those that ask for one.
    pub fn matches(&self, candidate: Candidate<'_>) -> bool {
        self.matches_id(candidate.id)
            && self.matches_disposition(candidate.disposition)
            && self.uuid.is_none_or(|uuid| uuid == 0 || candidate.uuid == Some(uuid))
            && (self.fuzzy_names.is_empty() || is_near_any(&self.fuzzy_names, candidate.texts))
    }

    /// As [`Filter::matches`].
    pub fn matches_record<K: RecordKind>(&self, record: &Record<K>) -> bool {
        let (id, disposition, uuid) = (record.id(), record.disposition(), record.uuid());
        self.matches(Candidate { id, texts: &texts(record), disposition, uuid })
    }

    fn matches_id(&self, id: Option<u32>) -> bool {
        match id {
            Some(id) => (self.id_min..=self.id_max).contains(&id),
            None => self.id_min == 0 && self.id_max >= ID_MAX,
        }
    }

    fn matches_disposition(&self, disposition: Option<Disposition>) -> bool {
        match self.disposition_mask {
            None | Some(DispositionMask::ALL) => true,
            Some(mask) => disposition.is_some_and(|disposition| mask.contains(disposition)),
        }
    }
}

/// What fuzzy names are compared with: name, name@realm, real name, mail address and CIFS name of a user or the description
/// of a group, aliases; one on each line.
pub fn texts<K: RecordKind>(record: &Record<K>) -> String {
    let mut texts = String::from(record.name());
    if let Some(realm) = record.realm() {
        texts.extend(["\n", record.name(), "@", realm]);
    }
    for text in K::descriptions(record).chain(record.aliases().into_iter().map(Cow::from)) {
        add_line(&mut texts, &text);
    }
    texts
}

/// Adds a line, unless it is the first one again, as the real name often is.
fn add_line(texts: &mut String, line: &str) {
    if texts.lines().next() != Some(line) {
        texts.push('\n');
        texts.push_str(line);
    }
}

fn is_near_any(needles: &[String], texts: &str) -> bool {
    let texts = texts.to_ascii_lowercase();
    needles.iter().any(|needle| {
        let needle = needle.to_ascii_lowercase();
        texts.split('\n').any(|text| {
            text.contains(&needle)
                || ((FUZZY_MIN..=FUZZY_MAX).contains(&needle.len())
                    && distance(needle.as_bytes(), text.as_bytes(), FUZZY_DISTANCE).is_some())
        })
    })
}
