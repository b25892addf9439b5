//! `io.systemd.UserDatabase`: its methods, parameters and errors (<https://systemd.io/USER_GROUP_API>).

pub mod description;
pub mod request;

/// The name of the interface.
pub const INTERFACE: &str = "io.systemd.UserDatabase";
/// Looks up or lists users.
pub const GET_USER_RECORD: &str = "io.systemd.UserDatabase.GetUserRecord";
/// Looks up or lists groups.
pub const GET_GROUP_RECORD: &str = "io.systemd.UserDatabase.GetGroupRecord";
/// Looks up or lists who is in which group.
pub const GET_MEMBERSHIPS: &str = "io.systemd.UserDatabase.GetMemberships";

/// The errors of the interface.
pub mod error {
    /// Nothing is known under this name or id.
    pub const NO_RECORD_FOUND: &str = "io.systemd.UserDatabase.NoRecordFound";
    /// The service does not serve under this name.
    pub const BAD_SERVICE: &str = "io.systemd.UserDatabase.BadService";
    /// The service cannot answer for now.
    pub const SERVICE_NOT_AVAILABLE: &str = "io.systemd.UserDatabase.ServiceNotAvailable";
    /// Name and id belong to different records.
    pub const CONFLICTING_RECORD_FOUND: &str = "io.systemd.UserDatabase.ConflictingRecordFound";
    /// There is a record, and it does not meet the other conditions.
    pub const NON_MATCHING_RECORD_FOUND: &str = "io.systemd.UserDatabase.NonMatchingRecordFound";
    /// The service can look up and cannot list.
    pub const ENUMERATION_NOT_SUPPORTED: &str = "io.systemd.UserDatabase.EnumerationNotSupported";
}
