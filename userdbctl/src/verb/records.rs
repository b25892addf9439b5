//! What `user` and `group` share.

use userdb::record::{Record, RecordKind};
use userdb::{Filter, Sections};

use super::{Error, Status, Words, record_file, report_missing, warn_incomplete};
use crate::arguments::Arguments;
use crate::database::{Database, Found, key_of_operand};
use crate::output::boundaries::{self, Names};
use crate::output::color::{self, Palette};
use crate::output::table::{Cell, Column, Table};
use crate::output::{Mode, Stdout, json};

/// A kind of records that can be shown.
pub trait Shown: RecordKind {
    /// How messages call them.
    const WORDS: Words;
    /// Which ids exist in this user namespace.
    const ID_MAP: &'static str;
    /// How many columns of a table are between id and comment, and after it.
    const BLANK: [usize; 2];

    /// The columns of a table, after those of name and disposition.
    fn columns() -> Vec<Column>;

    /// The cells in these columns.
    fn cells(record: &Record<Self>) -> Vec<Cell>;

    /// The line as in passwd(5) or group(5).
    fn classic(record: &Record<Self>) -> String;

    /// All that is known, for people.
    fn friendly(found: &Found<Self>, database: &mut Database, palette: Palette) -> String;
}

/// Shows the records named, those that match, or all.
pub fn run<K: Shown>(arguments: &Arguments, database: &mut Database) -> Result<Status, Error> {
    let mut show = Show::new::<K>(arguments);
    let mut status = Status::Complete;
    let mut listed = Ok(());
    if let Some(path) = &arguments.from_file {
        if !arguments.operands.is_empty() {
            return Err(Error::Refused("No argument expected when invoked with --from-file=".to_owned()));
        }
        let json = record_file::read(path)?;
        let loaded = Record::<K>::load(json, database.host(), Sections::ANY);
        let record = loaded.map_err(|error| record_file::problem(path, &error))?.record;
        let json = record.json().clone();
        show.record(&Found { record, json, incomplete: false }, database)?;
    } else if arguments.operands.is_empty() || arguments.fuzzy {
        let filter = Filter { fuzzy_names: arguments.operands.clone(), ..arguments.filter.clone() };
        if show.mode == Mode::Friendly {
            // Each needs more questions, so the list is taken whole first.
            let mut records: Vec<Found<K>> = Vec::new();
            listed = list(database, &filter, |found| {
                records.push(found);
                Ok(())
            });
            for found in &records {
                show.record(found, database)?;
            }
        } else {
            listed = list::<K>(database, &filter, |found| show.plain(&found));
        }
    } else {
        for name in &arguments.operands {
            match key_of_operand(name).and_then(|key| database.find::<K>(key, &arguments.filter)) {
                Ok(found) => show.record(&found, database)?,
                Err(error) => {
                    show.out.flush()?;
                    report_missing(K::WORDS, name, &error);
                    status = Status::Incomplete;
                }
            }
        }
    }
    // What came before a list broke off is shown all the same.
    if listed.is_ok() || show.shown > 0 {
        show.finish::<K>()?;
    }
    listed.map(|()| status)
}

fn list<K: Shown>(
    database: &Database,
    filter: &Filter,
    each: impl FnMut(Found<K>) -> std::io::Result<()>,
) -> Result<(), Error> {
    let Words { listing, singular, .. } = K::WORDS;
    database.list(filter, each).map_err(|error| Error::of_list(listing, singular, error))
}

/// Shows one record after the other.
struct Show<'a> {
    arguments: &'a Arguments,
    mode: Mode,
    out: Stdout,
    table: Table,
    shown: usize,
}

impl<'a> Show<'a> {
    fn new<K: Shown>(arguments: &'a Arguments) -> Self {
        let columns = [Column::left("name"), Column::left("disposition")].into_iter().chain(K::columns());
        Self {
            arguments,
            mode: arguments.mode.unwrap_or_else(|| Mode::of_records(arguments)),
            out: Stdout::new(),
            table: Table::of_ids(columns, arguments.boundaries),
            shown: 0,
        }
    }

    fn record<K: Shown>(&mut self, found: &Found<K>, database: &mut Database) -> Result<(), Error> {
        if self.mode != Mode::Friendly {
            return Ok(self.plain(found)?);
        }
        if self.shown > 0 {
            self.out.write("\n")?;
        }
        self.shown += 1;
        let text = K::friendly(found, database, self.out.palette());
        self.out.write(&text)?;
        if found.incomplete {
            self.out.flush()?;
            warn_incomplete(K::WORDS, found.record.name());
        }
        Ok(())
    }

    /// In any mode that needs no more than the record.
    fn plain<K: Shown>(&mut self, found: &Found<K>) -> std::io::Result<()> {
        match self.mode {
            Mode::Classic => self.out.write(&K::classic(&found.record)),
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

    fn add_row<K: Shown>(&mut self, record: &Record<K>) {
        self.shown += 1;
        let disposition = record.disposition();
        let mut cells = vec![
            Cell::text(record.name()).colored(disposition.and_then(color::of_disposition)),
            Cell::optional(disposition.map(|disposition| disposition.as_str())),
        ];
        cells.extend(K::cells(record));
        self.table.add_with_id(record.id(), cells);
    }

    fn finish<K: Shown>(mut self) -> Result<(), Error> {
        if self.mode == Mode::Table {
            let Words { singular, plural, .. } = K::WORDS;
            if self.arguments.boundaries {
                let names = Names { plural, singular, blank: K::BLANK };
                boundaries::add(&mut self.table, &names, K::ID_MAP, self.arguments.filter.disposition_mask);
            }
            self.table.sort_by_id();
            self.out.table(&self.table, self.arguments)?;
            self.out.count(self.shown, plural, self.arguments)?;
        }
        Ok(self.out.flush()?)
    }
}
