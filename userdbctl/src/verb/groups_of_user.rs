//! `groups-of-user`: shows the groups that users are members of.

use super::{Error, Status, memberships};
use crate::arguments::Arguments;
use crate::database::Database;

/// Shows the groups of the users named, or of all.
pub fn run(arguments: &Arguments, database: &Database) -> Result<Status, Error> {
    memberships::run(arguments, "enumerate groups of user", |user, each| {
        database.memberships(user, None, each)
    })
}
