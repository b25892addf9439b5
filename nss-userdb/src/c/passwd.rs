//! `passwd`: getpwnam(3), getpwuid(3), getpwent(3).

use std::ffi::{c_char, c_int};
use std::sync::Mutex;

use libc::{passwd, uid_t};
use userdb::unix::PasswdEntry;

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name, restart};
use crate::enumeration::Enumeration;
use crate::failure::Failure;
use crate::lookup::{self, Key};
use crate::pool::DAEMON;

static ENUMERATION: Mutex<Enumeration<PasswdEntry>> = Mutex::new(Enumeration::new());

impl IntoC for PasswdEntry {
    type Structure = passwd;

    fn in_buffer(&self, buffer: &mut Buffer<'_>) -> Result<passwd, Failure> {
        Ok(passwd {
            pw_name: buffer.string(&self.name)?,
            pw_passwd: buffer.string(&self.password)?,
            pw_uid: self.uid,
            pw_gid: self.gid,
            pw_gecos: buffer.string(&self.gecos)?,
            pw_dir: buffer.string(&self.home)?,
            pw_shell: buffer.string(&self.shell)?,
        })
    }
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getpwnam_r(
    user: *const c_char,
    structure: *mut passwd,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put(&lookup::passwd(&DAEMON, Key::Name(name(user)?))?)) }
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getpwuid_r(
    uid: uid_t,
    structure: *mut passwd,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put(&lookup::passwd(&DAEMON, Key::Id(uid))?)) }
}

/// Begins anew with the next [`_nss_userdb_getpwent_r`].
#[unsafe(no_mangle)]
pub extern "C" fn _nss_userdb_setpwent(_stay_open: c_int) -> Status {
    restart(&ENUMERATION)
}

/// Gives back what the enumeration holds.
#[unsafe(no_mangle)]
pub extern "C" fn _nss_userdb_endpwent() -> Status {
    restart(&ENUMERATION)
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getpwent_r(
    structure: *mut passwd,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put_next(&ENUMERATION)) }
}
