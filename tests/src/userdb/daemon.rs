//! Starts the two daemons in a machine.

use crate::binaries::built;
use crate::lab::machine::{Builder, Machine};
use crate::lab::process::{CommandInside, Daemon};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The machine-id of every machine that [`prepare`] prepares.
pub const MACHINE_ID: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// Where our daemon lies in a machine.
pub const USERDBD: &str = "/opt/usher/userdbd";

/// A host directory that holds one machine's sockets: clients of any user reach them by a plain path.
#[derive(Debug)]
pub struct SocketDirectory {
    directory: tempfile::TempDir,
}

impl SocketDirectory {
    /// Makes an empty one.
    ///
    /// # Panics
    /// When that fails.
    pub fn new() -> Self {
        let directory =
            tempfile::Builder::new().prefix("userdb-").tempdir().expect("a directory can be made");
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755))
            .expect("its mode can be set");
        Self { directory }
    }

    /// Its path on the host.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The socket of `service`.
    pub fn socket(&self, service: &str) -> PathBuf {
        self.directory.path().join(service)
    }
}

impl Default for SocketDirectory {
    fn default() -> Self {
        Self::new()
    }
}

/// A machine of the userdb root with our daemon's binary in it, and `sockets` as /run/systemd/userdb.
pub fn machine(sockets: &SocketDirectory) -> Builder {
    Machine::builder("userdb")
        .bind(sockets.path(), "/run/systemd/userdb")
        .bind_read_only(built("userdbd"), USERDBD)
}

/// Gives a machine its id.
pub fn prepare(machine: &Machine) {
    machine.write("/etc/machine-id", 0o444, format!("{MACHINE_ID}\n"));
}

/// Starts systemd's daemon and waits until it listens.
pub fn start_systemd(machine: &Machine, sockets: &SocketDirectory) -> Daemon {
    let mut daemon = machine.command("/usr/lib/systemd/systemd-userdbd").spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    daemon
}

/// Our daemon's command line.
pub fn userdbd(machine: &Machine) -> CommandInside<'_> {
    machine.command(USERDBD)
}

/// Set to `systemd`, this makes [`start_tested`] start systemd's daemon: it shows what a test demands beyond it.
const PEER_VARIABLE: &str = "USHER_USERDB_PEER";

/// Starts our daemon with its default socket directory and waits until it listens.
pub fn start_tested(machine: &Machine, sockets: &SocketDirectory) -> Daemon {
    if std::env::var(PEER_VARIABLE).is_ok_and(|peer| peer == "systemd") {
        return start_systemd(machine, sockets);
    }
    let mut daemon = userdbd(machine).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    daemon
}
