//! Replies of the nscd protocol. musl takes every string's length with its NUL, refuses a length of 0, and takes any value
//! of "found" other than 0 for a record: so there is 1, and 0, and never the -1 that glibc knows besides.

use userdb::unix::{GroupEntry, PasswdEntry};

use super::request::{Kind, VERSION};

/// "found".
const FOUND: u32 = 1;
const NOT_FOUND: u32 = 0;
/// The uid or gid in a reply without a record.
const NO_ID: u32 = u32::MAX;

/// What is sent when there is no record.
pub fn not_found(kind: Kind) -> Vec<u8> {
    match kind {
        // found, length of name and password, uid, gid, length of real name, home and shell
        Kind::UserByName | Kind::UserById => integers(&[NOT_FOUND, 0, 0, NO_ID, NO_ID, 0, 0, 0]),
        // found, length of name and password, gid, number of members
        Kind::GroupByName | Kind::GroupById => integers(&[NOT_FOUND, 0, 0, NO_ID, 0]),
        // found, number of groups
        Kind::GroupsOfUser => integers(&[NOT_FOUND, 0]),
    }
}

/// The reply for a user. None when it is too long for the protocol.
pub fn user(user: &PasswdEntry) -> Option<Vec<u8>> {
    let strings = [&user.name, &user.password, &user.gecos, &user.home, &user.shell];
    let [name, password, gecos, home, shell] = strings.map(|string| length(string));
    let mut reply = integers(&[FOUND, name?, password?, user.uid, user.gid, gecos?, home?, shell?]);
    strings.into_iter().for_each(|string| push(&mut reply, string));
    Some(reply)
}

/// The reply for a group. None when it is too long for the protocol.
pub fn group(group: &GroupEntry) -> Option<Vec<u8>> {
    let count = u32::try_from(group.members.len()).ok()?;
    let mut reply = integers(&[FOUND, length(&group.name)?, length(&group.password)?, group.gid, count]);
    for member in &group.members {
        reply.extend_from_slice(&length(member)?.to_ne_bytes());
    }
    for string in [&group.name, &group.password].into_iter().chain(&group.members) {
        push(&mut reply, string);
    }
    Some(reply)
}

/// The reply for the groups of a user.
pub fn groups(gids: &[u32]) -> Option<Vec<u8>> {
    if gids.is_empty() {
        return Some(not_found(Kind::GroupsOfUser));
    }
    let mut reply = integers(&[FOUND, u32::try_from(gids.len()).ok()?]);
    gids.iter().for_each(|gid| reply.extend_from_slice(&gid.to_ne_bytes()));
    Some(reply)
}

/// The version and what follows it.
fn integers(rest: &[u32]) -> Vec<u8> {
    let mut reply = VERSION.to_ne_bytes().to_vec();
    rest.iter().for_each(|integer| reply.extend_from_slice(&integer.to_ne_bytes()));
    reply
}

/// The length with the NUL. None when it is no signed 32-bit integer, or the string holds a NUL.
fn length(string: &str) -> Option<u32> {
    if string.contains('\0') {
        return None;
    }
    u32::try_from(i32::try_from(string.len().checked_add(1)?).ok()?).ok()
}

fn push(reply: &mut Vec<u8>, string: &str) {
    reply.extend_from_slice(string.as_bytes());
    reply.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reply: &[u8]) -> Vec<i32> {
        reply.chunks_exact(4).map(|four| i32::from_ne_bytes(four.try_into().unwrap())).collect()
    }

    #[test]
    fn a_user_has_nine_integers_and_five_strings() {
        let entry = PasswdEntry {
            name: "ann".into(),
            password: "x".into(),
            uid: 1000,
            gid: 4_000_000_000,
            gecos: String::new(),
            home: "/home/ann".into(),
            shell: "/bin/sh".into(),
        };
        let reply = user(&entry).unwrap();
        let (integers, strings) = reply.split_at(36);
        assert_eq!(read(integers), [2, 1, 4, 2, 1000, 4_000_000_000_u32.cast_signed(), 1, 10, 8]);
        assert_eq!(strings, b"ann\0x\0\0/home/ann\0/bin/sh\0");
    }

    #[test]
    fn a_group_has_the_lengths_of_its_members_before_all_strings() {
        let entry = GroupEntry {
            name: "wheel".into(),
            password: "x".into(),
            gid: 10,
            members: vec!["ann".into(), "bo".into()],
        };
        let reply = group(&entry).unwrap();
        let (integers, strings) = reply.split_at(32);
        assert_eq!(read(integers), [2, 1, 6, 2, 10, 2, 4, 3]);
        assert_eq!(strings, b"wheel\0x\0ann\0bo\0");
        let alone = group(&GroupEntry { members: Vec::new(), ..entry }).unwrap();
        assert_eq!(read(&alone[..24]), [2, 1, 6, 2, 10, 0]);
        assert_eq!(&alone[24..], b"wheel\0x\0");
    }

    #[test]
    fn groups_of_a_user_are_numbers() {
        assert_eq!(read(&groups(&[44, 60578]).unwrap()), [2, 1, 2, 44, 60578]);
        assert_eq!(read(&groups(&[]).unwrap()), [2, 0, 0]);
    }

    #[test]
    fn not_found_is_a_whole_header_with_zero_and_never_minus_one() {
        assert_eq!(read(&not_found(Kind::UserById)), [2, 0, 0, 0, -1, -1, 0, 0, 0]);
        assert_eq!(read(&not_found(Kind::GroupByName)), [2, 0, 0, 0, -1, 0]);
        assert_eq!(read(&not_found(Kind::GroupsOfUser)), [2, 0, 0]);
    }
}
