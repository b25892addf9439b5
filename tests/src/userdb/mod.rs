//! What the userdb suites share: accounts, daemons, and a client that sees every byte.

pub mod accounts;
pub mod backend;
pub mod batch;
pub mod borrower;
pub mod client;
pub mod daemon;
pub mod drop_ins;
pub mod nscd;
pub mod pools;
