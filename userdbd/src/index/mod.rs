//! All records that are known without asking anybody, as one unchanging whole. A new one replaces it when something changes.

pub mod entry;
pub mod membership;
pub mod table;

use std::sync::Arc;

use entry::Entry;
use membership::Memberships;
use table::Table;

/// What one source knows.
#[derive(Debug, Default)]
pub struct Source {
    /// User records.
    pub users: Table,
    /// Group records.
    pub groups: Table,
    /// Who is in which group.
    pub memberships: Memberships,
}

/// User records or group records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `GetUserRecord`
    User,
    /// `GetGroupRecord`
    Group,
}

impl Source {
    /// The records of one kind.
    pub fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }
}

/// Everything. The fields are in the order of precedence.
#[derive(Debug, Default)]
pub struct Index {
    /// passwd, group, shadow, gshadow.
    pub accounts: Arc<Source>,
    /// The JSON records in the userdb directories.
    pub drop_ins: Arc<Source>,
    /// root and nobody, where no file names them.
    pub synthetic: Arc<Source>,
    /// Which NSS modules know more.
    pub switch: Arc<crate::source::nss::switch::Switch>,
    /// The host that the records were read for.
    pub host: userdb::Host,
}

impl Index {
    /// The record that a name belongs to on this host, whatever other services say.
    pub fn local_by_name(&self, kind: Kind, name: &str) -> Option<&Arc<Entry>> {
        self.sources().into_iter().find_map(|source| source.table(kind).by_name(name))
    }

    /// The record that a uid or gid belongs to on this host, whatever other services say.
    pub fn local_by_id(&self, kind: Kind, id: u32) -> Option<&Arc<Entry>> {
        self.sources().into_iter().find_map(|source| source.table(kind).by_id(id))
    }

    /// The sources in their order of precedence.
    pub fn sources(&self) -> [&Source; 3] {
        [&self.accounts, &self.drop_ins, &self.synthetic]
    }
}
