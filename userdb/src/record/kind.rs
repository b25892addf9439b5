//! Users and groups: what is different about their records.

use std::borrow::Cow;

use super::Record;
use super::schema::Field;
use crate::Disposition;

/// User records or group records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Records of users.
    User,
    /// Records of groups.
    Group,
}

impl Kind {
    /// The field that holds the name.
    pub const fn name_field(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "groupName",
        }
    }

    /// The field that holds the uid or gid.
    pub const fn id_field(self) -> &'static str {
        match self {
            Self::User => "uid",
            Self::Group => "gid",
        }
    }
}

/// A [`Kind`] as a type: [`User`](super::User) or [`Group`](super::Group).
pub trait RecordKind: Sized {
    /// Which it is.
    const KIND: Kind;
    /// Which fields exist.
    const FIELDS: &'static [Field];

    /// What kind of account it is, if the record does not say so itself.
    fn disposition(record: &Record<Self>) -> Option<Disposition>;

    /// Texts besides names that people look for.
    fn descriptions(record: &Record<Self>) -> impl Iterator<Item = Cow<'_, str>>;
}
