//! `services`: shows which services there are, and whether they listen.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;

use super::{Error, Status, refuse_file};
use crate::arguments::Arguments;
use crate::format::errno;
use crate::message::Message;
use crate::output::color::Color;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Mode, Stdout, json};

/// Shows everything in the directory of the sockets.
pub fn run(arguments: &Arguments) -> Result<Status, Error> {
    refuse_file(arguments, "showing services")?;
    let directory = &arguments.socket_directory;
    let failed = |error: std::io::Error| Error::Directory {
        directory: format!("{}/", directory.display()),
        reason: errno::text(&error),
    };
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Message::Info.print("No services.");
            return Ok(Status::Complete);
        }
        entries => entries.map_err(failed)?,
    };
    let mut table = Table::new(vec![Column::left("service"), Column::left("listening")]);
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Hidden files are sockets in the making.
        if name.starts_with('.') {
            continue;
        }
        let (state, color) = match UnixStream::connect(entry.path()) {
            Ok(_) => ("yes".to_owned(), Color::HighlightGreen),
            Err(error) => (format!("No ({})", errno::name(&error)), Color::HighlightRed),
        };
        table.add(vec![Cell::text(name), Cell::text(state).colored(Some(color))]);
    }
    table.sort_by_text();
    let mut out = Stdout::new();
    match arguments.json {
        Some(format) if table.len() > 0 => {
            let text = json::array(&table.to_objects(), format, out.palette());
            out.write(&text)?;
        }
        Some(_) => {}
        None => out.table(&table, arguments)?,
    }
    if arguments.mode != Some(Mode::Json) {
        out.count(table.len(), "services", arguments)?;
    }
    out.flush()?;
    Ok(Status::Complete)
}
