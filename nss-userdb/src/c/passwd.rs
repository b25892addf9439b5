//! `passwd`: getpwnam(3), getpwuid(3), getpwent(3).

use std::ffi::{c_char, c_int};

use libc::{passwd, uid_t};
use userdb::record::Key;
use userdb::unix::PasswdEntry;

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name};
use super::enumeration::enumeration;
use crate::failure::Failure;
use crate::lookup;
use crate::pool::DAEMON;

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

enumeration!(PasswdEntry, _nss_userdb_setpwent, _nss_userdb_getpwent_r, _nss_userdb_endpwent);
