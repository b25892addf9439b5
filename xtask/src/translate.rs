//! `cargo xtask translate`: the service files of the repository, from its units.

use std::process::ExitCode;
use usher_tests::binaries::workspace;
use usher_tests::native_files::{self, Scope};

/// Writes the files of all managers.
pub fn run() -> ExitCode {
    for manager in native_files::MANAGERS {
        for scope in Scope::ALL {
            let directory = workspace().join(scope.directory(manager));
            let status = native_files::translate(manager, scope, &directory).status();
            if !status.is_ok_and(|status| status.success()) {
                eprintln!("session-launcher translate --to {manager} failed");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
