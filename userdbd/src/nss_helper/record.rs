//! What the C library answers as records: the same that lines of passwd and its kin would be.

use std::ffi::c_long;

use serde_json::{Map, Value, json};
use userdb::unix::{GroupEntry, GshadowEntry, PasswdEntry, SEE_SHADOW, ShadowEntry, gecos_text};
use userdb::{id, name, text};

use super::c_library::{Group, Gshadow, Shadow, User};

/// The record of a user. None when its name or uid cannot be used. `asked_for` is the name that was asked for: modules may
/// answer under another one.
pub fn of_user(user: User, shadow: Option<Shadow>, asked_for: Option<&str>) -> Option<Map<String, Value>> {
    let entry = PasswdEntry {
        name: account_name(user.name)?,
        password: SEE_SHADOW.to_owned(),
        uid: Some(user.uid).filter(|uid| id::is_valid(*uid))?,
        gid: if id::is_valid(user.gid) { user.gid } else { user.uid },
        gecos: gecos_text(&user.gecos),
        home: transportable(user.home).unwrap_or_default(),
        shell: transportable(user.shell).unwrap_or_default(),
    };
    let shadow = shadow.map(|shadow| ShadowEntry {
        name: entry.name.clone(),
        hash: transportable(shadow.hash),
        last_change: days(shadow.last_change),
        min: days(shadow.min),
        max: days(shadow.max),
        warn: days(shadow.warn),
        inactive: days(shadow.inactive),
        expire: days(shadow.expire),
    });
    Some(with_alias(entry.to_record(shadow.as_ref()).into_json(), &entry.name, asked_for))
}

/// The record of a group, as [`of_user`].
pub fn of_group(
    group: Group,
    gshadow: Option<Gshadow>,
    asked_for: Option<&str>,
) -> Option<Map<String, Value>> {
    let texts = |texts: Vec<Vec<u8>>| texts.into_iter().filter_map(transportable).collect();
    let entry = GroupEntry {
        name: account_name(group.name)?,
        password: SEE_SHADOW.to_owned(),
        gid: Some(group.gid).filter(|gid| id::is_valid(*gid))?,
        members: texts(group.members),
    };
    let gshadow = gshadow.map(|gshadow| GshadowEntry {
        name: entry.name.clone(),
        hash: transportable(gshadow.hash),
        administrators: texts(gshadow.administrators),
        members: texts(gshadow.members),
    });
    Some(with_alias(entry.to_record(gshadow.as_ref()).into_json(), &entry.name, asked_for))
}

/// A name that can be used.
pub fn account_name(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|name| name::is_valid_relaxed(name))
}

fn transportable(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| text::is_transportable(text))
}

fn days(count: c_long) -> Option<u64> {
    u64::try_from(count).ok()
}

/// Adds the name that was asked for where it is another one, after the record's own name, which comes first.
fn with_alias(record: Map<String, Value>, name: &str, asked_for: Option<&str>) -> Map<String, Value> {
    let Some(alias) = asked_for.filter(|asked_for| *asked_for != name) else { return record };
    let mut fields = record.into_iter();
    let mut with_alias: Map<String, Value> = fields.by_ref().take(1).collect();
    with_alias.insert("aliases".into(), json!([alias]));
    with_alias.extend(fields);
    with_alias
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &[u8], uid: u32) -> User {
        User {
            name: name.to_vec(),
            uid,
            gid: uid,
            gecos: b"Eve\xff: E".to_vec(),
            home: b"/home/\xff".to_vec(),
            shell: b"/bin/sh".to_vec(),
        }
    }

    fn shadow(last_change: c_long, expire: c_long) -> Shadow {
        Shadow { hash: b"$y$h".to_vec(), last_change, min: -1, max: 7, warn: 0, inactive: -1, expire }
    }

    #[test]
    fn a_user_is_what_a_line_would_be() {
        let record = of_user(user(b"eve", 5000), Some(shadow(0, 1)), Some("eve")).unwrap();
        assert_eq!(
            Value::from(record).to_string(),
            concat!(
                r#"{"userName":"eve","uid":5000,"gid":5000,"realName":"Eve   E","shell":"/bin/sh","#,
                r#""privileged":{"hashedPassword":["$y$h"]},"locked":true,"passwordChangeNow":true,"#,
                r#""passwordChangeMaxUSec":604800000000}"#
            )
        );
    }

    #[test]
    fn another_name_than_asked_for_comes_second() {
        let record = of_user(user(b"eve", 5000), None, Some("EVE")).unwrap();
        let keys: Vec<_> = record.keys().take(3).collect();
        assert_eq!(keys, ["userName", "aliases", "uid"]);
        assert_eq!(record["aliases"], json!(["EVE"]));
        let group = Group { name: b"g".to_vec(), gid: 5, members: vec![b"a".to_vec(), b"\xff".to_vec()] };
        assert_eq!(
            Value::from(of_group(group, None, Some("G")).unwrap()).to_string(),
            r#"{"groupName":"g","aliases":["G"],"gid":5,"members":["a"]}"#
        );
    }

    #[test]
    fn what_no_record_can_hold_is_none() {
        assert!(of_user(user(b"", 5000), None, None).is_none());
        assert!(of_user(user(b"\xff", 5000), None, None).is_none());
        assert!(of_user(user(b"a:b", 5000), None, None).is_none());
        assert!(of_user(user(b"eve", u32::MAX), None, None).is_none());
        let mut odd = user(b"eve", 5000);
        odd.gid = u32::MAX;
        assert_eq!(of_user(odd, None, None).unwrap()["gid"], 5000);
    }
}
