//! The verbs, one file each.

mod group;
mod groups_of_user;
mod memberships;
mod record_file;
mod records;
mod services;
mod ssh_authorized_keys;
mod user;
mod users_in_group;

use userdb::record::{Group, User};

use crate::arguments::{ArgumentError, Arguments};
use crate::database::{Database, LookupError};
use crate::message::Message;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    User,
    Group,
    UsersInGroup,
    GroupsOfUser,
    Services,
    SshAuthorizedKeys,
}

impl Verb {
    /// All names.
    pub const NAMES: &[&str] =
        &["user", "group", "users-in-group", "groups-of-user", "services", "ssh-authorized-keys"];

    /// The verb of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "user" => Self::User,
            "group" => Self::Group,
            "users-in-group" => Self::UsersInGroup,
            "groups-of-user" => Self::GroupsOfUser,
            "services" => Self::Services,
            "ssh-authorized-keys" => Self::SshAuthorizedKeys,
            _ => return None,
        })
    }

    /// How many operands it needs.
    pub fn min_operands(self) -> usize {
        usize::from(self == Self::SshAuthorizedKeys)
    }

    /// How many operands it takes.
    pub fn max_operands(self) -> usize {
        if self == Self::Services { 0 } else { usize::MAX }
    }
}

/// How a verb ended that did what it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything was shown.
    Complete,
    /// Something was not, and a message said so.
    Incomplete,
}

/// What ends a verb early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line.
    #[error("{0}")]
    Arguments(#[from] ArgumentError),
    /// A list broke off.
    #[error("Failed to {action}: {source}")]
    List { action: &'static str, source: LookupError },
    /// A service says that it cannot answer for now.
    #[error("Selected {database} database service is not available for this request.")]
    Unavailable { database: &'static str },
    /// Two options, or an option and the verb, exclude each other.
    #[error("{0}, refusing.")]
    Refused(String),
    /// A file with a record could not be read.
    #[error("{0}")]
    RecordFile(String),
    /// A directory could not be read.
    #[error("Failed to open {directory}: {reason}")]
    Directory { directory: String, reason: String },
    /// Standard output.
    #[error("Failed to write output: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// A failed list, with what was to be done: `enumerate users`.
    fn of_list(action: &'static str, database: &'static str, source: LookupError) -> Self {
        match source {
            LookupError::Unavailable => Self::Unavailable { database },
            LookupError::Output(error) => Self::Output(error),
            source => Self::List { action, source },
        }
    }

    /// True when the reader of the output has gone, which needs no message.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// Runs the verb.
///
/// # Errors
/// What ends it early.
pub fn run(arguments: &Arguments) -> Result<Status, Error> {
    if !arguments.services.is_empty() {
        Message::Info.print(&format!("Enabled services: {}", arguments.services.join(":")));
    }
    let mut database = Database::new(arguments.socket_directory.clone(), &arguments.services);
    match arguments.verb {
        Verb::User => records::run::<User>(arguments, &mut database),
        Verb::Group => records::run::<Group>(arguments, &mut database),
        Verb::UsersInGroup => users_in_group::run(arguments, &database),
        Verb::GroupsOfUser => groups_of_user::run(arguments, &database),
        Verb::Services => services::run(arguments),
        Verb::SshAuthorizedKeys => ssh_authorized_keys::run(arguments, &mut database),
    }
}

/// Refuses `--from-file`, which only users and groups know.
fn refuse_file(arguments: &Arguments, doing: &str) -> Result<(), Error> {
    match arguments.from_file {
        None => Ok(()),
        Some(_) => Err(Error::Refused(format!("--from-file= not supported when {doing}"))),
    }
}

/// Says why one of several names is not shown.
fn report_missing(words: Words, name: &str, error: &LookupError) {
    let Words { title, singular, .. } = words;
    Message::Error.print(&match error {
        LookupError::NotFound => format!("{title} {name} does not exist."),
        LookupError::NotMatching => format!("{title} '{name}' exists but does not match specified filter."),
        LookupError::Unavailable => Error::Unavailable { database: singular }.to_string(),
        error => format!("Failed to find {singular} {name}: {error}"),
    });
}

/// How messages call what is looked up.
#[derive(Clone, Copy, Debug)]
struct Words {
    /// At the beginning of a sentence.
    title: &'static str,
    singular: &'static str,
    plural: &'static str,
    /// What is done when all are shown.
    listing: &'static str,
}

const USER: Words = Words { title: "User", singular: "user", plural: "users", listing: "enumerate users" };
const GROUP: Words =
    Words { title: "Group", singular: "group", plural: "groups", listing: "enumerate groups" };

/// Says that the caller may not see all of a record.
fn warn_incomplete(words: Words, name: &str) {
    Message::Warning.print(&format!(
        "Warning: lacking rights to acquire privileged fields of {} record of '{}', output incomplete.",
        words.singular,
        crate::format::text::printable(name)
    ));
}
