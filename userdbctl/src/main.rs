//! Shows users, groups and memberships, as `userdbctl(1)` of systemd does: same verbs, options, texts and columns.

mod arguments;
mod database;
mod format;
mod help;
mod message;
mod output;
mod verb;

use std::io::Write;
use std::process::ExitCode;

use arguments::Request;
use message::Message;

fn main() -> ExitCode {
    match run() {
        Ok(verb::Status::Complete) => ExitCode::SUCCESS,
        Ok(verb::Status::Incomplete) => ExitCode::FAILURE,
        Err(error) => {
            if !error.is_closed_pipe() {
                Message::Error.print(&error.to_string());
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<verb::Status, verb::Error> {
    let request = arguments::parse(std::env::args_os())?;
    let text = match request {
        Request::Run(arguments) => return verb::run(&arguments),
        Request::Help => help::text(),
        Request::Version => format!("userdbctl (Usher) {}\n", env!("CARGO_PKG_VERSION")),
        Request::Choices(choices) => choices.iter().map(|choice| format!("{choice}\n")).collect(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(verb::Status::Complete)
}
