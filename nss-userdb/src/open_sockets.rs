//! Which sockets are open, for the child of a fork: it must not keep its parent's, not even those that another thread was
//! using at that moment, and it may not wait for any lock to find them.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

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
    /// Takes the socket, which was closed, off the list. Not during a fork: the kernel copies descriptors before it copies
    /// memory, so that the child might have the socket and not the entry.
    pub fn remove(&self) {
        without_fork(|| self.descriptor.store(FREE, Ordering::Release));
    }
}

/// Runs what opens a socket and adds it to the list, or takes one off it, and keeps forks out in between.
pub fn without_fork<T>(change: impl FnOnce() -> T) -> T {
    let enter = |gate: u32| (gate < FORK).then(|| gate + 1);
    let entered = wait_until(|| GATE.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).is_ok());
    let result = change();
    if entered {
        // Not below zero: in the child of a fork that came anyway, nobody is counted.
        let leave = |gate: u32| (!gate.is_multiple_of(FORK)).then(|| gate - 1);
        let _ = GATE.fetch_update(Ordering::Release, Ordering::Relaxed, leave);
    }
    result
}

/// Waits until nobody changes the list, and lets nobody begin to.
pub fn before_fork() {
    GATE.fetch_add(FORK, Ordering::Acquire);
    wait_until(|| GATE.load(Ordering::Acquire).is_multiple_of(FORK));
}

/// Lets the list be changed again.
pub fn after_fork_in_parent() {
    GATE.fetch_sub(FORK, Ordering::Release);
}

/// Empties the list in the child: gives every descriptor on it, with its inode, to `each`.
pub fn after_fork_in_child(mut each: impl FnMut(RawFd, u64)) {
    for place in &OPEN {
        let descriptor = place.descriptor.swap(FREE, Ordering::Acquire);
        if descriptor >= 0 {
            each(descriptor, place.inode.load(Ordering::Relaxed));
        }
    }
    GATE.store(0, Ordering::Release);
}

/// How many threads are changing the list, and, times [`FORK`], how many are forking.
static GATE: AtomicU32 = AtomicU32::new(0);
const FORK: u32 = 1 << 16;

/// Waits for what takes a few system calls, of a thread that may have to wait for a processor first. Not for ever: a signal
/// handler that forks may have interrupted the very thread that it waits for, and then a socket that a child keeps until exec
/// is the smaller evil.
fn wait_until(condition: impl Fn() -> bool) -> bool {
    const YIELDS: u32 = 100;
    const SLEEPS: u32 = 500;
    for attempt in 0..YIELDS + SLEEPS {
        if condition() {
            return true;
        }
        if attempt < YIELDS {
            std::thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    false
}
