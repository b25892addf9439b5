//! Which user a borrower gets: the pool, the name and the uid.

use std::collections::HashSet;
use std::sync::Arc;

use super::interface::{LendError, Wish};
use super::loan::Loan;
use crate::index::{Index, Kind};
use crate::source::dynamic::pool::{Pool, numbered};

/// What may not be chosen, besides what the index knows.
#[derive(Debug, Default)]
pub struct Taken {
    /// Names that other services have, or whose homes are there.
    pub names: HashSet<String>,
    /// Uids of running processes, and those that other services have.
    pub uids: HashSet<u32>,
}

/// The pool that a borrower means.
///
/// # Errors
/// When there is none.
pub fn pool(index: &Index, wish: &Wish) -> Result<Arc<Pool>, LendError> {
    let pools = index.dynamic.pools();
    let lends = |pool: &&Arc<Pool>| pool.lend;
    let found = match (&wish.pool, &wish.base_name) {
        (Some(id), _) => pools.iter().filter(lends).find(|pool| pool.id == *id),
        (None, Some(base)) => {
            let named = pools.iter().find(|pool| pool.base.as_ref() == Some(base));
            named.filter(lends).or_else(|| {
                if named.is_some() {
                    return None;
                }
                pools.iter().filter(lends).find(|pool| pool.base.is_none())
            })
        }
        (None, None) => return Err(LendError::InvalidParameter("pool")),
    };
    let pool = found.cloned().ok_or(LendError::NoSuchPool)?;
    match (&pool.base, &wish.base_name) {
        (Some(own), Some(asked)) if own != asked => Err(LendError::InvalidParameter("baseName")),
        (None, None) => Err(LendError::InvalidParameter("baseName")),
        (None, Some(base)) if pools.iter().any(|other| other.number_of(base).is_some()) => {
            Err(LendError::NameTaken)
        }
        _ => Ok(pool),
    }
}

/// The first user of the pool that nobody has.
pub fn user(
    index: &Index,
    pool: &Pool,
    base: Option<&str>,
    loans: &[Loan],
    taken: &Taken,
) -> Option<(String, u32)> {
    let is_free_name =
        |name: &str| !taken.names.contains(name) && !loans.iter().any(|loan| loan.user_name == name);
    let is_free_uid = |uid: u32| !taken.uids.contains(&uid) && !loans.iter().any(|loan| loan.uid == uid);
    if pool.base.is_some() {
        let names = (1..=pool.size()).filter_map(|number| pool.name_of(number));
        return names
            .filter(|name| is_free_name(name) && !index.dynamic.is_in_use(name))
            // Accounts have their names and uids for themselves.
            .filter(|name| index.accounts.users.by_name(name).is_none())
            .filter_map(|name| {
                let uid = index.dynamic.source.users.by_own_name(&name)?.id?;
                Some((name, uid))
            })
            .find(|(_, uid)| is_free_uid(*uid));
    }
    let knows_name = |name: &str| {
        index.local_by_name(Kind::User, name).is_some()
            || (pool.group.is_none() && index.local_by_name(Kind::Group, name).is_some())
    };
    let knows_uid = |uid: u32| {
        index.local_by_id(Kind::User, uid).is_some()
            || (pool.group.is_none() && index.local_by_id(Kind::Group, uid).is_some())
    };
    // One more name than there are uids is certainly enough, when that many are not taken by others.
    let most =
        pool.size().saturating_add(u32::try_from(taken.names.len()).unwrap_or(u32::MAX)).saturating_add(64);
    let name = (1..=most).map(|number| numbered(base.unwrap_or(&pool.id), number));
    let name = name.into_iter().find(|name| is_free_name(name) && !knows_name(name))?;
    // The same name gets the same uid whenever that is free, so that what it has left behind is its own.
    let first = hash(&name) % pool.size().max(1);
    let uids = (0..pool.size()).map(|step| pool.uids.start() + (first + step) % pool.size().max(1));
    let uid = uids.into_iter().find(|uid| is_free_uid(*uid) && !knows_uid(*uid))?;
    Some((name, uid))
}

/// FNV-1a: the same on every machine and in every version.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
