//! What `users-in-group` and `groups-of-user` share.

use serde_json::Value;
use userdb::record::Object;

use super::{Error, Status, refuse_file};
use crate::arguments::Arguments;
use crate::database::{LookupError, Membership};
use crate::output::table::{Cell, Column, Table};
use crate::output::{Mode, Stdout, json};

/// Shows the memberships that are found for each operand, or for none.
pub fn run(
    arguments: &Arguments,
    action: &'static str,
    find: impl Fn(Option<&str>, &mut Each<'_>) -> Result<(), LookupError>,
) -> Result<Status, Error> {
    refuse_file(arguments, "showing memberships")?;
    let mode = arguments.mode.unwrap_or(Mode::Table);
    let mut out = Stdout::new();
    let mut table = Table::new(vec![Column::left("user"), Column::left("group")]);
    let mut show = |Membership { user, group }: Membership| match mode {
        Mode::Classic => out.write(&format!("{user}:{group}\n")),
        Mode::Friendly => out.write(&format!("{group}: {user}\n")),
        Mode::Json => {
            let pair: [(String, Value); 2] =
                [("user".to_owned(), user.into()), ("group".to_owned(), group.into())];
            let format = arguments.json.unwrap_or_default();
            out.write(&json::object(&Object::from_iter(pair), format, out.palette()))
        }
        Mode::Table => {
            table.add(vec![Cell::text(user), Cell::text(group)]);
            Ok(())
        }
    };
    let found = if arguments.operands.is_empty() {
        find(None, &mut show).map_err(|error| Error::of_list("enumerate memberships", "membership", error))
    } else {
        arguments.operands.iter().try_for_each(|name| {
            find(Some(name), &mut show).map_err(|error| Error::of_list(action, "membership", error))
        })
    };
    // What was found before a list broke off is shown all the same.
    if mode == Mode::Table && (found.is_ok() || table.len() > 0) {
        table.sort_by_text();
        out.table(&table, arguments)?;
        out.count(table.len(), "memberships", arguments)?;
    }
    out.flush()?;
    found.map(|()| Status::Complete)
}

/// Takes one membership.
pub type Each<'a> = dyn FnMut(Membership) -> std::io::Result<()> + 'a;
