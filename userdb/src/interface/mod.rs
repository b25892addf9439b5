//! `io.systemd.UserDatabase`: its methods, parameters and errors (<https://systemd.io/USER_GROUP_API>).

pub mod description;
pub mod reply;
pub mod request;

use crate::Kind;

/// The name of the interface.
pub const INTERFACE: &str = "io.systemd.UserDatabase";
/// Looks up or lists users.
pub const GET_USER_RECORD: &str = "io.systemd.UserDatabase.GetUserRecord";
/// Looks up or lists groups.
pub const GET_GROUP_RECORD: &str = "io.systemd.UserDatabase.GetGroupRecord";
/// Looks up or lists who is in which group.
pub const GET_MEMBERSHIPS: &str = "io.systemd.UserDatabase.GetMemberships";

impl Kind {
    /// The method that looks up or lists records of this kind.
    pub const fn method(self) -> &'static str {
        match self {
            Self::User => GET_USER_RECORD,
            Self::Group => GET_GROUP_RECORD,
        }
    }

    /// The kind whose records a method looks up or lists.
    pub fn of_method(method: &str) -> Option<Self> {
        [Self::User, Self::Group].into_iter().find(|kind| kind.method() == method)
    }
}

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
