//! Group records.

use std::borrow::Cow;

use super::rule::string::mangle_gecos;
use super::schema::{Field, GROUP};
use super::{Kind, Record, RecordKind};
use crate::Disposition;

/// Groups, as a kind of records.
#[derive(Clone, Copy, Debug)]
pub enum Group {}

/// A group record.
pub type GroupRecord = Record<Group>;

impl RecordKind for Group {
    const KIND: Kind = Kind::Group;
    const FIELDS: &'static [Field] = GROUP;

    fn disposition(group: &GroupRecord) -> Option<Disposition> {
        group.gid().map(Disposition::of_gid)
    }

    fn descriptions(group: &GroupRecord) -> impl Iterator<Item = Cow<'_, str>> {
        group.description().into_iter()
    }
}

impl GroupRecord {
    /// The gid.
    pub fn gid(&self) -> Option<u32> {
        self.id()
    }

    /// The description, if there is one, as one line.
    pub fn description(&self) -> Option<Cow<'_, str>> {
        self.layers.str("description").map(mangle_gecos)
    }

    /// The members, by the record.
    pub fn members(&self) -> Vec<&str> {
        self.layers.names("members")
    }

    /// Who may change the members.
    pub fn administrators(&self) -> Vec<&str> {
        self.layers.names("administrators")
    }
}
