//! The interfaces in Varlink's description language, as `GetInterfaceDescription` hands them out.

/// An interface: its name and its description.
pub type Description = (&'static str, &'static str);

/// `org.varlink.service`, which every service has.
pub const VARLINK_SERVICE: Description = ("org.varlink.service", include_str!("org.varlink.service.varlink"));
/// `io.systemd`, which holds only errors.
pub const SYSTEMD: Description = ("io.systemd", include_str!("io.systemd.varlink"));
/// `io.systemd.UserDatabase`.
pub const USER_DATABASE: Description = (super::INTERFACE, include_str!("io.systemd.UserDatabase.varlink"));
