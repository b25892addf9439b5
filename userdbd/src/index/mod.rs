//! All records that are known without asking anybody, as one unchanging whole. A new one replaces it when something changes.

pub mod entry;
pub mod membership;
pub mod table;

use std::sync::Arc;

pub use userdb::Kind;

use entry::Entry;
use membership::Memberships;
use table::Table;

use crate::source::dynamic::roster::Roster;

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
    /// The users of pools, and those that are lent.
    pub dynamic: Arc<Roster>,
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
    pub fn sources(&self) -> [&Source; 4] {
        [&self.accounts, &self.dynamic.source, &self.drop_ins, &self.synthetic]
    }

    /// Whether a record of another service has a name or id that is not for it to have: `name` or `id`.
    pub fn refuses(&self, kind: Kind, name: &str, id: Option<u32>, service: &str) -> Option<&'static str> {
        let known = |source: &&Source| source.table(kind).by_name(name).is_some();
        let known_id = |source: &&Source| id.is_some_and(|id| source.table(kind).by_id(id).is_some());
        let fixed: [&Source; 3] = [&self.accounts, &self.drop_ins, &self.synthetic];
        if fixed.iter().any(known) || self.dynamic.refuses(kind, name, None, service) {
            Some("name")
        } else if fixed.iter().any(known_id) || self.dynamic.refuses(kind, name, id, service) {
            Some("id")
        } else {
            None
        }
    }
}
