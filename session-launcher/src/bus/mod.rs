//! `org.freedesktop.systemd1` on the session bus.

mod face;

pub use face::Face;
