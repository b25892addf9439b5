//! `group`: getgrnam(3), getgrgid(3), getgrent(3).

use std::ffi::{c_char, c_int};

use libc::{gid_t, group};
use userdb::record::Key;
use userdb::unix::GroupEntry;

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name};
use super::enumeration::enumeration;
use crate::failure::Failure;
use crate::lookup;
use crate::pool::DAEMON;

impl IntoC for GroupEntry {
    type Structure = group;

    fn in_buffer(&self, buffer: &mut Buffer<'_>) -> Result<group, Failure> {
        Ok(group {
            gr_name: buffer.string(&self.name)?,
            gr_passwd: buffer.string(&self.password)?,
            gr_gid: self.gid,
            gr_mem: buffer.strings(&self.members)?,
        })
    }
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getgrnam_r(
    group_name: *const c_char,
    structure: *mut group,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put(&lookup::group(&DAEMON, Key::Name(name(group_name)?))?)) }
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getgrgid_r(
    gid: gid_t,
    structure: *mut group,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put(&lookup::group(&DAEMON, Key::Id(gid))?)) }
}

enumeration!(GroupEntry, _nss_userdb_setgrent, _nss_userdb_getgrent_r, _nss_userdb_endgrent);
