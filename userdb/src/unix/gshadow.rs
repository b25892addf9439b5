//! Lines of gshadow(5).

use std::fmt;

use super::LOCKED_AND_INVALID;
use super::field::Fields;
use crate::GroupRecord;

/// A line of gshadow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GshadowEntry {
    /// The group name.
    pub name: String,
    /// The hash, or what locks the group. `None` if the file's was no text.
    pub hash: Option<String>,
    /// Who may change the members.
    pub administrators: Vec<String>,
    /// The members.
    pub members: Vec<String>,
}

pub(super) fn parse(fields: &mut Fields<'_>) -> Result<GshadowEntry, String> {
    Ok(GshadowEntry {
        name: fields.name()?,
        hash: fields.hash(),
        administrators: fields.names(),
        members: fields.last_names(),
    })
}

impl GshadowEntry {
    /// The line for a record. Without a hash the group has no password that anybody could give.
    pub fn from_record(group: &GroupRecord) -> Self {
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        Self {
            name: group.name().to_owned(),
            hash: Some((*group.hashed_passwords().first().unwrap_or(&LOCKED_AND_INVALID)).to_owned()),
            administrators: owned(group.administrators()),
            members: owned(group.members()),
        }
    }
}

impl fmt::Display for GshadowEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = self.hash.as_deref().unwrap_or(LOCKED_AND_INVALID);
        write!(f, "{}:{hash}:{}:{}", self.name, self.administrators.join(","), self.members.join(","))
    }
}
