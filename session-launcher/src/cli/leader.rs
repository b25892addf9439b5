//! What programs that lead a session share: those that start a target, stay while it is up, and end with it.

pub mod failure;
pub mod fifo;
pub mod lock;
pub mod manager_watch;
pub mod signal;
pub mod startup;
