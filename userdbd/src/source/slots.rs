//! How many may do something at the same time, and whether others wait for it.

#![cfg_attr(not(target_env = "gnu"), allow(dead_code, reason = "only NSS modules are asked in turns"))]

use std::cell::Cell;

use tokio::sync::{Semaphore, SemaphorePermit};

/// A number of places.
#[derive(Debug)]
pub struct Slots {
    free: Semaphore,
    waiting: Cell<usize>,
}

impl Slots {
    /// All free.
    pub fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count), waiting: Cell::new(0) }
    }

    /// Waits for a place.
    pub async fn take(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(slot) = self.free.try_acquire() {
            return Some(slot);
        }
        let _waiting = Waiting::begin(&self.waiting);
        self.free.acquire().await.ok()
    }

    /// Whether somebody waits for a place.
    pub fn somebody_waits(&self) -> bool {
        self.waiting.get() > 0
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
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
