//! The service files of the repository: `dinit/`, `openrc/` and `shepherd/`, made from `units/system` and `units/user`.

use crate::binaries::{built, workspace};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The managers, which are the names of the directories too.
pub const MANAGERS: [&str; 3] = ["dinit", "openrc", "shepherd"];

/// Whose services a directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The system's.
    System,
    /// Those of every user.
    User,
}

impl Scope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::System, Self::User];

    /// Below the repository's directory for a manager.
    pub fn directory(self, manager: &str) -> PathBuf {
        match self {
            Self::System => PathBuf::from(manager),
            Self::User => Path::new(manager).join("user"),
        }
    }
}

/// The command that writes a manager's files to a directory.
pub fn translate(manager: &str, scope: Scope, out: &Path) -> Command {
    let (option, units, names) = match scope {
        Scope::System => ("--system", "units/system", ["userdbd.service"]),
        Scope::User => ("--user", "units/user", ["dbus.service"]),
    };
    let mut command = Command::new(built("session-launcher"));
    command.current_dir(workspace());
    command.args(["translate", "--to", manager, option, "--unit-path", units, "--out"]);
    command.arg(out).args(names);
    command
}
