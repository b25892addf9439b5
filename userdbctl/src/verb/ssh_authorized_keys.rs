//! `ssh-authorized-keys`: for sshd's `AuthorizedKeysCommand`.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Component, Path};
use std::process::Command;

use userdb::Filter;
use userdb::record::User;

use super::{Error, Status, USER, refuse_file, report_missing, warn_incomplete};
use crate::arguments::{ArgumentError, Arguments};
use crate::database::{Database, LookupError, key_of_name};
use crate::format::errno;
use crate::message::Message;
use crate::output::Stdout;

/// Prints the user's keys, one a line, and then becomes the program of `--chain`.
pub fn run(arguments: &Arguments, database: &mut Database) -> Result<Status, Error> {
    refuse_file(arguments, "showing SSH authorized keys")?;
    if let Some(command) = &arguments.chain {
        check_chain(command)?;
    } else if arguments.operands.len() > 1 {
        return Err(ArgumentError::TooMany.into());
    }
    let name = arguments.operands.first().map(String::as_str).unwrap_or_default();
    let status = print_keys(name, database)?;
    match &arguments.chain {
        Some(command) => Ok(chain(command, status)),
        None => Ok(status),
    }
}

fn print_keys(name: &str, database: &mut Database) -> Result<Status, Error> {
    match key_of_name(name).and_then(|key| database.find::<User>(key, &Filter::default())) {
        Ok(found) => {
            let mut out = Stdout::new();
            for key in found.record.ssh_authorized_keys() {
                // A key with a line break would be two, and the second one's options could be anything.
                if !key.contains(['\n', '\r', '\0']) {
                    out.write(&format!("{key}\n"))?;
                }
            }
            out.flush()?;
            if found.incomplete {
                warn_incomplete(USER, found.record.name());
            }
            Ok(Status::Complete)
        }
        Err(LookupError::InvalidName) => {
            let reason = LookupError::InvalidName;
            Message::Error.print(&format!("Failed to find user {name}: {reason} (Invalid user name?)"));
            Ok(Status::Incomplete)
        }
        Err(error) => {
            report_missing(USER, name, &error);
            Ok(Status::Incomplete)
        }
    }
}

/// The conditions that sshd has for the program that it starts.
fn check_chain(command: &[OsString]) -> Result<(), Error> {
    let Some(program) = command.first() else {
        return Err(Error::Refused("No chain command line specified".to_owned()));
    };
    let path = Path::new(program);
    let fault = |what: &str| {
        Error::RecordFile(format!(
            "Chain invocation of ssh-authorized-keys commands requires {what} program path (got '{}').",
            path.display()
        ))
    };
    if !path.is_absolute() {
        return Err(fault("an absolute"));
    }
    let normal: std::path::PathBuf =
        path.components().filter(|part| !matches!(part, Component::ParentDir)).collect();
    if normal.as_os_str() != path.as_os_str() {
        return Err(fault("a normalized"));
    }
    Ok(())
}

/// Returns only when the program cannot be started.
fn chain(command: &[OsString], status: Status) -> Status {
    let Some((program, arguments)) = command.split_first() else { return status };
    let error = Command::new(program).args(arguments).exec();
    let program = Path::new(program).display();
    if error.kind() == ErrorKind::NotFound {
        Message::Warning
            .print(&format!("Chain executable '{program}' does not exist, ignoring chain invocation."));
        return status;
    }
    Message::Error.print(&format!("Failed to invoke chain executable '{program}': {}", errno::text(&error)));
    Status::Incomplete
}
