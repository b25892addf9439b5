//! `group`: shows groups.

use userdb::{Filter, GroupRecord, Sections};

use super::{Error, GROUP, Status, record_file, report_missing, warn_incomplete};
use crate::arguments::Arguments;
use crate::database::{Database, Found, Key};
use crate::output::boundaries::{self, Names};
use crate::output::table::{Cell, Column, Table};
use crate::output::{Mode, Stdout, classic, color, friendly, json};

/// Shows the groups named, those that match, or all.
pub fn run(arguments: &Arguments, database: &mut Database) -> Result<Status, Error> {
    let mut show = Show::new(arguments);
    let mut status = Status::Complete;
    let mut listed = Ok(());
    if let Some(path) = &arguments.from_file {
        if !arguments.operands.is_empty() {
            return Err(Error::Refused("No argument expected when invoked with --from-file=".to_owned()));
        }
        let json = record_file::read(path)?;
        let loaded = GroupRecord::load(json, database.host(), Sections::ANY);
        let record = loaded.map_err(|error| record_file::problem(path, &error))?.record;
        let json = record.json().clone();
        show.group(&Found { record, json, incomplete: false }, database)?;
    } else if arguments.operands.is_empty() || arguments.fuzzy {
        let filter = Filter { fuzzy_names: arguments.operands.clone(), ..arguments.filter.clone() };
        if show.mode == Mode::Friendly {
            // Each needs one more question, so the list is taken whole first.
            let mut groups = Vec::new();
            listed = list(database, &filter, |found| {
                groups.push(found);
                Ok(())
            });
            for group in &groups {
                show.group(group, database)?;
            }
        } else {
            listed = list(database, &filter, |found| show.plain(&found));
        }
    } else {
        for name in &arguments.operands {
            match Key::of_operand(name).and_then(|key| database.group(key, &arguments.filter)) {
                Ok(found) => show.group(&found, database)?,
                Err(error) => {
                    show.out.flush()?;
                    report_missing(GROUP, name, &error);
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
    each: impl FnMut(Found<GroupRecord>) -> std::io::Result<()>,
) -> Result<(), Error> {
    database.groups(filter, each).map_err(|error| Error::of_list("enumerate groups", "group", error))
}

/// Shows one group after the other.
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
            Column::right("gid"),
            Column::left("description"),
        ];
        Self {
            arguments,
            mode: arguments.mode.unwrap_or_else(|| Mode::of_records(arguments)),
            out: Stdout::new(),
            table: Table::of_ids(columns, arguments.boundaries),
            shown: 0,
        }
    }

    fn group(&mut self, found: &Found<GroupRecord>, database: &Database) -> Result<(), Error> {
        if self.mode != Mode::Friendly {
            return Ok(self.plain(found)?);
        }
        if self.shown > 0 {
            self.out.write("\n")?;
        }
        self.shown += 1;
        self.out.write(&friendly::group::text(&found.record, database))?;
        if found.incomplete {
            self.out.flush()?;
            warn_incomplete(GROUP, found.record.name());
        }
        Ok(())
    }

    /// In any mode that needs no more than the record.
    fn plain(&mut self, found: &Found<GroupRecord>) -> std::io::Result<()> {
        match self.mode {
            Mode::Classic => self.out.write(&classic::group(&found.record)),
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

    fn add_row(&mut self, group: &GroupRecord) {
        self.shown += 1;
        let disposition = group.disposition();
        let cells = vec![
            Cell::text(group.name()).colored(disposition.and_then(color::of_disposition)),
            Cell::optional(disposition.map(|disposition| disposition.as_str())),
            Cell::optional(group.gid().map(|gid| gid.to_string())),
            Cell::optional(group.description()),
        ];
        self.table.add_with_id(group.gid(), cells);
    }

    fn finish(mut self) -> Result<(), Error> {
        if self.mode == Mode::Table {
            if self.arguments.boundaries {
                let names = Names { plural: "groups", singular: "group", blank: [0, 0] };
                boundaries::add(
                    &mut self.table,
                    &names,
                    boundaries::GROUP_MAP,
                    self.arguments.filter.disposition_mask,
                );
            }
            self.table.sort_by_id();
            self.out.table(&self.table, self.arguments)?;
            self.out.count(self.shown, "groups", self.arguments)?;
        }
        Ok(self.out.flush()?)
    }
}
