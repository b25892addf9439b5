//! `gshadow`: getsgnam(3), getsgent(3).

use std::ffi::{c_char, c_int};
use std::sync::Mutex;

use userdb::unix::{GshadowEntry, LOCKED_AND_INVALID};

use super::buffer::{Buffer, IntoC, Output};
use super::entry::{Status, answer, name, restart};
use crate::enumeration::Enumeration;
use crate::failure::Failure;
use crate::lookup;
use crate::pool::DAEMON;

static ENUMERATION: Mutex<Enumeration<GshadowEntry>> = Mutex::new(Enumeration::new());

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

/// Begins anew with the next [`_nss_userdb_getsgent_r`].
#[unsafe(no_mangle)]
pub extern "C" fn _nss_userdb_setsgent(_stay_open: c_int) -> Status {
    restart(&ENUMERATION)
}

/// Gives back what the enumeration holds.
#[unsafe(no_mangle)]
pub extern "C" fn _nss_userdb_endsgent() -> Status {
    restart(&ENUMERATION)
}

/// # Safety
/// As glibc calls it: all pointers are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_userdb_getsgent_r(
    structure: *mut sgrp,
    buffer: *mut c_char,
    length: usize,
    errno: *mut c_int,
) -> Status {
    let output = Output { structure, buffer, length };
    // SAFETY: the C library passes valid pointers.
    unsafe { answer(errno, || output.put_next(&ENUMERATION)) }
}
