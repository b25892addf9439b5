//! The C library's lookup functions, restricted to the NSS modules that they shall ask. Everything unsafe of the helper is here.
//!
//! The helper has one thread, so that functions with hidden state (getpwent_r(3), setgrent(3)) are called by nobody else.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_long};
use std::io::{Error, ErrorKind, Result};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use libc::{gid_t, group, passwd, spwd, uid_t};

/// The buffer for one entry: at first, while going through all, and at most. A group may have very many members.
const BUFFER: usize = 4 << 10;
const LIST_BUFFER: usize = 1 << 20;
const LARGEST_BUFFER: usize = 64 << 20;
/// The most groups that a user can be in: Linux takes no more (NGROUPS_MAX).
const MOST_GROUPS: usize = 65_536;

/// A user as getpwnam_r(3) gives it.
#[derive(Debug)]
pub struct User {
    pub name: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
    pub gecos: Vec<u8>,
    pub home: Vec<u8>,
    pub shell: Vec<u8>,
}

/// What getspnam_r(3) knows of a user. Times are days; negative ones are unset.
#[derive(Debug)]
pub struct Shadow {
    pub hash: Vec<u8>,
    pub last_change: c_long,
    pub min: c_long,
    pub max: c_long,
    pub warn: c_long,
    pub inactive: c_long,
    pub expire: c_long,
}

/// A group as getgrnam_r(3) gives it.
#[derive(Debug)]
pub struct Group {
    pub name: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

/// What getsgnam_r knows of a group.
#[derive(Debug)]
pub struct Gshadow {
    pub hash: Vec<u8>,
    pub administrators: Vec<Vec<u8>>,
    pub members: Vec<Vec<u8>>,
}

/// `struct sgrp` of glibc's gshadow.h.
#[repr(C)]
struct Sgrp {
    name: *mut c_char,
    hash: *mut c_char,
    administrators: *mut *mut c_char,
    members: *mut *mut c_char,
}

unsafe extern "C" {
    /// glibc's nss.h.
    fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    /// glibc's gshadow.h.
    fn getsgnam_r(
        name: *const c_char,
        entry: *mut Sgrp,
        buffer: *mut c_char,
        length: usize,
        result: *mut *mut Sgrp,
    ) -> c_int;
}

/// Makes the C library ask these services, in the syntax of nsswitch.conf, instead of what that file says.
///
/// # Errors
/// When the database or the syntax is not known to the C library.
pub fn ask_only(database: &str, services: &str) -> Result<()> {
    let invalid = |error| Error::new(ErrorKind::InvalidInput, error);
    let (database, services) =
        (CString::new(database).map_err(invalid)?, CString::new(services).map_err(invalid)?);
    // SAFETY: both are strings that end with a NUL and live through the call, which keeps copies.
    match unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

/// The user of this name.
///
/// # Errors
/// When the modules cannot tell.
pub fn user_by_name(name: &CStr) -> Result<Option<User>> {
    // SAFETY: the name ends with a NUL, the other arguments come from `lookup`.
    lookup(BUFFER, &mut Vec::new(), |entry, buffer, length, result| unsafe {
        libc::getpwnam_r(name.as_ptr(), entry, buffer, length, result)
    })
}

/// The user of this uid.
///
/// # Errors
/// When the modules cannot tell.
pub fn user_by_uid(uid: uid_t) -> Result<Option<User>> {
    // SAFETY: the arguments come from `lookup`.
    lookup(BUFFER, &mut Vec::new(), |entry, buffer, length, result| unsafe {
        libc::getpwuid_r(uid, entry, buffer, length, result)
    })
}

/// The hash and the dates of a user.
///
/// # Errors
/// `PermissionDenied` when only others may know, or when the modules cannot tell.
pub fn shadow_by_name(name: &CStr) -> Result<Option<Shadow>> {
    // SAFETY: the name ends with a NUL, the other arguments come from `lookup`.
    lookup(BUFFER, &mut Vec::new(), |entry, buffer, length, result| unsafe {
        libc::getspnam_r(name.as_ptr(), entry, buffer, length, result)
    })
}

/// The group of this name.
///
/// # Errors
/// When the modules cannot tell.
pub fn group_by_name(name: &CStr) -> Result<Option<Group>> {
    // SAFETY: the name ends with a NUL, the other arguments come from `lookup`.
    lookup(BUFFER, &mut Vec::new(), |entry, buffer, length, result| unsafe {
        libc::getgrnam_r(name.as_ptr(), entry, buffer, length, result)
    })
}

/// The group of this gid.
///
/// # Errors
/// When the modules cannot tell.
pub fn group_by_gid(gid: gid_t) -> Result<Option<Group>> {
    // SAFETY: the arguments come from `lookup`.
    lookup(BUFFER, &mut Vec::new(), |entry, buffer, length, result| unsafe {
        libc::getgrgid_r(gid, entry, buffer, length, result)
    })
}

/// The hash, administrators and members of a group.
///
/// # Errors
/// As [`shadow_by_name`].
pub fn gshadow_by_name(name: &CStr) -> Result<Option<Gshadow>> {
    // SAFETY: the name ends with a NUL, the other arguments come from `lookup`.
    lookup(BUFFER, &mut Vec::new(), |entry, buffer, length, result| unsafe {
        getsgnam_r(name.as_ptr(), entry, buffer, length, result)
    })
}

/// The gids of the groups that a user is a member of.
pub fn groups_of(user: &CStr) -> Vec<gid_t> {
    // What the function puts first is the user's own group, which it is told, and which this is not.
    const NONE: gid_t = gid_t::MAX;
    let mut gids: Vec<gid_t> = vec![0; 256];
    loop {
        let room = c_int::try_from(gids.len()).unwrap_or(c_int::MAX);
        let mut count = room;
        // SAFETY: the name ends with a NUL, and there is room for as many gids as `count` says.
        let all = unsafe { libc::getgrouplist(user.as_ptr(), NONE, gids.as_mut_ptr(), &raw mut count) } >= 0;
        let count = usize::try_from(count).unwrap_or(0);
        if all || count <= gids.len() || gids.len() >= MOST_GROUPS {
            gids.truncate(count);
            gids.retain(|gid| *gid != NONE);
            return gids;
        }
        gids.resize(count.min(MOST_GROUPS), 0);
    }
}

/// Goes through all users, until `visit` says that it is enough.
///
/// # Errors
/// Of `visit`, or when the modules cannot tell.
pub fn for_each_user(mut visit: impl FnMut(User) -> Result<()>) -> Result<()> {
    let mut buffer = Vec::new();
    // SAFETY: it takes nothing, and no other thread goes through the users.
    unsafe { libc::setpwent() };
    // SAFETY: the arguments come from `lookup`.
    while let Some(user) = lookup(LIST_BUFFER, &mut buffer, |entry, buffer, length, result| unsafe {
        libc::getpwent_r(entry, buffer, length, result)
    })? {
        visit(user)?;
    }
    // SAFETY: as above.
    unsafe { libc::endpwent() };
    Ok(())
}

/// Goes through all groups.
///
/// # Errors
/// As [`for_each_user`].
pub fn for_each_group(mut visit: impl FnMut(Group) -> Result<()>) -> Result<()> {
    let mut buffer = Vec::new();
    // SAFETY: it takes nothing, and no other thread goes through the groups.
    unsafe { libc::setgrent() };
    // SAFETY: the arguments come from `lookup`.
    while let Some(group) = lookup(LIST_BUFFER, &mut buffer, |entry, buffer, length, result| unsafe {
        libc::getgrent_r(entry, buffer, length, result)
    })? {
        visit(group)?;
    }
    // SAFETY: as above.
    unsafe { libc::endgrent() };
    Ok(())
}

/// Something that can be copied out of one of C's structures.
trait Entry {
    type InC;

    /// Copies.
    ///
    /// # Safety
    /// Pointers in `entry` are null or lead to what the C library says they do: strings, and null-terminated arrays of them.
    unsafe fn copy(entry: &Self::InC) -> Self;
}

/// Calls a function of the kind of getpwnam_r with a buffer that is large enough. Such a function is safe to call when `call`
/// hands all four arguments on to it.
fn lookup<E: Entry>(
    first_length: usize,
    buffer: &mut Vec<c_char>,
    call: impl Fn(*mut E::InC, *mut c_char, usize, *mut *mut E::InC) -> c_int,
) -> Result<Option<E>> {
    if buffer.is_empty() {
        buffer.resize(first_length, 0);
    }
    let mut entry = MaybeUninit::<E::InC>::uninit();
    loop {
        let mut result: *mut E::InC = null_mut();
        let error = call(entry.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len(), &raw mut result);
        if !result.is_null() {
            // SAFETY: by its contract the function has made `result` point to `entry`, filled in, with all that it points to
            // in the buffer, and neither is touched before everything is copied.
            return Ok(Some(unsafe { E::copy(&*result) }));
        }
        match error {
            libc::ERANGE if buffer.len() < LARGEST_BUFFER => buffer.resize(buffer.len() * 4, 0),
            // The functions say "there is none" in all these ways (getpwnam(3)), and so do modules.
            0 | libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Ok(None),
            _ => return Err(Error::from_raw_os_error(error)),
        }
    }
}

/// # Safety
/// `text` is null or a string.
unsafe fn copy_text(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller says that it is a string.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// # Safety
/// `texts` is null or an array of strings that ends with a null pointer.
unsafe fn copy_texts(texts: *const *mut c_char) -> Vec<Vec<u8>> {
    let mut copied = Vec::new();
    if texts.is_null() {
        return copied;
    }
    let mut next = texts;
    loop {
        // SAFETY: the array has not ended before this element.
        let text = unsafe { *next };
        if text.is_null() {
            return copied;
        }
        // SAFETY: the caller says that it is a string, and that there is another element.
        unsafe {
            copied.push(copy_text(text));
            next = next.add(1);
        }
    }
}

impl Entry for User {
    type InC = passwd;

    unsafe fn copy(entry: &passwd) -> Self {
        // SAFETY: the caller says that these are strings.
        unsafe {
            Self {
                name: copy_text(entry.pw_name),
                uid: entry.pw_uid,
                gid: entry.pw_gid,
                gecos: copy_text(entry.pw_gecos),
                home: copy_text(entry.pw_dir),
                shell: copy_text(entry.pw_shell),
            }
        }
    }
}

impl Entry for Shadow {
    type InC = spwd;

    unsafe fn copy(entry: &spwd) -> Self {
        Self {
            // SAFETY: the caller says that it is a string.
            hash: unsafe { copy_text(entry.sp_pwdp) },
            last_change: entry.sp_lstchg,
            min: entry.sp_min,
            max: entry.sp_max,
            warn: entry.sp_warn,
            inactive: entry.sp_inact,
            expire: entry.sp_expire,
        }
    }
}

impl Entry for Group {
    type InC = group;

    unsafe fn copy(entry: &group) -> Self {
        // SAFETY: the caller says that these are a string and an array of strings.
        unsafe {
            Self { name: copy_text(entry.gr_name), gid: entry.gr_gid, members: copy_texts(entry.gr_mem) }
        }
    }
}

impl Entry for Gshadow {
    type InC = Sgrp;

    unsafe fn copy(entry: &Sgrp) -> Self {
        // SAFETY: the caller says that these are a string and arrays of strings.
        unsafe {
            Self {
                hash: copy_text(entry.hash),
                administrators: copy_texts(entry.administrators),
                members: copy_texts(entry.members),
            }
        }
    }
}
