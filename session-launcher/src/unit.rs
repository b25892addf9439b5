//! Unit files: what they say, where they lie, and what systemd makes of them.

pub mod name;
pub mod spec;
