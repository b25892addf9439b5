//! Pools of dynamic users, as a package installs them.

use crate::binaries::workspace;
use crate::lab::machine::Machine;

/// Group of GDM on the machines that [`install`] prepares.
pub const GDM_GID: u32 = 142;

/// Puts the pools that we ship where packages have them, and makes GDM's group.
///
/// # Panics
/// When they cannot be read.
pub fn install(machine: &Machine) {
    for entry in std::fs::read_dir(workspace().join("userdbd/pools.d")).expect("there are shipped pools") {
        let path = entry.expect("the directory can be read").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let text = std::fs::read(&path).expect("a pool can be read");
        machine.write(&format!("/usr/lib/usher/pools.d/{name}"), 0o644, text);
    }
    let groups = std::fs::read_to_string(machine.path("/etc/group")).unwrap_or_default();
    machine.write("/etc/group", 0o644, format!("{}\ngdm:x:{GDM_GID}:\n", groups.trim_end()));
}
