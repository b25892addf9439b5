//! `gshadow`: getsgnam(3), getsgent(3).

use std::ffi::{c_char, c_int};

use userdb::unix::{GshadowEntry, LOCKED_AND_INVALID};

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name};
use super::enumeration::enumeration;
use crate::failure::Failure;
use crate::lookup;
use crate::pool::DAEMON;

/// `struct sgrp` of gshadow.h.
#[allow(non_camel_case_types, reason = "as C calls it")]
#[repr(C)]
#[derive(Debug)]
pub struct sgrp {
    sg_namp: *mut c_char,
    sg_passwd: *mut c_char,
    sg_adm: *mut *mut c_char,
    sg_mem: *mut *mut c_char,
}

impl IntoC for GshadowEntry {
    type Structure = sgrp;

    fn in_buffer(&self, buffer: &mut Buffer<'_>) -> Result<sgrp, Failure> {
        Ok(sgrp {
            sg_namp: buffer.string(&self.name)?,
            sg_passwd: buffer.string(self.hash.as_deref().unwrap_or(LOCKED_AND_INVALID))?,
            sg_adm: buffer.strings(&self.administrators)?,
            sg_mem: buffer.strings(&self.members)?,
        })
    }
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getsgnam_r(
    group_name: *const c_char,
    structure: *mut sgrp,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put(&lookup::gshadow(&DAEMON, name(group_name)?)?)) }
}

enumeration!(GshadowEntry, _nss_userdb_setsgent, _nss_userdb_getsgent_r, _nss_userdb_endsgent);
