//! Which sockets are open, for the child of a fork: it must not keep its parent's, not even those that another thread was
//! using at that moment, and it may not wait for any lock to find them.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// More than these at once are not recorded; a child then keeps them until it calls exec.
const PLACES: usize = 128;
const FREE: RawFd = -1;
const RESERVED: RawFd = -2;

static OPEN: [Place; PLACES] =
    [const { Place { descriptor: AtomicI32::new(FREE), inode: AtomicU64::new(0) } }; PLACES];

/// A socket's place in the list.
#[derive(Debug)]
pub struct Place {
    descriptor: AtomicI32,
    inode: AtomicU64,
}

/// Adds a socket. None if the list is full.
pub fn add(descriptor: RawFd, inode: u64) -> Option<&'static Place> {
    let place = OPEN.iter().find(|place| {
        place.descriptor.load(Ordering::Relaxed) == FREE
            && place.descriptor.compare_exchange(FREE, RESERVED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    })?;
    place.inode.store(inode, Ordering::Relaxed);
    place.descriptor.store(descriptor, Ordering::Release);
    Some(place)
}

impl Place {
    /// Takes the socket off the list.
    pub fn remove(&self) {
        self.descriptor.store(FREE, Ordering::Release);
    }
}

/// Empties the list: gives every descriptor on it, with its inode, to `each`.
pub fn take_all(mut each: impl FnMut(RawFd, u64)) {
    for place in &OPEN {
        let descriptor = place.descriptor.swap(FREE, Ordering::Acquire);
        if descriptor >= 0 {
            each(descriptor, place.inode.load(Ordering::Relaxed));
        }
    }
}
