//! `shadow`: getspnam(3), getspent(3).

use std::ffi::{c_char, c_int, c_long, c_ulong};

use libc::spwd;
use userdb::unix::{LOCKED_AND_INVALID, ShadowEntry};

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name};
use super::enumeration::enumeration;
use crate::failure::Failure;
use crate::lookup;
use crate::pool::DAEMON;

impl IntoC for ShadowEntry {
    type Structure = spwd;

    fn in_buffer(&self, buffer: &mut Buffer<'_>) -> Result<spwd, Failure> {
        Ok(spwd {
            sp_namp: buffer.string(&self.name)?,
            sp_pwdp: buffer.string(self.hash.as_deref().unwrap_or(LOCKED_AND_INVALID))?,
            sp_lstchg: days(self.last_change),
            sp_min: days(self.min),
            sp_max: days(self.max),
            sp_warn: days(self.warn),
            sp_inact: days(self.inactive),
            sp_expire: days(self.expire),
            sp_flag: c_ulong::MAX,
        })
    }
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getspnam_r(
    user: *const c_char,
    structure: *mut spwd,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put(&lookup::shadow(&DAEMON, name(user)?)?)) }
}

enumeration!(ShadowEntry, _nss_userdb_setspent, _nss_userdb_getspent_r, _nss_userdb_endspent);

/// Days as shadow(5) has them; -1 means that there is no such limit.
fn days(days: Option<u64>) -> c_long {
    days.map_or(-1, |days| c_long::try_from(days).unwrap_or(c_long::MAX))
}
