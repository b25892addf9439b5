//! `systemctl --user`: the command line of the user manager, with systemd's words and exit codes.

mod arguments;
mod dependencies;
mod environment;
mod failure;
mod files_elsewhere;
mod hold;
mod job;
mod kill;
mod list;
mod names;
mod output;
mod process_tree;
mod show;
mod state;
mod status;
mod table;
mod unit_files;
mod value;

use std::io::{self, Write};
use std::process::ExitCode;

use arguments::Arguments;
use failure::Failure;

use crate::client::{self, ClientError, Manager};

/// The name by which the binary is this program.
pub const PROGRAM: &str = "systemctl";

/// What a command gives back: its exit code.
type Result<T = u8> = std::result::Result<T, Failure>;

/// Runs the program.
pub fn main(arguments: &[String]) -> ExitCode {
    let arguments = match Arguments::read(arguments) {
        Ok(arguments) => arguments,
        Err(code) => return ExitCode::from(code),
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    let result =
        client::run(run(&arguments, &mut output)).unwrap_or_else(|error| Err(Failure::Output(error)));
    let result = result.and_then(|code| output.flush().map(|()| code).map_err(Failure::Output));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code())
        }
    }
}

async fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let units = arguments.words.as_slice();
    let verb = arguments.verb.as_deref().unwrap_or("list-units");
    arguments.check_count(verb)?;
    // These look at files, and change them.
    match verb {
        "cat" | "is-enabled" | "get-default" | "list-unit-files" => {
            return unit_files::look(verb, arguments, output);
        }
        "link" | "revert" => return files_elsewhere::run(verb, arguments).await,
        "enable" | "disable" | "reenable" | "mask" | "unmask" | "preset" | "preset-all" => {
            return unit_files::change(verb, arguments, output).await;
        }
        _ => {}
    }
    let manager = match Manager::connect().await {
        Ok(manager) => manager,
        Err(_) if verb == "is-system-running" => {
            output::line(output, arguments, "offline")?;
            return Ok(1);
        }
        Err(error) => return Err(no_bus(&error)),
    };
    match verb {
        "list-units" => list::units(&manager, arguments, units, output).await,
        "list-jobs" => list::jobs(&manager, arguments, units, output).await,
        "list-dependencies" => dependencies::run(&manager, arguments, units, output).await,
        "status" => status::run(&manager, arguments, units, output).await,
        "show" => show::run(&manager, arguments, units, output).await,
        "is-active" => state::is_active(&manager, arguments, units, output).await,
        "is-failed" => state::is_failed(&manager, arguments, units, output).await,
        "is-system-running" => state::is_system_running(&manager, arguments, output).await,
        "clean" | "freeze" | "thaw" => hold::run(&manager, arguments, verb, units).await,
        "kill" => kill::run(&manager, arguments, units).await,
        "show-environment" => environment::show(&manager, arguments, output).await,
        "set-environment" => environment::set(&manager, units).await,
        "unset-environment" => environment::unset(&manager, units).await,
        "import-environment" => environment::import(&manager, units).await,
        "reset-failed" => state::reset_failed(&manager, units).await,
        "daemon-reload" | "daemon-reexec" => {
            let method = if verb == "daemon-reload" { "Reload" } else { "Reexecute" };
            let failed = |error| Failure::call("Failed to reload daemon", error);
            manager.call(method, &()).await.map_err(failed)?;
            Ok(0)
        }
        _ => match job::Verb::of(verb) {
            Some(verb) => job::run(&manager, arguments, &verb, units).await,
            None => Err(Failure::Usage(format!("Unknown command verb '{verb}'."))),
        },
    }
}

fn no_bus(error: &ClientError) -> Failure {
    Failure::Other(format!("Failed to connect to user scope bus: {error}"))
}
