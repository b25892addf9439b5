//! Values as people read them.

pub mod amount;
pub mod capability;
pub mod errno;
pub mod text;
pub mod time;
