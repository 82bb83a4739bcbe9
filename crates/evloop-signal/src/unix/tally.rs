//! A count that ends: so many signals, and no more.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The signals that were counted instead of acting.
pub(super) struct Tally {
    /// Signals since the process began; wraps.
    seen: AtomicU32,
    /// The value of `seen` with which the handler takes itself away.
    last: AtomicU32,
    /// There is a watch.
    watched: AtomicBool,
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self {
            seen: AtomicU32::new(0),
            last: AtomicU32::new(0),
            watched: AtomicBool::new(false),
        }
    }

    /// Makes the caller the one who watches, or says no.
    pub(super) fn claim(&self) -> bool {
        !self.watched.swap(true, Ordering::SeqCst)
    }

    /// The caller, who has claimed, watches no longer.
    pub(super) fn release(&self) {
        self.watched.store(false, Ordering::SeqCst);
    }

    /// Before the handler is installed: after how many signals it goes. Returns the count from
    /// which a watch begins.
    pub(super) fn begin(&self, most: u32) -> u32 {
        let seen = self.seen.load(Ordering::SeqCst);
        self.last.store(seen.wrapping_add(most), Ordering::SeqCst);
        seen
    }

    /// The handler: counts a signal; true for the last, and for those after it.
    pub(super) fn deliver(&self) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        self.is_last(seen)
    }

    /// Somebody watches, and not all signals have come that are counted.
    pub(super) fn is_active(&self) -> bool {
        let seen = self.seen.load(Ordering::SeqCst);
        self.watched.load(Ordering::SeqCst) && !self.is_last(seen)
    }

    /// None is to come, or less: as a signed number the difference is not positive.
    fn is_last(&self, seen: u32) -> bool {
        let behind = self.last.load(Ordering::SeqCst).wrapping_sub(seen);
        behind == 0 || behind > u32::MAX / 2
    }

    /// How many signals came after `begin` had returned `first`.
    #[inline]
    pub(super) fn since(&self, first: u32) -> u32 {
        self.seen.load(Ordering::SeqCst).wrapping_sub(first)
    }
}

#[cfg(test)]
mod tests;
