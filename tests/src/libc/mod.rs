//! What the C library answers: programs in C, built for glibc and for musl, and machines whose users come from userdbd.

pub mod accounts;
pub mod lookups;
pub mod program;
pub mod switch;
