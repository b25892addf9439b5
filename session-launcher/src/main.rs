//! The program `session-launcher`.

use std::process::ExitCode;

fn main() -> ExitCode {
    session_launcher::cli::main()
}
