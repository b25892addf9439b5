//! The account files of Unix: their lines, and records made from them and turned into them.
//!
//! Lines are read as glibc reads them: space before a line is skipped, missing fields at the end are empty, and what
//! follows the last field's colon belongs to it. A line that cannot be read costs itself only.

mod field;
mod group;
mod gshadow;
mod lines;
mod passwd;
mod shadow;

pub use field::gecos_text;
pub use group::GroupEntry;
pub use gshadow::GshadowEntry;
pub use lines::{File, LineProblem};
pub use passwd::PasswdEntry;
pub use shadow::ShadowEntry;

/// What a file holds in place of a hash that is in the shadow file.
pub const SEE_SHADOW: &str = "x";
/// A hash that no password has, of an account that is locked.
pub const LOCKED_AND_INVALID: &str = "!*";

/// Reads the text of a passwd file.
pub fn parse_passwd(text: &[u8]) -> File<PasswdEntry> {
    File::parse(text, passwd::parse)
}

/// Reads the text of a shadow file.
pub fn parse_shadow(text: &[u8]) -> File<ShadowEntry> {
    File::parse(text, shadow::parse)
}

/// Reads the text of a group file.
pub fn parse_group(text: &[u8]) -> File<GroupEntry> {
    File::parse(text, group::parse)
}

/// Reads the text of a gshadow file.
pub fn parse_gshadow(text: &[u8]) -> File<GshadowEntry> {
    File::parse(text, gshadow::parse)
}

/// True for a string that is a hash of a password, or can be taken for one: not `x` or `*`, however locked with `!`.
pub fn looks_like_hash(s: &str) -> bool {
    !matches!(s.trim_start_matches('!'), "x" | "*")
}
