//! `--from-file`: a record that no service has yet.

use std::io::Read;
use std::path::Path;

use userdb::record::{Object, Parsed, RecordError, parse_object};

use super::Error;

/// Reads the object in a file, or in standard input for `-`.
pub fn read(path: &Path) -> Result<Object, Error> {
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut text = Vec::new();
    let read = if is_stdin {
        std::io::stdin().read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut text))
    };
    read.map_err(|error| Error::RecordFile(format!("{name}: {}", crate::format::errno::text(&error))))?;
    let Parsed { json, .. } = parse_object(&text).map_err(|error| problem(path, &error))?;
    Ok(json)
}

/// A record that is none.
pub fn problem(path: &Path, error: &RecordError) -> Error {
    Error::RecordFile(format!("{}: {error}", path.display()))
}
