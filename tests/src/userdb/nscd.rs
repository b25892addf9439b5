//! A client of nscd's socket that demands of each reply what musl demands, and more: musl takes a reply that breaks the
//! rules for an error of the system.

use super::client::connect_as;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// Kinds of requests.
pub const USER_BY_NAME: i32 = 0;
/// By uid.
pub const USER_BY_UID: i32 = 1;
/// By name.
pub const GROUP_BY_NAME: i32 = 2;
/// By gid.
pub const GROUP_BY_GID: i32 = 3;
/// The groups of a user.
pub const GROUPS_OF_USER: i32 = 15;

/// How long a reply may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bytes of a request for a key, to which its NUL is added.
pub fn request(kind: i32, key: &[u8]) -> Vec<u8> {
    let length = i32::try_from(key.len() + 1).expect("a key is short");
    let mut bytes = [2, kind, length].map(i32::to_ne_bytes).concat();
    bytes.extend_from_slice(key);
    bytes.push(0);
    bytes
}

/// Sends bytes as `uid` and reads until the connection ends.
///
/// # Panics
/// When the socket cannot be reached or nothing ends the connection.
pub fn exchange(socket: &Path, uid: u32, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect_as(socket, uid).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    // Who refuses the header does not read the rest.
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    match stream.read_to_end(&mut reply) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("no reply: {error}"),
    }
    reply
}

/// A user as the protocol has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The uid.
    pub uid: u32,
    /// The gid.
    pub gid: u32,
    /// The real name.
    pub gecos: String,
    /// The home.
    pub home: String,
    /// The shell.
    pub shell: String,
}

/// A group as the protocol has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The gid.
    pub gid: u32,
    /// The members.
    pub members: Vec<String>,
}

/// Looks a user up by name.
///
/// # Panics
/// When the reply breaks a rule.
pub fn user_by_name(socket: &Path, name: &str) -> Option<User> {
    let user = user(&exchange(socket, 0, &request(USER_BY_NAME, name.as_bytes())))?;
    assert_eq!(user.name, name, "musl takes no other name");
    Some(user)
}

/// Looks a user up by uid.
///
/// # Panics
/// When the reply breaks a rule.
pub fn user_by_uid(socket: &Path, uid: u32) -> Option<User> {
    let user = user(&exchange(socket, 0, &request(USER_BY_UID, uid.to_string().as_bytes())))?;
    assert_eq!(user.uid, uid);
    Some(user)
}

/// Looks a group up by name.
///
/// # Panics
/// When the reply breaks a rule.
pub fn group_by_name(socket: &Path, name: &str) -> Option<Group> {
    let group = group(&exchange(socket, 0, &request(GROUP_BY_NAME, name.as_bytes())))?;
    assert_eq!(group.name, name, "musl takes no other name");
    Some(group)
}

/// Looks a group up by gid.
///
/// # Panics
/// When the reply breaks a rule.
pub fn group_by_gid(socket: &Path, gid: u32) -> Option<Group> {
    group(&exchange(socket, 0, &request(GROUP_BY_GID, gid.to_string().as_bytes())))
}

/// The gids of a user's groups; nothing when there are none.
///
/// # Panics
/// When the reply breaks a rule.
pub fn groups_of_user(socket: &Path, name: &str) -> Vec<u32> {
    let mut reply = Reply::new(exchange(socket, 0, &request(GROUPS_OF_USER, name.as_bytes())));
    let (found, count) = (reply.found(), reply.integer());
    assert_eq!(found, count > 0);
    let gids = (0..count).map(|_| reply.integer().cast_unsigned()).collect();
    reply.end();
    gids
}

/// Reads a reply about a user.
///
/// # Panics
/// When it breaks a rule.
pub fn user(bytes: &[u8]) -> Option<User> {
    let mut reply = Reply::new(bytes.to_vec());
    let found = reply.found();
    let integers: Vec<i32> = (0..7).map(|_| reply.integer()).collect();
    let [name, password, uid, gid, gecos, home, shell] = integers[..] else { unreachable!() };
    if !found {
        assert_eq!(integers, [0, 0, -1, -1, 0, 0, 0]);
        reply.end();
        return None;
    }
    let name = reply.string(name);
    assert_eq!(reply.string(password), "x");
    let user = User {
        name,
        uid: uid.cast_unsigned(),
        gid: gid.cast_unsigned(),
        gecos: reply.string(gecos),
        home: reply.string(home),
        shell: reply.string(shell),
    };
    reply.end();
    Some(user)
}

/// Reads a reply about a group.
///
/// # Panics
/// When it breaks a rule.
pub fn group(bytes: &[u8]) -> Option<Group> {
    let mut reply = Reply::new(bytes.to_vec());
    let found = reply.found();
    let integers: Vec<i32> = (0..4).map(|_| reply.integer()).collect();
    let [name, password, gid, count] = integers[..] else { unreachable!() };
    if !found {
        assert_eq!(integers, [0, 0, -1, 0]);
        reply.end();
        return None;
    }
    let lengths: Vec<i32> = (0..count).map(|_| reply.integer()).collect();
    let name = reply.string(name);
    assert_eq!(reply.string(password), "x");
    let members = lengths.into_iter().map(|length| reply.string(length)).collect();
    reply.end();
    Some(Group { name, gid: gid.cast_unsigned(), members })
}

struct Reply {
    bytes: Vec<u8>,
    taken: usize,
}

impl Reply {
    fn new(bytes: Vec<u8>) -> Self {
        let mut reply = Self { bytes, taken: 0 };
        assert_eq!(reply.integer(), 2, "the version");
        reply
    }

    fn integer(&mut self) -> i32 {
        let four = self.bytes.get(self.taken..self.taken + 4).expect("there is another integer");
        self.taken += 4;
        i32::from_ne_bytes(four.try_into().expect("four bytes"))
    }

    fn found(&mut self) -> bool {
        match self.integer() {
            0 => false,
            1 => true,
            other => panic!("found = {other}, which musl takes for a record"),
        }
    }

    fn string(&mut self, length: i32) -> String {
        let length = usize::try_from(length).expect("a length is positive");
        assert!(length > 0, "musl refuses empty lengths");
        let bytes = self.bytes.get(self.taken..self.taken + length).expect("the string is there");
        self.taken += length;
        let text = bytes.strip_suffix(b"\0").expect("the string ends with NUL");
        assert!(!text.contains(&0), "a NUL inside");
        String::from_utf8(text.to_vec()).expect("the string is UTF-8")
    }

    fn end(&self) {
        assert_eq!(self.taken, self.bytes.len(), "bytes are left over");
    }
}
