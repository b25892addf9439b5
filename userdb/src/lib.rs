//! User and group records, the userdb protocol, and a small blocking client.
