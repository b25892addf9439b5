//! What one peer may use, so that it can only hurt itself. Root has no limits: a machine must stay repairable.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::source::backend::Turn;

/// How many of the processes that ask NSS modules one uid other than 0 may keep busy: fewer than there are.
const MODULE_QUERIES: usize = 2;

/// Who uses how much, by the uid of the peer.
#[derive(Debug)]
pub struct Ledger {
    limits: Limits,
    /// Connections that all uids other than 0 may hold together; the rest of the descriptors is kept for root,
    /// for backends and for reading files.
    connections_in_all: usize,
    usage: RefCell<Usage>,
    connections_so_far: Cell<u64>,
}

#[derive(Debug, Default)]
struct Usage {
    connections_in_all: usize,
    by_uid: HashMap<u32, PeerUsage>,
}

#[derive(Debug)]
struct PeerUsage {
    connections: usize,
    request_bytes: usize,
    backend_queries: Arc<Semaphore>,
    /// Made when it is needed, which on most systems is never.
    module_queries: Option<Arc<Semaphore>>,
}

/// One connection's share. Dropping it gives back what it used.
#[derive(Debug)]
pub struct Share {
    ledger: Rc<Ledger>,
    uid: u32,
    connection: u64,
    pid: Option<i32>,
    request_bytes: usize,
}

impl Ledger {
    /// `descriptors` is the process's limit on open files.
    pub fn new(limits: Limits, descriptors: usize) -> Self {
        let connections_in_all = descriptors.saturating_sub(descriptors / 4).saturating_sub(64);
        Self { limits, connections_in_all, usage: RefCell::default(), connections_so_far: Cell::new(0) }
    }

    /// Accounts for a new connection; none when the peer has enough of them.
    pub fn admit(self: &Rc<Self>, uid: u32, pid: Option<i32>) -> Option<Share> {
        let mut usage = self.usage.borrow_mut();
        if uid != 0 && usage.connections_in_all >= self.connections_in_all {
            return None;
        }
        let queries = self.limits.backend_queries_per_uid.clamp(1, Semaphore::MAX_PERMITS);
        let peer = usage.by_uid.entry(uid).or_insert_with(|| PeerUsage {
            connections: 0,
            request_bytes: 0,
            backend_queries: Arc::new(Semaphore::new(if uid == 0 {
                Semaphore::MAX_PERMITS
            } else {
                queries
            })),
            module_queries: None,
        });
        if uid != 0 && peer.connections >= self.limits.connections_per_uid {
            return None;
        }
        peer.connections += 1;
        if uid != 0 {
            usage.connections_in_all += 1;
        }
        let connection = self.connections_so_far.get() + 1;
        self.connections_so_far.set(connection);
        Some(Share { ledger: Rc::clone(self), uid, connection, pid, request_bytes: 0 })
    }
}

impl Share {
    /// The uid that pays.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Which connection it is, of all since the daemon began.
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// The process that connected, if it can be seen from here.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// The peer's turn with the NSS modules.
    pub fn module_turn(&self) -> Turn {
        let is_root = self.uid == 0;
        let new = || Arc::new(Semaphore::new(if is_root { Semaphore::MAX_PERMITS } else { MODULE_QUERIES }));
        let mut usage = self.ledger.usage.borrow_mut();
        // The peer has at least this connection.
        let queries = match usage.by_uid.get_mut(&self.uid) {
            Some(peer) => Arc::clone(peer.module_queries.get_or_insert_with(new)),
            None => new(),
        };
        Turn { queries, is_root }
    }

    /// Says how many bytes of an unfinished request the connection holds now. False when that is more than the peer may
    /// make us hold.
    pub fn hold_request_bytes(&mut self, bytes: usize) -> bool {
        if bytes == self.request_bytes {
            return true;
        }
        let mut usage = self.ledger.usage.borrow_mut();
        let Some(peer) = usage.by_uid.get_mut(&self.uid) else { return false };
        peer.request_bytes = peer.request_bytes.saturating_sub(self.request_bytes) + bytes;
        self.request_bytes = bytes;
        self.uid == 0 || peer.request_bytes <= self.ledger.limits.request_bytes_per_uid
    }

    /// Waits for a place among the peer's questions to backends.
    pub async fn backend_query(&self) -> Option<OwnedSemaphorePermit> {
        let queries = {
            let usage = self.ledger.usage.borrow();
            Arc::clone(&usage.by_uid.get(&self.uid)?.backend_queries)
        };
        queries.acquire_owned().await.ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut usage = self.ledger.usage.borrow_mut();
        if self.uid != 0 {
            usage.connections_in_all = usage.connections_in_all.saturating_sub(1);
        }
        if let Some(peer) = usage.by_uid.get_mut(&self.uid) {
            peer.request_bytes = peer.request_bytes.saturating_sub(self.request_bytes);
            peer.connections = peer.connections.saturating_sub(1);
            if peer.connections == 0 {
                usage.by_uid.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(connections_per_uid: usize, descriptors: usize) -> Rc<Ledger> {
        let limits = Limits { connections_per_uid, request_bytes_per_uid: 100, backend_queries_per_uid: 1 };
        Rc::new(Ledger::new(limits, descriptors))
    }

    #[test]
    fn a_uid_at_its_limit_leaves_room_for_others_and_gets_it_back() {
        let ledger = ledger(2, 10_000);
        let first = ledger.admit(7, None).unwrap();
        let _second = ledger.admit(7, None).unwrap();
        assert!(ledger.admit(7, None).is_none());
        assert!(ledger.admit(8, None).is_some());
        drop(first);
        assert!(ledger.admit(7, None).is_some());
    }

    #[test]
    fn root_is_let_in_when_all_others_together_have_enough() {
        let ledger = ledger(1000, 100);
        let shares: Vec<_> = (1..).map_while(|uid| ledger.admit(uid, None)).collect();
        assert_eq!(shares.len(), 100 - 25 - 64);
        assert!(ledger.admit(0, None).is_some());
    }

    #[test]
    fn bytes_are_counted_over_all_connections_of_a_uid() {
        let ledger = ledger(10, 10_000);
        let (mut first, mut second) = (ledger.admit(7, None).unwrap(), ledger.admit(7, None).unwrap());
        assert!(first.hold_request_bytes(60));
        assert!(!second.hold_request_bytes(60));
        assert!(first.hold_request_bytes(0));
        assert!(second.hold_request_bytes(60));
        drop(second);
        assert!(first.hold_request_bytes(100));
    }
}
