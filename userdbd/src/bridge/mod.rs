//! Other protocols that are served from the same records.

pub mod nscd;
