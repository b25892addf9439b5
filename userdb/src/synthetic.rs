//! The records that exist without any file: root, nobody, and the ids of foreign disk images.

use serde_json::{Value, json};

use crate::record::{NOLOGIN, Object};
use crate::{GroupRecord, UserRecord, disposition, id};

/// The name of root, user and group.
pub const ROOT: &str = "root";
/// The name of nobody, user and group.
pub const NOBODY: &str = "nobody";
/// An administrator creates this file, below the root directory, where nobody should not exist.
pub const NO_NOBODY_FILE: &str = "etc/systemd/dont-synthesize-nobody";
/// The last N of `foreign-N`: the one after it stands for the invalid id 65535 of an image.
const FOREIGN_LAST: u32 = 65534;

/// The user of this name.
pub fn user_by_name(name: &str) -> Option<UserRecord> {
    user_by_uid(id_of(name)?)
}

/// The user of this uid.
pub fn user_by_uid(uid: u32) -> Option<UserRecord> {
    let json = match uid {
        0 => {
            json!({"userName": ROOT, "uid": 0, "gid": 0, "homeDirectory": "/root", "disposition": "intrinsic"})
        }
        id::NOBODY => json!({
            "userName": NOBODY, "uid": uid, "gid": uid, "shell": NOLOGIN, "locked": true, "disposition": "intrinsic",
        }),
        _ => {
            let n = foreign_number(uid)?;
            json!({
                "userName": format!("foreign-{n}"), "realName": format!("Foreign System Image UID {n}"),
                "uid": uid, "gid": uid, "shell": NOLOGIN, "locked": true, "disposition": "foreign",
            })
        }
    };
    object(json).map(UserRecord::from_own)
}

/// The group of this name.
pub fn group_by_name(name: &str) -> Option<GroupRecord> {
    group_by_gid(id_of(name)?)
}

/// The group of this gid.
pub fn group_by_gid(gid: u32) -> Option<GroupRecord> {
    let json = match gid {
        0 => json!({"groupName": ROOT, "gid": 0, "disposition": "intrinsic"}),
        id::NOBODY => json!({"groupName": NOBODY, "gid": gid, "disposition": "intrinsic"}),
        _ => {
            let n = foreign_number(gid)?;
            json!({
                "groupName": format!("foreign-{n}"), "description": format!("Foreign System Image GID {n}"),
                "gid": gid, "disposition": "foreign",
            })
        }
    };
    object(json).map(GroupRecord::from_own)
}

/// The id behind a name that is made up here.
fn id_of(name: &str) -> Option<u32> {
    match name {
        ROOT => Some(0),
        NOBODY => Some(id::NOBODY),
        _ => {
            let n = id::parse(name.strip_prefix("foreign-")?)?;
            (n <= FOREIGN_LAST).then(|| disposition::FOREIGN.start() + n)
        }
    }
}

fn foreign_number(id: u32) -> Option<u32> {
    id.checked_sub(*disposition::FOREIGN.start()).filter(|n| *n <= FOREIGN_LAST)
}

fn object(json: Value) -> Option<Object> {
    match json {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &Object) -> String {
        serde_json::to_string(json).unwrap()
    }

    #[test]
    fn users_read_as_systemd_writes_them() {
        assert_eq!(
            text(user_by_name("foreign-1").unwrap().json()),
            r#"{"userName":"foreign-1","realName":"Foreign System Image UID 1","uid":2147352577,"gid":2147352577,"shell":"/usr/sbin/nologin","locked":true,"disposition":"foreign"}"#
        );
        assert_eq!(
            text(user_by_uid(0).unwrap().json()),
            r#"{"userName":"root","uid":0,"gid":0,"homeDirectory":"/root","disposition":"intrinsic"}"#
        );
        assert_eq!(
            text(user_by_name("nobody").unwrap().json()),
            r#"{"userName":"nobody","uid":65534,"gid":65534,"shell":"/usr/sbin/nologin","locked":true,"disposition":"intrinsic"}"#
        );
    }

    #[test]
    fn groups_read_as_systemd_writes_them() {
        assert_eq!(
            text(group_by_name("foreign-0").unwrap().json()),
            r#"{"groupName":"foreign-0","description":"Foreign System Image GID 0","gid":2147352576,"disposition":"foreign"}"#
        );
        assert_eq!(
            text(group_by_gid(0).unwrap().json()),
            r#"{"groupName":"root","gid":0,"disposition":"intrinsic"}"#
        );
    }

    #[test]
    fn foreign_names_have_one_spelling_and_end_at_65534() {
        assert_eq!(user_by_name("foreign-65534").unwrap().uid(), Some(2_147_418_110));
        for bad in ["foreign-65535", "foreign-00", "foreign-", "foreign--1", "foreign-+1", "Root", ""] {
            assert!(user_by_name(bad).is_none() && group_by_name(bad).is_none(), "{bad}");
        }
        for bad in [1, 2_147_352_575, 2_147_418_111] {
            assert!(user_by_uid(bad).is_none() && group_by_gid(bad).is_none(), "{bad}");
        }
    }
}
