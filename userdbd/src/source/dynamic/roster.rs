//! Who is in the pools and on loan right now, as a part of the index.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use userdb::{GroupRecord, Host, Sections, UserRecord};

use super::assignment::assign;
use super::pool::Pool;
use crate::index::entry::Entry;
use crate::index::table::Listing;
use crate::index::{Kind, Source, membership};
use crate::lending::loan::Loan;
use crate::listen::DYNAMIC_USER;
use crate::source::FileProblem;

/// By pool, the names that do not have the uid of their number, and the uid that they have.
pub type Moved = BTreeMap<String, BTreeMap<String, u32>>;

/// What pools have to fit into.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// passwd and group.
    pub accounts: &'a Source,
    /// The userdb directories, without what takes names of pools.
    pub drop_ins: &'a Source,
    /// This host.
    pub host: &'a Host,
    /// What homes are below.
    pub root: &'a Path,
}

/// The users of pools.
#[derive(Debug, Default)]
pub struct Roster {
    /// Their records, the groups that they have for themselves, and who is in which group.
    pub source: Source,
    members: HashMap<Box<str>, Member>,
    pools: Vec<Arc<Pool>>,
}

/// What is known of a user besides the record.
#[derive(Debug)]
struct Member {
    pool: Option<Arc<Pool>>,
    /// Exists while somebody uses the user. None when homes tell nothing.
    home: Option<PathBuf>,
    lent: bool,
}

impl Roster {
    /// The pools.
    pub fn pools(&self) -> &[Arc<Pool>] {
        &self.pools
    }

    /// Whether the user is lent, or its home is there.
    pub fn is_in_use(&self, user: &str) -> bool {
        self.members.get(user).is_some_and(|member| {
            member.lent || member.home.as_ref().is_some_and(|home| home.symlink_metadata().is_ok())
        })
    }

    /// The service that a user's pool leaves its names to while the service runs.
    pub fn service_of(&self, user: &str) -> Option<&str> {
        let member = self.members.get(user)?;
        if member.lent { None } else { member.pool.as_ref()?.service.as_deref() }
    }

    /// Whether another service may not come with this name and id.
    pub fn refuses(&self, kind: Kind, name: &str, id: Option<u32>, service: &str) -> bool {
        let is_the_services = |pool: &Pool| pool.service.as_deref() == Some(service);
        let entries =
            [self.source.table(kind).by_name(name), id.and_then(|id| self.source.table(kind).by_id(id))];
        let taken = entries.into_iter().flatten().any(|entry| self.service_of(&entry.name) != Some(service));
        let is_of_a_pool = |pool: &Arc<Pool>| pool.number_of(name).is_some() && !is_the_services(pool);
        taken || (kind == Kind::User && self.pools.iter().any(is_of_a_pool))
    }
}

/// Puts a roster together. Also says what is wrong, and which names have moved.
pub fn roster(
    pools: &[Arc<Pool>],
    kept: &Moved,
    loans: &[Loan],
    around: Surroundings<'_>,
) -> (Roster, Vec<FileProblem>, Moved) {
    let mut building = Building {
        around,
        roster: Roster { pools: pools.to_vec(), ..Roster::default() },
        memberships: membership::Builder::default(),
        problems: Vec::new(),
    };
    let mut moved = Moved::new();
    for loan in loans {
        building.add_loan(loan, pools.iter().find(|pool| pool.id == loan.pool));
    }
    for pool in pools {
        let kept = kept.get(&pool.id).cloned().unwrap_or_default();
        let now = building.add_pool(pool, kept, loans);
        if !now.is_empty() {
            moved.insert(pool.id.clone(), now);
        }
    }
    building.roster.source.memberships = building.memberships.finish();
    (building.roster, building.problems, moved)
}

struct Building<'a> {
    around: Surroundings<'a>,
    roster: Roster,
    memberships: membership::Builder,
    problems: Vec<FileProblem>,
}

/// A user, and the group that it is in by its record.
struct NewUser<'a> {
    name: &'a str,
    uid: u32,
    /// None: its own.
    group: Option<(&'a str, u32)>,
    groups: &'a [String],
    real_name: Option<&'a str>,
    home: &'a str,
    shell: &'a str,
    locked: bool,
}

impl Building<'_> {
    fn add_loan(&mut self, loan: &Loan, pool: Option<&Arc<Pool>>) {
        let member = Member { pool: pool.cloned(), home: None, lent: true };
        self.add(&NewUser::of_loan(loan), member);
    }

    /// Adds the users that a pool always has. Returns the names that have moved.
    fn add_pool(
        &mut self,
        pool: &Arc<Pool>,
        kept: BTreeMap<String, u32>,
        loans: &[Loan],
    ) -> BTreeMap<String, u32> {
        if pool.base.is_none() {
            return BTreeMap::new();
        }
        let Ok(group) = self.primary_group(pool) else { return kept };
        let groups = self.existing_groups(pool);
        let mut fixed: BTreeMap<u32, u32> =
            kept.iter().filter_map(|(name, uid)| Some((pool.number_of(name)?, *uid))).collect();
        for loan in loans.iter().filter(|loan| loan.pool == pool.id) {
            if let Some(number) = pool.number_of(&loan.user_name)
                && loan.uid != pool.uids.start() + (number - 1)
            {
                fixed.insert(number, loan.uid);
            }
        }
        let around = self.around;
        let holder = |uid: u32| holder(around, pool, uid);
        let is_lent_elsewhere = |uid: u32| loans.iter().any(|loan| loan.uid == uid && loan.pool != pool.id);
        let assignment = assign(&pool.uids, &fixed, |uid| holder(uid).is_some() || is_lent_elsewhere(uid));
        for number in 1..=pool.size() {
            let Some(name) = pool.name_of(number) else { continue };
            if around.accounts.users.by_name(&name).is_some() {
                // Somebody has made an account for it, and accounts come first.
                continue;
            }
            let uid = assignment.uids.get(&number).copied();
            let own = pool.uids.start() + (number - 1);
            if let Some(holder) = holder(own) {
                let instead = match uid {
                    Some(uid) => format!("{name:?} has {uid} instead"),
                    None => format!("there is none left for {name:?}"),
                };
                self.problem(pool, "uids", format!("{own} belongs to {holder:?} already; {instead}"));
            }
            let Some(uid) = uid else { continue };
            let home = pool.home.of(&name, uid);
            let path = pool.home.is_of_one_user().then(|| below(around.root, &home));
            let user = NewUser {
                name: &name,
                uid,
                group: group.as_ref().map(|(name, gid)| (&**name, *gid)),
                groups: &groups,
                real_name: pool.real_name.as_deref(),
                home: &home,
                shell: &pool.shell,
                locked: pool.locked,
            };
            // A loan of this name is there already, and stays as it is.
            self.add(&user, Member { pool: Some(Arc::clone(pool)), home: path, lent: false });
        }
        let moved = assignment.moved.iter();
        moved.filter_map(|(number, uid)| Some((pool.name_of(*number)?, *uid))).collect()
    }

    /// The primary group of a pool's users. An error when it does not exist: then the pool has no users, since what they
    /// are for is not installed.
    fn primary_group(&mut self, pool: &Pool) -> Result<Option<(String, u32)>, ()> {
        let Some(name) = &pool.group else { return Ok(None) };
        match self.gid(name) {
            Some(gid) => Ok(Some((name.clone(), gid))),
            None => {
                self.missing(pool, "group", format!("{name:?} does not exist, so the pool has no users"));
                Err(())
            }
        }
    }

    fn existing_groups(&mut self, pool: &Pool) -> Vec<String> {
        let (there, missing): (Vec<_>, Vec<_>) =
            pool.groups.iter().cloned().partition(|name| self.gid(name).is_some());
        for name in missing {
            self.missing(pool, "groups", format!("{name:?} does not exist; ignored"));
        }
        there
    }

    fn gid(&self, name: &str) -> Option<u32> {
        let of = |source: &Source| source.groups.by_name(name)?.id;
        of(self.around.accounts).or_else(|| of(self.around.drop_ins))
    }

    fn problem(&mut self, pool: &Pool, field: &str, message: String) {
        self.problems.push(FileProblem { path: pool.path.clone(), place: Some(field.into()), message });
    }

    /// A package's pool may be for something that is not installed.
    fn missing(&mut self, pool: &Pool, field: &str, message: String) {
        if pool.shipped {
            tracing::debug!("{}: {field}: {message}", pool.path.display());
        } else {
            self.problem(pool, field, message);
        }
    }

    fn add(&mut self, user: &NewUser<'_>, member: Member) {
        let host = self.around.host;
        if self.roster.source.users.by_own_name(user.name).is_some() {
            return;
        }
        let Some(record) = user.record(host) else { return };
        self.roster.source.users.add(Arc::new(Entry::of(&record, false)), Listing::Everywhere);
        match user.group {
            Some((group, _)) => self.memberships.add(user.name, group),
            None => self.add_own_group(user),
        }
        user.groups.iter().for_each(|group| self.memberships.add(user.name, group));
        self.roster.members.insert(user.name.into(), member);
    }

    fn add_own_group(&mut self, user: &NewUser<'_>) {
        let mut json = Map::new();
        json.insert("groupName".into(), user.name.into());
        json.insert("gid".into(), user.uid.into());
        json.insert("disposition".into(), "dynamic".into());
        if let Ok(loaded) = GroupRecord::load(json, self.around.host, Sections::SERVICE) {
            let mut record = loaded.record;
            record.set_service_label(DYNAMIC_USER, self.around.host);
            self.roster.source.groups.add(Arc::new(Entry::of(&record, false)), Listing::Everywhere);
        }
    }
}

/// The record of a user that is lent.
pub fn record_of_loan(loan: &Loan, host: &Host) -> Option<UserRecord> {
    NewUser::of_loan(loan).record(host)
}

impl<'a> NewUser<'a> {
    fn of_loan(loan: &'a Loan) -> Self {
        Self {
            name: &loan.user_name,
            uid: loan.uid,
            group: loan.group_name.as_deref().map(|name| (name, loan.gid)),
            groups: &loan.groups,
            real_name: loan.real_name.as_deref(),
            home: &loan.home_directory,
            shell: &loan.shell,
            locked: loan.locked,
        }
    }

    fn record(&self, host: &Host) -> Option<UserRecord> {
        let mut record = UserRecord::load(self.to_json(), host, Sections::SERVICE).ok()?.record;
        record.set_service_label(DYNAMIC_USER, host);
        Some(record)
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut json = Map::new();
        let mut set = |field: &str, value: Value| drop(json.insert(field.into(), value));
        set("userName", self.name.into());
        set("uid", self.uid.into());
        set("gid", self.group.map_or(self.uid, |(_, gid)| gid).into());
        if let Some(real_name) = self.real_name {
            set("realName", real_name.into());
        }
        set("homeDirectory", self.home.into());
        set("shell", self.shell.into());
        set("disposition", "dynamic".into());
        if self.locked {
            set("locked", true.into());
        }
        json
    }
}

/// Who else has a uid of a pool, or the gid of a group that the pool would make.
pub fn holder(around: Surroundings<'_>, pool: &Pool, uid: u32) -> Option<String> {
    let of = |source: &Source| {
        let user = source.users.by_id(uid);
        let group = if pool.group.is_none() { source.groups.by_id(uid) } else { None };
        user.or(group).map(|entry| entry.name.to_string())
    };
    of(around.accounts).or_else(|| of(around.drop_ins))
}

/// Where a path is below the root.
pub fn below(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}
