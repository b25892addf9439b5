//! At most so many events in a window of time.

use std::time::Duration;

use super::event::Moment;

/// A window opens with its first event and closes `interval` later.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateLimit {
    /// `None`: the window never closes.
    interval: Option<Duration>,
    burst: u32,
    begin: Option<Moment>,
    count: u32,
}

impl RateLimit {
    pub(super) const fn new(interval: Option<Duration>, burst: u32) -> Self {
        Self { interval, burst, begin: None, count: 0 }
    }

    /// Takes over new settings and keeps the events counted so far.
    pub(super) const fn adjust(&mut self, interval: Option<Duration>, burst: u32) {
        self.interval = interval;
        self.burst = burst;
    }

    /// Forgets all events.
    pub(super) const fn reset(&mut self) {
        self.begin = None;
        self.count = 0;
    }

    /// Counts one event; false when it is one too many.
    pub(super) fn allows(&mut self, now: Moment) -> bool {
        if self.burst == 0 || self.interval == Some(Duration::ZERO) {
            return true;
        }
        let over = match (self.begin, self.interval) {
            (None, _) => true,
            (Some(begin), Some(interval)) => now.saturating_sub(begin) > interval,
            (Some(_), None) => false,
        };
        if over {
            self.begin = Some(now);
            self.count = 0;
        }
        let allowed = self.count < self.burst;
        self.count = self.count.saturating_add(1);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_window_opens_after_the_interval() {
        let mut limit = RateLimit::new(Some(Duration::from_secs(10)), 2);
        let at = Duration::from_secs;
        assert!(limit.allows(at(1)) && limit.allows(at(2)));
        assert!(!limit.allows(at(3)));
        assert!(!limit.allows(at(11)));
        assert!(limit.allows(at(12)));
    }

    #[test]
    fn zero_switches_it_off() {
        let mut limit = RateLimit::new(Some(Duration::ZERO), 1);
        assert!((0..100).all(|_| limit.allows(Duration::from_secs(1))));
    }
}
