//! Helper processes: this program again, started with the modules to load, spoken to over a socket that is its standard input.
//!
//! A helper answers one question after the other. One that hangs is killed with the connection to it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use userdb::interface::GET_GROUP_RECORD;

use super::switch::Switch;
use crate::listen::NAME_SERVICE_SWITCH;
use crate::source::link::Link;
use crate::source::slots::Slots;

/// How many lookups are made at the same time, each in a process of its own; for root there are as many again.
pub const PROCESSES: usize = 4;
/// How many lists of everything are made besides.
const LISTS: usize = 2;
/// How long a process is kept for the next question.
pub const KEPT_FOR: Duration = Duration::from_secs(60);

/// A name that nobody has: asking for it shows whether modules answer at all.
const NOBODY_AT_ALL: &str = "userdbd-probe";

/// What a helper finds in its environment, which else is empty: libnss_systemd shall not ask this daemon.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("SYSTEMD_BYPASS_USERDB", "1"),
    ("SYSTEMD_NSS_DYNAMIC_BYPASS", "1"),
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
];

/// The pids of all helpers.
#[derive(Debug, Default, Clone)]
pub struct Processes(Rc<RefCell<HashSet<i32>>>);

impl Processes {
    /// Whether a process is a helper.
    pub fn contains(&self, pid: i32) -> bool {
        self.0.borrow().contains(&pid)
    }
}

/// Starts helpers for one set of modules, and says when one more question may be asked.
#[derive(Debug)]
pub struct Helpers {
    arguments: Vec<String>,
    processes: Processes,
    lookups: Peers<Slots>,
    lists: Peers<Slots>,
}

/// The same for root and for all others, so that root never waits for them.
#[derive(Debug)]
struct Peers<T> {
    root: T,
    others: T,
}

/// A process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Helper {
    _child: Child,
    pid: Option<i32>,
    processes: Processes,
}

impl Helpers {
    /// For the modules of nsswitch.conf.
    pub fn new(switch: &Switch, processes: &Processes) -> Self {
        let argument = |(database, services)| format!("--nss-helper={database}: {services}");
        Self {
            arguments: switch.lines().map(argument).collect(),
            processes: processes.clone(),
            lookups: Peers { root: Slots::new(PROCESSES), others: Slots::new(PROCESSES) },
            lists: Peers { root: Slots::new(LISTS), others: Slots::new(LISTS) },
        }
    }

    /// The places for such a question.
    pub fn slots(&self, lists_all: bool, is_root: bool) -> &Slots {
        let peers = if lists_all { &self.lists } else { &self.lookups };
        if is_root { &peers.root } else { &peers.others }
    }

    /// Starts a helper.
    ///
    /// # Errors
    /// When there is no process or descriptor to be had. Must be called within the runtime.
    pub fn start(&self) -> std::io::Result<Link> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        // The file that runs now, also when an upgrade has put another one in its place.
        let child = Command::new("/proc/self/exe")
            .arg0("userdbd")
            .args(&self.arguments)
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .inspect_err(|error| tracing::warn!("starting a helper process for NSS modules: {error}"))?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        self.processes.0.borrow_mut().extend(pid);
        let helper = Helper { _child: child, pid, processes: self.processes.clone() };
        Ok(Link::to_helper(UnixStream::from_std(ours)?, helper))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            self.processes.0.borrow_mut().remove(&pid);
        }
    }
}

/// Parameters that ask a method for somebody who does not exist.
pub fn probe(method: &str) -> Value {
    let field = if method == GET_GROUP_RECORD { "groupName" } else { "userName" };
    json!({ field: NOBODY_AT_ALL, "service": NAME_SERVICE_SWITCH })
}
