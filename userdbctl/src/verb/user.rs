//! `user`: shows users.

use userdb::{Filter, Sections, UserRecord};

use super::{Error, Status, USER, record_file, report_missing, warn_incomplete};
use crate::arguments::Arguments;
use crate::database::{Database, Found, Key};
use crate::output::boundaries::{self, Names};
use crate::output::table::{Cell, Column, Table};
use crate::output::{Mode, Stdout, classic, color, friendly, json};

/// Shows the users named, those that match, or all.
pub fn run(arguments: &Arguments, database: &mut Database) -> Result<Status, Error> {
    let mut show = Show::new(arguments);
    let mut status = Status::Complete;
    let mut listed = Ok(());
    if let Some(path) = &arguments.from_file {
        if !arguments.operands.is_empty() {
            return Err(Error::Refused("No argument expected when invoked with --from-file=".to_owned()));
        }
        let json = record_file::read(path)?;
        let loaded = UserRecord::load(json, database.host(), Sections::ANY);
        let record = loaded.map_err(|error| record_file::problem(path, &error))?.record;
        let json = record.json().clone();
        show.user(&Found { record, json, incomplete: false }, database)?;
    } else if arguments.operands.is_empty() || arguments.fuzzy {
        let filter = Filter { fuzzy_names: arguments.operands.clone(), ..arguments.filter.clone() };
        if show.mode == Mode::Friendly {
            // Each needs more questions, so the list is taken whole first.
            let mut users = Vec::new();
            listed = list(database, &filter, |found| {
                users.push(found);
                Ok(())
            });
            for user in &users {
                show.user(user, database)?;
            }
        } else {
            listed = list(database, &filter, |found| show.plain(&found));
        }
    } else {
        for name in &arguments.operands {
            match Key::of_operand(name).and_then(|key| database.user(key, &arguments.filter)) {
                Ok(found) => show.user(&found, database)?,
                Err(error) => {
                    show.out.flush()?;
                    report_missing(USER, name, &error);
                    status = Status::Incomplete;
                }
            }
        }
    }
    // What came before a list broke off is shown all the same.
    if listed.is_ok() || show.shown > 0 {
        show.finish()?;
    }
    listed.map(|()| status)
}

fn list(
    database: &Database,
    filter: &Filter,
    each: impl FnMut(Found<UserRecord>) -> std::io::Result<()>,
) -> Result<(), Error> {
    database.users(filter, each).map_err(|error| Error::of_list("enumerate users", "user", error))
}

/// Shows one user after the other.
struct Show<'a> {
    arguments: &'a Arguments,
    mode: Mode,
    out: Stdout,
    table: Table,
    shown: usize,
}

impl<'a> Show<'a> {
    fn new(arguments: &'a Arguments) -> Self {
        let columns = [
            Column::left("name"),
            Column::left("disposition"),
            Column::right("uid"),
            Column::right("gid"),
            Column::left("realname"),
            Column::left("home"),
            Column::left("shell"),
        ];
        Self {
            arguments,
            mode: arguments.mode.unwrap_or_else(|| Mode::of_records(arguments)),
            out: Stdout::new(),
            table: Table::of_ids(columns, arguments.boundaries),
            shown: 0,
        }
    }

    fn user(&mut self, found: &Found<UserRecord>, database: &mut Database) -> Result<(), Error> {
        if self.mode != Mode::Friendly {
            return Ok(self.plain(found)?);
        }
        if self.shown > 0 {
            self.out.write("\n")?;
        }
        self.shown += 1;
        let text = friendly::user::text(found, database, self.out.palette());
        self.out.write(&text)?;
        if found.incomplete {
            self.out.flush()?;
            warn_incomplete(USER, found.record.name());
        }
        Ok(())
    }

    /// In any mode that needs no more than the record.
    fn plain(&mut self, found: &Found<UserRecord>) -> std::io::Result<()> {
        match self.mode {
            Mode::Classic => self.out.write(&classic::user(&found.record)),
            Mode::Json => {
                let format = self.arguments.json.unwrap_or_default();
                self.out.write(&json::object(&found.json, format, self.out.palette()))
            }
            Mode::Table | Mode::Friendly => {
                self.add_row(&found.record);
                Ok(())
            }
        }
    }

    fn add_row(&mut self, user: &UserRecord) {
        self.shown += 1;
        let disposition = user.disposition();
        let shell = user.shell();
        let real_name = user.str("realName").filter(|name| !name.is_empty()).map(|_| user.real_name());
        let cells = vec![
            Cell::text(user.name()).colored(disposition.and_then(color::of_disposition)),
            Cell::optional(disposition.map(|disposition| disposition.as_str())),
            Cell::optional(user.uid().map(|uid| uid.to_string())),
            Cell::optional(user.gid().map(|gid| gid.to_string())),
            Cell::optional(real_name),
            Cell::text(user.home_directory()),
            Cell::text(shell).colored(friendly::login::is_nologin(shell).then_some(color::Color::Grey)),
        ];
        self.table.add_with_id(user.uid(), cells);
    }

    fn finish(mut self) -> Result<(), Error> {
        if self.mode == Mode::Table {
            if self.arguments.boundaries {
                let names = Names { plural: "users", singular: "user", blank: [1, 2] };
                boundaries::add(
                    &mut self.table,
                    &names,
                    boundaries::USER_MAP,
                    self.arguments.filter.disposition_mask,
                );
            }
            self.table.sort_by_id();
            self.out.table(&self.table, self.arguments)?;
            self.out.count(self.shown, "users", self.arguments)?;
        }
        Ok(self.out.flush()?)
    }
}
