//! Daemon that answers io.systemd.UserDatabase.

fn main() {}
