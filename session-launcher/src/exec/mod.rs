//! How the process of a unit comes about.
//!
//! - [`launch`]: everything that a process starts with, as data
//! - [`prepare`]: from a unit's settings to that data
//! - [`command`]: `$VARIABLE` in command lines, and where programs are found
//! - [`message`]: how it travels to the wrapper, with descriptors
//! - [`wrapper`]: the small program that becomes the process; [`resource`]: its limits by name
//! - [`native`]: what another service manager runs, as the parent of that; [`native_message`]: what it says to the engine

// Whoever reads standard error may have gone, and println! would panic.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod command;
pub mod launch;
pub mod message;
pub mod native;
pub mod native_message;
pub mod prepare;
mod process_attributes;
pub mod resource;
pub mod wrapper;
