//! Unit files: what they say, where they lie, and what systemd makes of them.

pub mod command_line;
pub mod diagnostic;
pub mod escape;
pub mod name;
pub mod spec;
pub mod specifier;
pub mod syntax;
pub mod value;
pub mod words;
