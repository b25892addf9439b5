//! Where records come from.

pub mod accounts;
pub mod async_watcher;
pub mod backend;
pub mod backends;
pub mod dropin;
pub mod dynamic;
pub mod link;
pub mod nss;
pub mod slots;
pub mod watch;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use userdb::Host;
use userdb::id::NOBODY;
use userdb::synthetic::{NO_NOBODY_FILE, group_by_gid, user_by_uid};

use crate::index::entry::Entry;
use crate::index::table::{Listing, Table};
use crate::index::{Index, Kind, Source};
use crate::lending::loan::Loan;
use crate::state_directory::StateDirectory;
use dropin::DropIns;
use dynamic::Dynamic;
use dynamic::roster::Surroundings;

/// Something wrong in a file. The rest of what was read is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, or the field.
    pub place: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for FileProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: ", self.path.display())?;
        if let Some(place) = &self.place {
            write!(formatter, "{place}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

/// The files of one root, as they were read last.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    host: Host,
    accounts: Arc<Source>,
    switch: Arc<nss::switch::Switch>,
    account_problems: Vec<FileProblem>,
    drop_ins: DropIns,
    dynamic: Dynamic,
    /// Problems that were reported already; each is said once.
    reported: std::cell::RefCell<HashSet<String>>,
}

impl Sources {
    /// Reads everything below `root`. What has to be remembered is kept in `state`, if anything is.
    pub fn read(root: &Path, state: Option<Arc<StateDirectory>>) -> Self {
        let host = Host::read(root);
        let (accounts, account_problems) = accounts::read(root, &host);
        let drop_ins = DropIns::read(root, &host);
        let dynamic = Dynamic::read(root, state);
        Self {
            root: root.to_owned(),
            host,
            accounts: Arc::new(accounts),
            switch: Arc::new(nss::switch::Switch::read(root)),
            account_problems,
            drop_ins,
            dynamic,
            reported: Default::default(),
        }
    }

    /// Reads everything again.
    pub fn read_everything(&mut self) {
        let reported = std::mem::take(&mut self.reported);
        let root = std::mem::take(&mut self.root);
        let (state, loans) = self.dynamic.memory();
        *self = Self { reported, ..Self::read(&root, state) };
        self.dynamic.set_loans(loans);
    }

    /// Reads the pools again.
    pub fn read_pools(&mut self) {
        self.dynamic.read_pools(&self.root);
    }

    /// Says which users are lent now.
    pub fn set_loans(&mut self, loans: Arc<[Loan]>) {
        self.dynamic.set_loans(loans);
    }

    /// Reads passwd, group, shadow and gshadow again, nsswitch.conf, and what identifies the host.
    pub fn read_accounts(&mut self) {
        if Host::read(&self.root) != self.host {
            // Which sections of the records count may have changed.
            self.read_everything();
            return;
        }
        let (accounts, problems) = accounts::read(&self.root, &self.host);
        self.accounts = Arc::new(accounts);
        self.account_problems = problems;
        self.switch = Arc::new(nss::switch::Switch::read(&self.root));
    }

    /// Reads again what belongs to one file of a userdb directory.
    pub fn read_drop_in(&mut self, directory: usize, file: &OsStr) {
        self.drop_ins.read_file(directory, file, &self.host);
    }

    /// Whether a tool that edits passwd and its kin is at work.
    pub fn accounts_are_locked(&self) -> bool {
        accounts::are_locked(&self.root)
    }

    /// Files outside the userdb directories that links in them lead to.
    pub fn link_targets(&self) -> HashSet<PathBuf> {
        self.drop_ins.link_targets()
    }

    /// All that is wrong, as of the last [`Sources::index`].
    pub fn problems(&self) -> Vec<FileProblem> {
        let mut problems = self.account_problems.clone();
        problems.extend(self.drop_ins.problems());
        problems.extend(self.dynamic.problems().cloned());
        problems
    }

    /// Logs what is wrong and was not before.
    pub fn report_problems(&self) {
        let problems: HashSet<String> = self.problems().iter().map(ToString::to_string).collect();
        for problem in problems.difference(&self.reported.borrow()) {
            tracing::warn!("{problem}");
        }
        self.reported.replace(problems);
    }

    /// What is served from these files.
    pub fn index(&mut self) -> Index {
        let dynamic = &mut self.dynamic;
        let drop_ins = self.drop_ins.source(&|name| dynamic.owner_of(name));
        let around = Surroundings {
            accounts: &self.accounts,
            drop_ins: &drop_ins,
            host: &self.host,
            root: &self.root,
        };
        let roster = dynamic.roster(around);
        let synthetic = self.synthetic(&[&self.accounts, &roster.source, &drop_ins]);
        Index {
            accounts: Arc::clone(&self.accounts),
            dynamic: Arc::new(roster),
            drop_ins: Arc::new(drop_ins),
            synthetic: Arc::new(synthetic),
            switch: Arc::clone(&self.switch),
            host: self.host.clone(),
        }
    }

    /// root and nobody, unless a file has their name or id.
    fn synthetic(&self, files: &[&Source]) -> Source {
        let nobody = (!self.root.join(NO_NOBODY_FILE).exists()).then_some(NOBODY);
        let ids = || std::iter::once(0).chain(nobody);
        let mut source = Source::default();
        for mut record in ids().filter_map(user_by_uid) {
            record.set_service_label(accounts::LABEL, &self.host);
            add_unless_known(&mut source.users, files, Kind::User, Entry::of(&record, false));
        }
        for mut record in ids().filter_map(group_by_gid) {
            record.set_service_label(accounts::LABEL, &self.host);
            add_unless_known(&mut source.groups, files, Kind::Group, Entry::of(&record, false));
        }
        source
    }
}

fn add_unless_known(table: &mut Table, files: &[&Source], kind: Kind, entry: Entry) {
    let known = |source: &&Source| {
        let table = source.table(kind);
        table.by_name(&entry.name).is_some() || entry.id.is_some_and(|id| table.by_id(id).is_some())
    };
    if !files.iter().any(known) {
        table.add(Arc::new(entry), Listing::Everywhere);
    }
}
