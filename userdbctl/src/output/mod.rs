//! Standard output: its modes, tables, colours and the pager.

pub mod boundaries;
pub mod classic;
pub mod color;
pub mod friendly;
pub mod json;
mod pager;
pub mod table;
mod terminal;

use std::io::{BufWriter, StdoutLock, Write};

use crate::arguments::Arguments;
use color::Palette;
use table::Table;

/// How records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As in passwd(5) and group(5).
    Classic,
    /// One line for each.
    Table,
    /// One line for each field.
    Friendly,
    /// As they are.
    Json,
}

impl Mode {
    /// All names.
    pub const NAMES: &[&str] = &["classic", "table", "friendly", "json"];

    /// The mode of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "classic" => Self::Classic,
            "table" => Self::Table,
            "friendly" => Self::Friendly,
            "json" => Self::Json,
            _ => return None,
        })
    }

    /// What suits users and groups when nothing is said: single ones are shown in full.
    pub fn of_records(arguments: &Arguments) -> Self {
        let is_named = !arguments.operands.is_empty() && !arguments.fuzzy;
        if is_named || arguments.from_file.is_some() || arguments.filter.uuid.is_some() {
            Self::Friendly
        } else {
            Self::Table
        }
    }
}

/// Buffered standard output.
#[derive(Debug)]
pub struct Stdout {
    out: BufWriter<StdoutLock<'static>>,
    palette: Palette,
}

impl Stdout {
    /// Standard output, with colours where they are seen.
    pub fn new() -> Self {
        Self {
            out: BufWriter::with_capacity(64 << 10, std::io::stdout().lock()),
            palette: Palette::of_stdout(),
        }
    }

    /// The colours to use.
    pub fn palette(&self) -> Palette {
        self.palette
    }

    /// Writes text.
    pub fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Lets everything be seen, before a message on standard error.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }

    /// Writes a table that has rows, through the pager where somebody looks.
    pub fn table(&mut self, table: &Table, arguments: &Arguments) -> std::io::Result<()> {
        if table.len() == 0 {
            return Ok(());
        }
        let text = table.text(self.palette, arguments.legend, terminal::columns());
        self.flush()?;
        if arguments.pager && pager::show(&text)? {
            return Ok(());
        }
        self.write(&text)
    }

    /// Writes the line below a table.
    pub fn count(&mut self, count: usize, what: &str, arguments: &Arguments) -> std::io::Result<()> {
        match count {
            _ if !arguments.legend => Ok(()),
            0 => self.write(&format!("No {what}.\n")),
            _ => self.write(&format!("\n{count} {what} listed.\n")),
        }
    }
}
