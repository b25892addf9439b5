//! User and group records, the userdb protocol, and a small blocking client.

pub mod client;
pub mod varlink;
