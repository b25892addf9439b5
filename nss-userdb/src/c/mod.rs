//! The functions that the C library calls: `_nss_userdb_NAME`, as the glibc manual describes them ("NSS Modules Interface").
//!
//! | file | databases |
//! |---|---|
//! | [`passwd`], [`shadow`], [`group`], [`gshadow`] | lookups by name and id |
//! | [`enumeration`] | going through all entries of each of these |
//! | [`initgroups`] | the groups of a user |
//! | [`buffer`] | the caller's memory, into which results are put |
//! | [`entry`] | what every call does first and last |
//! | [`fork`] | what happens in the child of a fork |
#![allow(unsafe_code, reason = "the C library passes pointers")]

mod buffer;
mod entry;
mod enumeration;
mod fork;
mod group;
mod gshadow;
mod initgroups;
mod passwd;
mod shadow;
