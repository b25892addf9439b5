//! Lines of group(5).

use std::fmt;

use serde_json::{Value, json};

use super::field::Fields;
use super::{GshadowEntry, SEE_SHADOW, looks_like_hash};
use crate::GroupRecord;
use crate::record::Object;

/// A line of group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// The group name.
    pub name: String,
    /// What stands in the place of the hash: mostly `x`.
    pub password: String,
    /// The gid.
    pub gid: u32,
    /// The members, as they stand there.
    pub members: Vec<String>,
}

pub(super) fn parse(fields: &mut Fields<'_>) -> Result<GroupEntry, String> {
    Ok(GroupEntry {
        name: fields.name()?,
        password: fields.text("password"),
        gid: fields.id("gid")?,
        members: fields.last_names(),
    })
}

impl GroupEntry {
    /// The record of the group, with what the gshadow file knows.
    pub fn to_record(&self, gshadow: Option<&GshadowEntry>) -> GroupRecord {
        let mut json = Object::new();
        let mut set = |field: &str, value: Value| json.insert(field.to_owned(), value);
        set("groupName", self.name.as_str().into());
        set("gid", self.gid.into());
        let mut members = self.members.clone();
        for member in gshadow.iter().flat_map(|g| &g.members) {
            if !members.contains(member) {
                members.push(member.clone());
            }
        }
        if !members.is_empty() {
            set("members", members.into());
        }
        if let Some(gshadow) = gshadow {
            if let Some(hash) = gshadow.hash.as_deref().filter(|hash| looks_like_hash(hash)) {
                set("privileged", json!({"hashedPassword": [hash]}));
            }
            if !gshadow.administrators.is_empty() {
                set("administrators", gshadow.administrators.clone().into());
            }
        }
        GroupRecord::from_own(json)
    }

    /// The line for a record. `None` for a record without a gid.
    pub fn from_record(group: &GroupRecord) -> Option<Self> {
        Some(Self {
            name: group.name().to_owned(),
            password: SEE_SHADOW.to_owned(),
            gid: group.gid()?,
            members: group.members().into_iter().map(str::to_owned).collect(),
        })
    }
}

impl fmt::Display for GroupEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, password, gid, members } = self;
        write!(f, "{name}:{password}:{gid}:{}", members.join(","))
    }
}
