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
    find: impl Fn(Option<&str>) -> Result<Vec<Membership>, LookupError>,
) -> Result<Status, Error> {
    refuse_file(arguments, "showing memberships")?;
    let mode = arguments.mode.unwrap_or(Mode::Table);
    let mut out = Stdout::new();
    let mut table = Table::new(vec![Column::left("user"), Column::left("group")]);
    let mut show = |memberships: Vec<Membership>| -> Result<(), Error> {
        for Membership { user, group } in memberships {
            match mode {
                Mode::Classic => out.write(&format!("{user}:{group}\n"))?,
                Mode::Friendly => out.write(&format!("{group}: {user}\n"))?,
                Mode::Json => {
                    let pair: [(String, Value); 2] =
                        [("user".to_owned(), user.into()), ("group".to_owned(), group.into())];
                    let text = json::object(
                        &Object::from_iter(pair),
                        arguments.json.unwrap_or_default(),
                        out.palette(),
                    );
                    out.write(&text)?;
                }
                Mode::Table => table.add(vec![Cell::text(user), Cell::text(group)]),
            }
        }
        Ok(())
    };
    if arguments.operands.is_empty() {
        let all = find(None).map_err(|error| Error::of_list("enumerate memberships", "membership", error))?;
        show(all)?;
    }
    for name in &arguments.operands {
        show(find(Some(name)).map_err(|error| Error::of_list(action, "membership", error))?)?;
    }
    if mode == Mode::Table {
        table.sort_by_text();
        out.table(&table, arguments)?;
        out.count(table.len(), "memberships", arguments)?;
    }
    out.flush()?;
    Ok(Status::Complete)
}
