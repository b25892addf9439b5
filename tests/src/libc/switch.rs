//! Machines whose nsswitch.conf names `userdb`.

use super::program;
use crate::binaries::built_nss_module;
use crate::lab::machine::{Builder, Machine};
use crate::lab::process::Daemon;
use crate::userdb::client::{exchange, message};
use crate::userdb::daemon::{self, SocketDirectory, prepare};
use serde_json::json;
use std::path::Path;

/// Where glibc looks for the module.
const MODULE: &str = "/usr/lib/x86_64-linux-gnu/libnss_userdb.so.2";

/// A machine with our daemon, our module and the programs, and its sockets.
#[derive(Debug)]
pub struct Switched {
    /// The machine.
    pub machine: Machine,
    /// Where its daemon listens.
    pub sockets: SocketDirectory,
}

/// A machine with the module and the programs that look users and groups up.
fn builder(sockets: &SocketDirectory) -> Builder {
    daemon::machine(sockets)
        .bind_read_only(built_nss_module(), MODULE)
        .bind_read_only(program::for_glibc("lookup"), super::lookups::GLIBC)
        .bind_read_only(program::for_glibc("stress"), "/opt/usher/stress")
}

/// A machine whose nsswitch.conf names `services` for users and groups. None if the test is skipped.
pub fn machine(services: &str) -> Option<Switched> {
    let sockets = SocketDirectory::new();
    let machine = builder(&sockets).start_or_skip()?;
    prepare(&machine);
    // glibc would ask the daemon over nscd's protocol first, and never come to the module.
    machine.write("/etc/usher/userdbd.toml", 0o644, "[nscd]\nenabled = false\n");
    write_switch(&machine, services);
    Some(Switched { machine, sockets })
}

/// Names `services` for users and groups in nsswitch.conf.
pub fn write_switch(machine: &Machine, services: &str) {
    let databases = ["passwd", "group", "shadow", "gshadow"];
    let lines: String = databases.iter().map(|database| format!("{database}: {services}\n")).collect();
    machine.write("/etc/nsswitch.conf", 0o644, lines);
}

impl Switched {
    /// Starts our daemon, and waits until it answers: it listens before it has read everything.
    pub fn start_daemon(&self) -> Daemon {
        let daemon = daemon::start_tested(&self.machine, &self.sockets);
        wait_for_answer(&self.sockets);
        daemon
    }

    /// Waits in a test until the program in the machine has made `file`.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for(&self, file: &str) {
        let path = self.machine.path(Path::new(file));
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !path.exists() {
            assert!(std::time::Instant::now() < deadline, "{file} does not come");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

/// Waits until the daemon has read all accounts.
pub fn wait_for_answer(sockets: &SocketDirectory) {
    let call = json!({
        "method": "io.systemd.UserDatabase.GetUserRecord",
        "parameters": {"uid": 0, "service": "io.systemd.Multiplexer"}
    });
    let outcome = exchange(&sockets.socket("io.systemd.Multiplexer"), 0, &[message(&call)]);
    assert_eq!(outcome.replies.len(), 1, "{outcome:?}");
}
