//! Helper processes: this program again, started with the modules to load, spoken to over a socket that is its standard input.
//!
//! A helper answers one question after the other. One that hangs is killed with the connection to it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};
use userdb::interface::GET_GROUP_RECORD;

use super::switch::Switch;
use crate::listen::NAME_SERVICE_SWITCH;
use crate::source::link::Link;

/// How many lookups are made at the same time, each in a process of its own.
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
    lookups: Slots,
    lists: Slots,
}

#[derive(Debug)]
struct Slots {
    free: Semaphore,
    waiting: Cell<usize>,
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
            lookups: Slots::new(PROCESSES),
            lists: Slots::new(LISTS),
        }
    }

    /// Waits until another question may be asked.
    pub async fn slot(&self, lists_all: bool) -> Option<SemaphorePermit<'_>> {
        self.slots(lists_all).take().await
    }

    /// Whether somebody waits for such a place.
    pub fn somebody_waits(&self, lists_all: bool) -> bool {
        self.slots(lists_all).waiting.get() > 0
    }

    fn slots(&self, lists_all: bool) -> &Slots {
        if lists_all { &self.lists } else { &self.lookups }
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

impl Slots {
    fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count), waiting: Cell::new(0) }
    }

    async fn take(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(slot) = self.free.try_acquire() {
            return Some(slot);
        }
        let _waiting = Waiting::begin(&self.waiting);
        self.free.acquire().await.ok()
    }
}

/// Counts one who waits, also when it stops waiting early.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn begin(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Parameters that ask a method for somebody who does not exist.
pub fn probe(method: &str) -> Value {
    let field = if method == GET_GROUP_RECORD { "groupName" } else { "userName" };
    json!({ field: NOBODY_AT_ALL, "service": NAME_SERVICE_SWITCH })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test(flavor = "current_thread")]
    async fn those_who_wait_are_counted_until_they_give_up() {
        let slots = Slots::new(1);
        let slot = slots.take().await.unwrap();
        assert!(timeout(Duration::from_millis(1), slots.take()).await.is_err());
        assert_eq!(slots.waiting.get(), 0);
        let mut waiting = Box::pin(slots.take());
        assert!(timeout(Duration::from_millis(1), &mut waiting).await.is_err());
        assert_eq!(slots.waiting.get(), 1);
        drop(slot);
        assert!(waiting.await.is_some());
        assert_eq!(slots.waiting.get(), 0);
    }
}
