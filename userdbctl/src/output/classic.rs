//! Lines as in passwd(5) and group(5).

use userdb::unix::{GroupEntry, PasswdEntry};
use userdb::{GroupRecord, UserRecord};

/// The user's line; nothing for one without a uid.
pub fn user(user: &UserRecord) -> String {
    PasswdEntry::from_record(user).map(|entry| format!("{entry}\n")).unwrap_or_default()
}

/// The group's line; nothing for one without a gid.
pub fn group(group: &GroupRecord) -> String {
    GroupEntry::from_record(group).map(|entry| format!("{entry}\n")).unwrap_or_default()
}
