//! One user or group, by name or id.

use serde_json::Value;
use userdb::client::{Call, ClientError, Connection};
use userdb::interface::{GET_GROUP_RECORD, GET_USER_RECORD};
use userdb::record::{Group, Key, Object, RecordKind, User};
use userdb::unix::{GroupEntry, GshadowEntry, PasswdEntry, ShadowEntry};
use userdb::{Disposition, GroupRecord, Kind};

use crate::failure::Failure;
use crate::memberships::{members_call, merge, receive_members};
use crate::pool::{Pool, failure};
use crate::record::Answered;

/// The service that answers for all others.
pub const SERVICE: &str = "io.systemd.Multiplexer";

/// The passwd entry of a user.
///
/// # Errors
/// [`Failure::NotFound`], or why there is no answer.
pub fn passwd(pool: &Pool, key: Key<'_>) -> Result<PasswdEntry, Failure> {
    PasswdEntry::from_record(&user(pool, key)?.record).ok_or(Failure::NotFound)
}

/// The shadow entry of a user, for those to whom the daemon tells the hash.
///
/// # Errors
/// As [`passwd`]; [`Failure::NotFound`] also for those to whom it does not.
pub fn shadow(pool: &Pool, name: &str) -> Result<ShadowEntry, Failure> {
    shadow_entry(&user(pool, Key::Name(name))?).ok_or(Failure::NotFound)
}

/// The shadow entry of a record, if this process may see all of it.
pub fn shadow_entry(user: &Answered<User>) -> Option<ShadowEntry> {
    if user.incomplete {
        return None;
    }
    let mut entry = ShadowEntry::from_record(&user.record);
    // Records of dynamic users are locked, since nobody logs in as one. shadow(5) can only say so with an expiry that has passed,
    // and pam_unix would refuse to start a login screen as a user that has expired. Without a hash it is locked enough.
    if user.record.disposition() == Some(Disposition::Dynamic) && user.record.not_after().is_none() {
        entry.expire = None;
    }
    Some(entry)
}

/// The group entry of a group, with all its members.
///
/// # Errors
/// [`Failure::NotFound`], or why there is no answer.
pub fn group(pool: &Pool, key: Key<'_>) -> Result<GroupEntry, Failure> {
    let (group, members) = group_and_members(pool, key)?;
    group_entry(&group.record, members).ok_or(Failure::NotFound)
}

/// The group entry of a record and the members that others name.
pub fn group_entry(group: &GroupRecord, members: Vec<String>) -> Option<GroupEntry> {
    let mut entry = GroupEntry::from_record(group)?;
    merge(&mut entry.members, members);
    Some(entry)
}

/// The gshadow entry of a group, for those to whom the daemon tells the hash.
///
/// # Errors
/// As [`group`]; [`Failure::NotFound`] also for those to whom it does not.
pub fn gshadow(pool: &Pool, name: &str) -> Result<GshadowEntry, Failure> {
    let (group, members) = group_and_members(pool, Key::Name(name))?;
    gshadow_entry(&group, members).ok_or(Failure::NotFound)
}

/// The gshadow entry of a record and the members that others name, if this process may see all of it.
pub fn gshadow_entry(group: &Answered<Group>, members: Vec<String>) -> Option<GshadowEntry> {
    if group.incomplete {
        return None;
    }
    let mut entry = GshadowEntry::from_record(&group.record);
    merge(&mut entry.members, members);
    Some(entry)
}

fn user(pool: &Pool, key: Key<'_>) -> Result<Answered<User>, Failure> {
    // `chown 1234` asks for a user of this name first, and the daemon need not hear of it.
    if !key.is_possible() {
        return Err(Failure::NotFound);
    }
    let parameters = parameters(Kind::User, key);
    let reply = pool.exchange(|connection| connection.call(GET_USER_RECORD, &parameters)).map_err(failure)?;
    asked_for(reply, key).ok_or(Failure::NO_ANSWER)
}

/// A group, and the members that others name.
type GroupAndMembers = (Answered<Group>, Vec<String>);

fn group_and_members(pool: &Pool, key: Key<'_>) -> Result<GroupAndMembers, Failure> {
    if !key.is_possible() {
        return Err(Failure::NotFound);
    }
    pool.exchange(|connection| ask_for_group(connection, key)).map_err(failure)?.ok_or(Failure::NO_ANSWER)
}

/// By name both questions are sent at once; otherwise the name has to be known first. None if the answer is no such group.
fn ask_for_group(connection: &mut Connection, key: Key<'_>) -> Result<Option<GroupAndMembers>, ClientError> {
    let parameters = parameters(Kind::Group, key);
    let mut calls = vec![Call { method: GET_GROUP_RECORD, parameters, more: false }];
    if let Key::Name(name) = key {
        calls.push(members_call(name));
    }
    connection.send(&calls)?;
    let reply = connection.receive();
    if reply.as_ref().is_err_and(|error| error.service_error().is_none()) {
        return reply.map(|_| None);
    }
    // The second answer has to be taken off the connection whatever the first one was.
    let members = match key {
        Key::Name(name) => Some(receive_members(connection, name)?),
        Key::Id(_) => None,
    };
    let Some(group) = asked_for(reply?.parameters, key) else { return Ok(None) };
    let name = group.record.name();
    let members = match (key, members) {
        (Key::Name(asked), Some(members)) if asked == name => members,
        // An alias has no members.
        _ => {
            connection.send(&[members_call(name)])?;
            receive_members(connection, name)?
        }
    };
    Ok(Some((group, members)))
}

fn parameters(kind: Kind, key: Key<'_>) -> Value {
    Value::Object(Object::from_iter([key.field(kind), ("service".to_owned(), SERVICE.into())]))
}

/// The record in a reply, unless it is somebody else's.
fn asked_for<K: RecordKind>(reply: Object, key: Key<'_>) -> Option<Answered<K>> {
    Answered::from_parameters(reply).filter(|answered: &Answered<K>| answered.record.has(key))
}
