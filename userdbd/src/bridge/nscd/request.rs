//! Requests of the nscd protocol, version 2 (musl's `src/passwd/nscd_query.c`, glibc's `nscd/nscd-client.h`): three 32-bit
//! integers in the byte order of the machine, and a key.

/// The version that everybody speaks.
pub const VERSION: i32 = 2;
/// Length of the fixed part, in bytes.
pub const HEADER: usize = 12;
/// The longest key, in bytes, with its NUL; as in glibc.
const MAX_KEY: usize = 1024;

/// Kinds of requests that are answered, by their numbers. The others are glibc's: for its shared memory, and for databases
/// that are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// GETPWBYNAME
    UserByName,
    /// GETPWBYUID
    UserById,
    /// GETGRBYNAME
    GroupByName,
    /// GETGRBYGID
    GroupById,
    /// INITGROUPS: the groups of a user, by name.
    GroupsOfUser,
}

/// The fixed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What is asked.
    pub kind: Kind,
    /// How many bytes follow.
    pub key_length: usize,
}

impl Header {
    /// Reads the fixed part. None when there is nothing to answer: another version, a kind that is not served, or no
    /// possible length. Then the connection is closed, upon which glibc asks its other sources.
    pub fn parse(bytes: [u8; HEADER]) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        let kind = match i32::from_ne_bytes([e, f, g, h]) {
            0 => Kind::UserByName,
            1 => Kind::UserById,
            2 => Kind::GroupByName,
            3 => Kind::GroupById,
            15 => Kind::GroupsOfUser,
            _ => return None,
        };
        let key_length = usize::try_from(i32::from_ne_bytes([i, j, k, l])).ok()?;
        let is_good = i32::from_ne_bytes([a, b, c, d]) == VERSION && (1..=MAX_KEY).contains(&key_length);
        is_good.then_some(Self { kind, key_length })
    }
}

/// Who is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A name.
    Name(String),
    /// A uid or gid.
    Id(u32),
    /// What nobody can be called.
    Impossible,
}

impl Key {
    /// Reads the key. None when it does not end with its NUL.
    pub fn parse(kind: Kind, bytes: &[u8]) -> Option<Self> {
        let text = bytes.strip_suffix(b"\0")?;
        let text = std::str::from_utf8(text).unwrap_or_default();
        Some(match kind {
            Kind::UserById | Kind::GroupById => userdb::id::parse(text).map_or(Self::Impossible, Self::Id),
            // A NUL in it is a control character.
            _ if userdb::name::is_valid_relaxed(text) => Self::Name(text.to_owned()),
            _ => Self::Impossible,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version: i32, kind: i32, length: i32) -> Option<Header> {
        let bytes = [version, kind, length].map(i32::to_ne_bytes).concat();
        Header::parse(bytes.try_into().unwrap())
    }

    #[test]
    fn the_five_kinds_of_musl_are_served_and_no_others() {
        let served: Vec<i32> = (-1..=30).filter(|kind| header(2, *kind, 5).is_some()).collect();
        assert_eq!(served, [0, 1, 2, 3, 15]);
        assert_eq!(header(2, 15, 1024), Some(Header { kind: Kind::GroupsOfUser, key_length: 1024 }));
    }

    #[test]
    fn lengths_and_versions_that_cannot_be_are_refused() {
        for length in [0, -1, i32::MIN, 1025, i32::MAX] {
            assert_eq!(header(2, 0, length), None, "{length}");
        }
        for version in [0, 1, 3, 2_i32.swap_bytes()] {
            assert_eq!(header(version, 0, 5), None, "{version}");
        }
    }

    #[test]
    fn keys_end_with_nul() {
        assert_eq!(Key::parse(Kind::UserByName, b"ann\0"), Some(Key::Name("ann".into())));
        assert_eq!(Key::parse(Kind::UserById, b"1000\0"), Some(Key::Id(1000)));
        assert_eq!(Key::parse(Kind::UserByName, b"ann"), None);
        assert_eq!(Key::parse(Kind::UserByName, b""), None);
    }

    #[test]
    fn keys_that_nobody_has_are_told_apart_from_broken_requests() {
        for name in
            [&b"\0"[..], b"a\0b\0", b"a:b\0", b"1000\0", b"\xff\xfe\0", b"a/b\0", b"..\0", b"a\nb\0", b" a\0"]
        {
            assert_eq!(Key::parse(Kind::UserByName, name), Some(Key::Impossible), "{name:?}");
        }
        for id in [
            &b"\0"[..],
            b"-1\0",
            b"+1\0",
            b" 1\0",
            b"01\0",
            b"4294967295\0",
            b"65535\0",
            b"1x\0",
            b"1\x001\0",
        ] {
            assert_eq!(Key::parse(Kind::GroupById, id), Some(Key::Impossible), "{id:?}");
        }
    }
}
