//! Keeping the index true to the files without a restart.
//!
//! The server's thread takes inotify events and counts them before it takes any request that was sent after the change, so a
//! request knows whether something has changed that it has not seen the result of, and waits for it. A thread of its own reads
//! the files and publishes a new index.
//!
//! A change is applied as a whole: while a file is open for writing, or while the tools that edit accounts hold their lock
//! files, the old contents stay in force.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use crate::index::Index;
use crate::lending::loan::Loan;
use crate::source::Sources;
use crate::source::watch::{Change, Event, Watcher};

/// More changes that come within this time are read together.
const SETTLE: Duration = Duration::from_millis(5);
/// However long changes keep coming, what has come is read after this time.
const SETTLE_AT_MOST: Duration = Duration::from_millis(50);
/// How long an edit that has been begun may keep the old contents in force.
const EDIT_AT_MOST: Duration = Duration::from_secs(5);
/// How long a request waits for changes made before it to be read.
const WAIT_AT_MOST: Duration = Duration::from_secs(1);

/// An index, and how many changes it takes into account.
#[derive(Debug, Clone)]
struct Published {
    index: Arc<Index>,
    generation: u64,
}

/// The newest index, for requests.
#[derive(Debug)]
pub struct Current {
    /// Changes that the event loop knows of.
    seen: Arc<AtomicU64>,
    published: watch::Receiver<Published>,
    /// The inotify instance, to see changes that the event loop does not know of yet.
    pending: Arc<OwnedFd>,
}

/// The newest index, for other threads.
#[derive(Debug)]
pub struct View {
    seen: Arc<AtomicU64>,
    published: watch::Receiver<Published>,
    pending: Arc<OwnedFd>,
}

impl View {
    /// The index, unless something has changed that it does not show.
    pub fn index(&self) -> Option<Arc<Index>> {
        // In this order: a change is counted before its event is taken.
        if events_are_pending(&self.pending) {
            return None;
        }
        let seen = self.seen.load(Ordering::SeqCst);
        let published = self.published.borrow();
        (published.generation >= seen).then(|| Arc::clone(&published.index))
    }
}

impl Current {
    /// Counts a change that requests from now on wait for.
    fn count(&self) -> u64 {
        self.seen.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The index with every change that was made before now, unless reading them takes unreasonably long.
    pub async fn index(&self) -> Arc<Index> {
        let seen = self.seen.load(Ordering::SeqCst);
        {
            let published = self.published.borrow();
            if published.generation >= seen {
                return Arc::clone(&published.index);
            }
        }
        let mut published = self.published.clone();
        let caught_up = published.wait_for(|published| published.generation >= seen);
        if tokio::time::timeout(WAIT_AT_MOST, caught_up).await.is_err() {
            tracing::warn!("reading what has changed takes long; answering from what was read before");
        }
        self.latest()
    }

    /// The index as it is, whether or not it shows the last changes.
    pub fn latest(&self) -> Arc<Index> {
        Arc::clone(&self.published.borrow().index)
    }

    /// For a thread outside the event loop.
    pub fn view(&self) -> View {
        View {
            seen: Arc::clone(&self.seen),
            published: self.published.clone(),
            pending: Arc::clone(&self.pending),
        }
    }
}

/// Whether an inotify instance holds events that have not been taken.
fn events_are_pending(inotify: &OwnedFd) -> bool {
    let mut descriptors = [PollFd::new(inotify, PollFlags::IN)];
    poll(&mut descriptors, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// What the loading thread is told.
#[derive(Debug)]
enum Order {
    Changed { events: Vec<Event>, generation: u64 },
    ReadEverything { generation: u64 },
    Lent { loans: Arc<[Loan]>, generation: u64 },
}

/// Tells the loading thread what is lent.
#[derive(Debug, Clone)]
pub struct LoanFeed {
    current: Rc<Current>,
    orders: Sender<Order>,
}

impl LoanFeed {
    /// What is lent now. Every request that comes after this call is answered with it.
    pub fn publish(&self, loans: Arc<[Loan]>) {
        let generation = self.current.count();
        // The loader ends only with the daemon.
        let _ = self.orders.send(Order::Lent { loans, generation });
    }
}

/// The server's end of reloading.
#[derive(Debug)]
pub struct Reloader {
    current: Rc<Current>,
    watcher: AsyncFd<Watcher>,
    orders: Sender<Order>,
    targets: tokio::sync::mpsc::UnboundedReceiver<HashSet<PathBuf>>,
}

impl Reloader {
    /// Starts the loading thread with what has been read already.
    ///
    /// # Errors
    /// When there is no thread or no descriptor to be had. Must be called within the runtime.
    pub fn start(watcher: Watcher, mut sources: Sources) -> std::io::Result<(Self, Rc<Current>)> {
        let pending = Arc::new(watcher.as_fd().try_clone_to_owned()?);
        let (publish, published) =
            watch::channel(Published { index: Arc::new(sources.index()), generation: 0 });
        sources.report_problems();
        let (orders, received) = channel();
        let (tell_targets, targets) = tokio::sync::mpsc::unbounded_channel();
        let _ = tell_targets.send(sources.link_targets());
        let loader = Loader {
            sources,
            dirty: Dirty::default(),
            unfinished: HashMap::new(),
            generation: 0,
            unpublished: None,
            received,
            pending: Arc::clone(&pending),
            publish,
            tell_targets,
        };
        std::thread::Builder::new().name("loader".into()).spawn(move || loader.run())?;
        let current = Rc::new(Current { seen: Arc::default(), published, pending });
        let watcher = crate::source::async_watcher::register(watcher)?;
        Ok((Self { current: Rc::clone(&current), watcher, orders, targets }, current))
    }

    /// For lending.
    pub fn loan_feed(&self) -> LoanFeed {
        LoanFeed { current: Rc::clone(&self.current), orders: self.orders.clone() }
    }

    /// Passes changes on for as long as the daemon runs. `sockets_changed` is called when the socket directory changed.
    ///
    /// # Errors
    /// When the directories cannot be watched any more.
    pub async fn run(
        mut self,
        mut hang_up: tokio::signal::unix::Signal,
        sockets_changed: impl Fn(),
    ) -> std::io::Result<()> {
        loop {
            tokio::select! {
                biased;
                ready = self.watcher.readable_mut() => {
                    let mut ready = ready?;
                    // Counted first: once the events are taken, nobody else can see that there were any.
                    let generation = self.current.count();
                    let events = ready.get_inner_mut().take()?;
                    ready.clear_ready();
                    self.forward(events, generation, &sockets_changed);
                }
                _ = hang_up.recv() => {
                    let generation = self.current.count();
                    let _ = self.orders.send(Order::ReadEverything { generation });
                    sockets_changed();
                }
                Some(targets) = self.targets.recv() => self.watcher.get_mut().watch_targets(targets)?,
            }
        }
    }

    fn forward(&self, mut events: Vec<Event>, generation: u64, sockets_changed: &impl Fn()) {
        let before = events.len();
        events.retain(|event| event.change != Change::Sockets);
        if events.len() < before {
            sockets_changed();
        }
        // Also when there are none, so that the count is caught up with. The loader ends only with the daemon.
        let _ = self.orders.send(Order::Changed { events, generation });
    }
}

/// What has to be read again.
#[derive(Debug, Default)]
struct Dirty {
    everything: bool,
    accounts: bool,
    pools: bool,
    drop_ins: HashSet<(usize, OsString)>,
    /// Nothing to be read: who is lent, which comes from the server.
    loans: Option<Arc<[Loan]>>,
}

impl Dirty {
    fn is_empty(&self) -> bool {
        !self.everything && !self.accounts && !self.pools && self.drop_ins.is_empty() && self.loans.is_none()
    }
}

/// A file that somebody is writing to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Open {
    Account(OsString),
    DropIn(usize, OsString),
    Pool(OsString),
}

/// The loading thread.
struct Loader {
    sources: Sources,
    dirty: Dirty,
    /// Files open for writing, and since when.
    unfinished: HashMap<Open, Instant>,
    generation: u64,
    /// Since when something has been read that no index shows yet.
    unpublished: Option<Instant>,
    received: Receiver<Order>,
    /// The inotify instance, only to see whether it holds events that have not come through yet.
    pending: Arc<OwnedFd>,
    publish: watch::Sender<Published>,
    tell_targets: tokio::sync::mpsc::UnboundedSender<HashSet<PathBuf>>,
}

impl Loader {
    fn run(mut self) {
        // Reading everything for the first time has left much behind.
        crate::memory::give_back();
        let mut lock_seen: Option<Instant> = None;
        while let Some(()) = self.collect() {
            let now = Instant::now();
            self.unfinished.retain(|_, since| now.duration_since(*since) < EDIT_AT_MOST);
            lock_seen = if self.sources.accounts_are_locked() { lock_seen.or(Some(now)) } else { None };
            let locked = lock_seen.is_some_and(|since| now.duration_since(since) < EDIT_AT_MOST);
            if self.read(locked) {
                self.unpublished.get_or_insert(now);
            }
            // What was just read may be half of a change that is under way. Its events will tell.
            let fresh = self.unpublished.is_some_and(|since| now.duration_since(since) < EDIT_AT_MOST);
            if !(fresh && events_are_pending(&self.pending)) {
                self.publish();
            }
        }
    }

    /// Waits for orders and for the changes to settle. None when the daemon ends.
    fn collect(&mut self) -> Option<()> {
        let first = if self.dirty.is_empty() && self.unpublished.is_none() {
            self.received.recv().ok()?
        } else {
            match self.received.recv_timeout(SETTLE_AT_MOST) {
                Ok(order) => order,
                Err(RecvTimeoutError::Timeout) => return Some(()),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        };
        self.note(first);
        let until = Instant::now() + SETTLE_AT_MOST;
        while Instant::now() < until {
            match self.received.recv_timeout(SETTLE) {
                Ok(order) => self.note(order),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        Some(())
    }

    fn note(&mut self, order: Order) {
        match order {
            Order::ReadEverything { generation } => {
                self.dirty.everything = true;
                self.generation = generation;
            }
            Order::Lent { loans, generation } => {
                self.dirty.loans = Some(loans);
                self.generation = generation;
            }
            Order::Changed { events, generation } => {
                self.generation = generation;
                for event in events {
                    self.note_event(event);
                }
            }
        }
    }

    fn note_event(&mut self, event: Event) {
        let open = match event.change {
            Change::Everything | Change::Sockets => {
                self.dirty.everything = true;
                return;
            }
            Change::Account(name) => {
                self.dirty.accounts = true;
                Open::Account(name)
            }
            Change::DropIn(directory, name) => {
                self.dirty.drop_ins.insert((directory, name.clone()));
                Open::DropIn(directory, name)
            }
            Change::Pool(name) => {
                self.dirty.pools = true;
                Open::Pool(name)
            }
        };
        if event.unfinished {
            self.unfinished.entry(open).or_insert_with(Instant::now);
        } else {
            self.unfinished.remove(&open);
        }
    }

    /// Reads what is dirty and not being edited. True when anything was read.
    fn read(&mut self, locked: bool) -> bool {
        let loans = self.dirty.loans.take();
        let mut changed = loans.is_some();
        if let Some(loans) = loans {
            self.sources.set_loans(loans);
        }
        if self.dirty.everything {
            if locked || !self.unfinished.is_empty() {
                return changed;
            }
            self.dirty = Dirty::default();
            self.sources.read_everything();
            return true;
        }
        let pools_open = self.unfinished.keys().any(|open| matches!(open, Open::Pool(_)));
        if self.dirty.pools && !pools_open {
            self.dirty.pools = false;
            self.sources.read_pools();
            changed = true;
        }
        let accounts_open = self.unfinished.keys().any(|open| matches!(open, Open::Account(_)));
        if self.dirty.accounts && !locked && !accounts_open {
            self.dirty.accounts = false;
            self.sources.read_accounts();
            changed = true;
        }
        let unfinished = &self.unfinished;
        let is_open =
            |file: &(usize, OsString)| unfinished.contains_key(&Open::DropIn(file.0, file.1.clone()));
        let (open, closed): (HashSet<_>, HashSet<_>) =
            std::mem::take(&mut self.dirty.drop_ins).into_iter().partition(is_open);
        self.dirty.drop_ins = open;
        for (directory, name) in &closed {
            self.sources.read_drop_in(*directory, name);
        }
        changed || !closed.is_empty()
    }

    fn publish(&mut self) {
        let read_something = self.unpublished.take().is_some();
        let index = if read_something {
            let index = Arc::new(self.sources.index());
            self.sources.report_problems();
            let _ = self.tell_targets.send(self.sources.link_targets());
            index
        } else {
            Arc::clone(&self.publish.borrow().index)
        };
        drop(self.publish.send_replace(Published { index, generation: self.generation }));
        if read_something {
            crate::memory::give_back();
        }
    }
}
