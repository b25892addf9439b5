//! `initgroups`: initgroups(3), getgrouplist(3).

use std::ffi::{c_char, c_int, c_long};

use libc::gid_t;

use super::entry::{Status, answer, name};
use crate::failure::Failure;
use crate::memberships::gids_of;
use crate::pool::DAEMON;

/// Accounts that are in no group but those of /etc/group, as in systemd's module: a program that becomes root must not wait
/// for the daemon.
const WITHOUT_GROUPS: [&str; 2] = ["root", userdb::synthetic::NOBODY];

/// The list of groups that the C library lets its modules add to, one after the other.
struct GroupList {
    /// How many are in the list.
    count: *mut c_long,
    /// How many there is memory for.
    size: *mut c_long,
    /// The list, made by malloc(3).
    groups: *mut *mut gid_t,
    /// How many there may be, if that is positive.
    limit: c_long,
}

/// # Safety
/// As glibc calls it: all pointers are valid, and the list was made by malloc(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_initgroups_dyn(
    user: *const c_char,
    primary: gid_t,
    count: *mut c_long,
    size: *mut c_long,
    groups: *mut *mut gid_t,
    limit: c_long,
    errno: *mut c_int,
) -> Status {
    let add_groups = || {
        // SAFETY: the C library passes a string.
        let user = unsafe { name(user)? };
        if WITHOUT_GROUPS.contains(&user) {
            return Err(Failure::NotFound);
        }
        let mut list = GroupList { count, size, groups, limit };
        for gid in gids_of(&DAEMON, user)? {
            // SAFETY: the C library passes valid pointers to its list.
            let has_room = unsafe { gid == primary || list.contains(gid) || list.push(gid)? };
            if !has_room {
                break;
            }
        }
        Ok(())
    };
    // SAFETY: the C library passes a valid pointer.
    unsafe { answer(errno, add_groups) }
}

impl GroupList {
    /// # Safety
    /// The pointers are valid.
    unsafe fn contains(&self, gid: gid_t) -> bool {
        // SAFETY: the list has `count` groups.
        unsafe {
            let count = usize::try_from(*self.count).unwrap_or(0);
            count > 0 && std::slice::from_raw_parts(*self.groups, count).contains(&gid)
        }
    }

    /// Adds a group. False if the list may not grow any more.
    ///
    /// # Safety
    /// The pointers are valid, and the list was made by malloc(3).
    unsafe fn push(&mut self, gid: gid_t) -> Result<bool, Failure> {
        // SAFETY: the caller vouches for the pointers. The list has memory for `size` groups, of which `count` are in use.
        unsafe {
            if self.limit > 0 && *self.count >= self.limit {
                return Ok(false);
            }
            if *self.count >= *self.size {
                self.grow()?;
            }
            let place = usize::try_from(*self.count).map_err(|_| Failure::NO_ANSWER)?;
            (*self.groups).add(place).write(gid);
            *self.count += 1;
        }
        Ok(true)
    }

    /// Doubles the memory of the list.
    ///
    /// # Safety
    /// As [`GroupList::push`].
    unsafe fn grow(&mut self) -> Result<(), Failure> {
        const NO_MEMORY: Failure = Failure::TryAgain(libc::ENOMEM);
        // SAFETY: as above.
        unsafe {
            let mut size = (*self.size).max(8).checked_mul(2).ok_or(NO_MEMORY)?;
            if self.limit > 0 {
                size = size.min(self.limit);
            }
            let bytes = usize::try_from(size).ok().and_then(|size| size.checked_mul(size_of::<gid_t>()));
            let grown = libc::realloc((*self.groups).cast(), bytes.ok_or(NO_MEMORY)?);
            if grown.is_null() {
                return Err(NO_MEMORY);
            }
            *self.groups = grown.cast();
            *self.size = size;
        }
        Ok(())
    }
}
