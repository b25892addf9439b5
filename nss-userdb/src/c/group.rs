//! `group`: getgrnam(3), getgrgid(3), getgrent(3).

use std::ffi::{c_char, c_int};
use std::sync::Mutex;

use libc::{gid_t, group};
use userdb::unix::GroupEntry;

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name, restart};
use crate::enumeration::Enumeration;
use crate::failure::Failure;
use crate::lookup::{self, Key};
use crate::pool::DAEMON;

static ENUMERATION: Mutex<Enumeration<GroupEntry>> = Mutex::new(Enumeration::new());

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

/// Begins anew with the next [`_nss_userdb_getgrent_r`].
#[unsafe(no_mangle)]
pub extern "C" fn _nss_userdb_setgrent(_stay_open: c_int) -> Status {
    restart(&ENUMERATION)
}

/// Gives back what the enumeration holds.
#[unsafe(no_mangle)]
pub extern "C" fn _nss_userdb_endgrent() -> Status {
    restart(&ENUMERATION)
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getgrent_r(
    structure: *mut group,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put_next(&ENUMERATION)) }
}
