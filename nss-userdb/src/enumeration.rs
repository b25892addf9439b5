//! All users or groups, one after the other.
//!
//! An enumeration has a connection of its own, over which the daemon sends records as fast as they are taken. Accounts from
//! /etc/passwd and its kin are left out: the C library lists these itself, and each would come twice.

use std::collections::HashMap;

use serde_json::{Value, json};
use userdb::Kind;
use userdb::client::Replies;
use userdb::interface::GET_MEMBERSHIPS;
use userdb::record::{Group, Object, RecordKind, User};
use userdb::unix::{GroupEntry, GshadowEntry, PasswdEntry, ShadowEntry};

use crate::failure::{Failure, is_disconnect};
use crate::guarded::Guarded;
use crate::lookup::{self, SERVICE};
use crate::memberships;
use crate::pool::{Pool, failure};
use crate::record::{Answered, is_from_account_files};

/// Members by group, as told by others than the groups' records.
pub type Members = HashMap<String, Vec<String>>;

/// What can be enumerated.
pub trait Listed: Sized {
    /// The records that entries are made of.
    type Kind: RecordKind;

    /// The entry for a record, and the members that others name. None if it has none.
    fn entry(answered: &Answered<Self::Kind>, members: Vec<String>) -> Option<Self>;
}

impl Listed for PasswdEntry {
    type Kind = User;

    fn entry(user: &Answered<User>, _: Vec<String>) -> Option<Self> {
        Self::from_record(&user.record)
    }
}

impl Listed for ShadowEntry {
    type Kind = User;

    fn entry(user: &Answered<User>, _: Vec<String>) -> Option<Self> {
        lookup::shadow_entry(user)
    }
}

impl Listed for GroupEntry {
    type Kind = Group;

    fn entry(group: &Answered<Group>, members: Vec<String>) -> Option<Self> {
        lookup::group_entry(&group.record, members)
    }
}

impl Listed for GshadowEntry {
    type Kind = Group;

    fn entry(group: &Answered<Group>, members: Vec<String>) -> Option<Self> {
        lookup::gshadow_entry(group, members)
    }
}

/// Where an enumeration stands.
#[derive(Debug)]
pub struct Enumeration<E> {
    replies: Option<Guarded<Replies>>,
    /// None until they are known; of users there are none.
    members: Option<Members>,
    /// Made from a reply, and not yet taken by the caller, whose buffer may have been too small.
    pending: Option<E>,
    /// The name of the last record that was received.
    last: Option<String>,
    ended: bool,
}

impl<E> Enumeration<E> {
    /// One that has not begun.
    pub const fn new() -> Self {
        Self { replies: None, members: None, pending: None, last: None, ended: false }
    }
}

impl<E: Listed> Enumeration<E> {
    /// Goes back to the beginning, and gives back everything. The next [`Enumeration::peek`] begins anew.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The next entry. It stays the next until [`Enumeration::advance`].
    ///
    /// # Errors
    /// [`Failure::NotFound`] after the last entry, or why there is no answer.
    pub fn peek(&mut self, pool: &Pool) -> Result<&E, Failure> {
        if self.pending.is_none() {
            self.pending = self.receive(pool)?;
        }
        self.pending.as_ref().ok_or(Failure::NotFound)
    }

    /// The caller has taken the entry.
    pub fn advance(&mut self) {
        self.pending = None;
    }

    fn receive(&mut self, pool: &Pool) -> Result<Option<E>, Failure> {
        while !self.ended {
            let Some(reply) = self.next_reply(pool)? else {
                self.ended = true;
                self.replies = None;
                break;
            };
            let record = reply.get("record").and_then(Value::as_object);
            let Some(record) = record.filter(|record| !is_from_account_files(record)) else { continue };
            self.last = name_of::<E>(record).map(str::to_owned);
            let Some(answered) = Answered::from_parameters(reply) else { continue };
            let members = self.members.as_mut().and_then(|all| all.remove(answered.record.name()));
            if let Some(entry) = E::entry(&answered, members.unwrap_or_default()) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The next reply, over another connection if this one is lost: the daemon was restarted, the program closed it, or this
    /// is the child of a fork.
    fn next_reply(&mut self, pool: &Pool) -> Result<Option<Object>, Failure> {
        if let Some(replies) = self.replies.as_mut().and_then(Guarded::get) {
            match replies.next().transpose() {
                Err(error) if is_disconnect(&error) => {}
                received => return end_of_list(received),
            }
        }
        self.replies = None;
        self.begin(pool)?;
        let Some(replies) = self.replies.as_mut().and_then(Guarded::get) else {
            return Err(Failure::NO_ANSWER);
        };
        if let Some(last) = &self.last {
            skip_to::<E>(replies, last)?;
        }
        end_of_list(replies.next().transpose())
    }

    fn begin(&mut self, pool: &Pool) -> Result<(), Failure> {
        if E::Kind::KIND == Kind::Group && self.members.is_none() {
            self.members = Some(all_members(pool)?);
        }
        self.replies = Some(ask_for_all(pool, E::Kind::KIND.method())?);
        Ok(())
    }
}

fn ask_for_all(pool: &Pool, method: &str) -> Result<Guarded<Replies>, Failure> {
    let connection = pool.open().map_err(failure)?;
    connection
        .try_map(|connection| connection.call_more(method, &json!({ "service": SERVICE })).ok())
        .ok_or(Failure::NO_ANSWER)
}

fn all_members(pool: &Pool) -> Result<Members, Failure> {
    let mut replies = ask_for_all(pool, GET_MEMBERSHIPS)?;
    let replies = replies.get().ok_or(Failure::NO_ANSWER)?;
    let mut members = Members::new();
    while let Some(parameters) = end_of_list(replies.next().transpose())? {
        if let Some((user, group)) = memberships::pair(parameters) {
            members.entry(group).or_default().push(user);
        }
    }
    Ok(members)
}

/// That there is nothing ends a list like its last reply does.
fn end_of_list<T>(received: Result<Option<T>, userdb::client::ClientError>) -> Result<Option<T>, Failure> {
    match received.map_err(failure) {
        Err(Failure::NotFound) => Ok(None),
        other => other,
    }
}

/// Reads up to a record that was given to the caller before.
fn skip_to<E: Listed>(replies: &mut Replies, last: &str) -> Result<(), Failure> {
    while let Some(reply) = end_of_list(replies.next().transpose())? {
        let record = reply.get("record").and_then(Value::as_object);
        if record.and_then(name_of::<E>) == Some(last) {
            return Ok(());
        }
    }
    // It is gone, so nobody can tell where to go on.
    Err(Failure::NO_ANSWER)
}

fn name_of<E: Listed>(record: &Object) -> Option<&str> {
    record.get(E::Kind::KIND.name_field()).and_then(Value::as_str)
}
