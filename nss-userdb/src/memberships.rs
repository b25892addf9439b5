//! Who is in which group.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use userdb::client::{Call, ClientError, Connection};
use userdb::interface::{GET_GROUP_RECORD, GET_MEMBERSHIPS};
use userdb::name::is_valid_relaxed;
use userdb::record::Group;

use crate::failure::Failure;
use crate::lookup::SERVICE;
use crate::pool::{Pool, failure};
use crate::record::Answered;

/// Groups that are looked up with one round trip.
const AT_ONCE: usize = 32;

/// The call for the members of a group.
pub fn members_call(group: &str) -> Call<'static> {
    let parameters = json!({ "groupName": group, "service": SERVICE });
    Call { method: GET_MEMBERSHIPS, parameters, more: true }
}

/// Receives the replies to [`members_call`].
///
/// # Errors
/// Any but that there are none.
pub fn receive_members(connection: &mut Connection, group: &str) -> Result<Vec<String>, ClientError> {
    let mut members = Vec::new();
    receive_pairs(connection, |user_of, group_of| {
        if group_of == group {
            members.push(user_of);
        }
    })?;
    Ok(members)
}

/// Receives the replies to one `GetMemberships`.
fn receive_pairs(
    connection: &mut Connection,
    mut each: impl FnMut(String, String),
) -> Result<(), ClientError> {
    loop {
        match connection.receive() {
            Ok(reply) => {
                if let Some((user, group)) = pair(reply.parameters) {
                    each(user, group);
                }
                if !reply.continues {
                    return Ok(());
                }
            }
            Err(error) if Failure::from(&error) == Failure::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// The user and the group of a reply.
pub fn pair(mut parameters: Map<String, Value>) -> Option<(String, String)> {
    let mut name = |field| match parameters.remove(field)? {
        Value::String(name) if is_valid_relaxed(&name) => Some(name),
        _ => None,
    };
    Some((name("userName")?, name("groupName")?))
}

/// Adds those members who are not there yet.
pub fn merge(members: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    let mut known: HashSet<String> = members.iter().cloned().collect();
    members.extend(more.into_iter().filter(|member| known.insert(member.clone())));
}

/// The gids of the groups that a user is a member of, besides the primary one.
///
/// # Errors
/// [`Failure::NotFound`] when there are none.
pub fn gids_of(pool: &Pool, user: &str) -> Result<Vec<u32>, Failure> {
    if !is_valid_relaxed(user) {
        return Err(Failure::NotFound);
    }
    let gids = pool.exchange(|connection| ask_for_gids(connection, user)).map_err(failure)?;
    if gids.is_empty() { Err(Failure::NotFound) } else { Ok(gids) }
}

/// One round trip for the names, and one for each [`AT_ONCE`] of them.
fn ask_for_gids(connection: &mut Connection, user: &str) -> Result<Vec<u32>, ClientError> {
    let parameters = json!({ "userName": user, "service": SERVICE });
    connection.send(&[Call { method: GET_MEMBERSHIPS, parameters, more: true }])?;
    let mut groups: Vec<String> = Vec::new();
    receive_pairs(connection, |user_of, group_of| {
        if user_of == user && !groups.contains(&group_of) {
            groups.push(group_of);
        }
    })?;
    let mut gids = Vec::with_capacity(groups.len());
    for some in groups.chunks(AT_ONCE) {
        let calls: Vec<Call<'_>> = some.iter().map(|group| group_call(group)).collect();
        connection.send(&calls)?;
        for group in some {
            match connection.receive() {
                Ok(reply) => gids.extend(gid_of(reply.parameters, group)),
                // Nobody knows the group, so that it has no gid.
                Err(error) if Failure::from(&error) == Failure::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(gids)
}

fn group_call(group: &str) -> Call<'static> {
    let parameters = json!({ "groupName": group, "service": SERVICE });
    Call { method: GET_GROUP_RECORD, parameters, more: false }
}

fn gid_of(parameters: Map<String, Value>, group: &str) -> Option<u32> {
    Answered::<Group>::from_parameters(parameters)
        .filter(|answered| answered.record.matches_name(group))?
        .record
        .gid()
}
