//! The service files of the repository: `dinit/`, `openrc/` and `shepherd/`, made from `units/system`.

use crate::binaries::{built, workspace};
use std::path::Path;
use std::process::Command;

/// The managers, which are the names of the directories too.
pub const MANAGERS: [&str; 3] = ["dinit", "openrc", "shepherd"];

/// The units.
pub const UNITS: [&str; 1] = ["userdbd.service"];

/// The command that writes a manager's files to a directory.
pub fn translate(manager: &str, out: &Path) -> Command {
    let mut command = Command::new(built("session-launcher"));
    command.current_dir(workspace());
    command.args(["translate", "--to", manager, "--system", "--unit-path", "units/system", "--out"]);
    command.arg(out).args(UNITS);
    command
}
