//! How the process of a unit comes about.
//!
//! - [`launch`]: everything that a process starts with, as data
//! - [`prepare`]: from a unit's settings to that data
//! - [`command`]: `$VARIABLE` in command lines, and where programs are found
//! - [`message`]: how it travels to the wrapper, with descriptors
//! - [`wrapper`]: the small program that becomes the process

pub mod command;
pub mod launch;
pub mod message;
pub mod prepare;
mod scheduling;
pub mod wrapper;
