//! `users-in-group`: shows the members of groups.

use super::{Error, Status, memberships};
use crate::arguments::Arguments;
use crate::database::Database;

/// Shows the members of the groups named, or of all.
pub fn run(arguments: &Arguments, database: &Database) -> Result<Status, Error> {
    memberships::run(arguments, "enumerate users in group", |group, each| {
        database.memberships(None, group, each)
    })
}
