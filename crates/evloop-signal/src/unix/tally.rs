//! What the handler and the rest of the program share: three words of memory.
//!
//! The handler counts first and writes to the descriptor afterwards; whoever waits clears the
//! descriptor first and reads the count afterwards. So no signal is counted of which the
//! descriptor does not tell.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

/// The signals that were counted. One for the process, and never freed: a handler may be at work
/// on any thread at any time, also after its watch has ended.
pub(super) struct Tally {
    /// Signals since the process began; wraps.
    seen: AtomicU32,
    /// The value of `seen` with which the handler takes itself away.
    last: AtomicU32,
    /// Where the handler writes; never closed once it is here.
    wake: AtomicI32,
    /// There is a watch.
    watched: AtomicBool,
}

/// What a handler has to do for the signal it was called for.
pub(super) struct Delivery {
    pub(super) wake: RawFd,
    pub(super) is_last: bool,
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self {
            seen: AtomicU32::new(0),
            last: AtomicU32::new(0),
            wake: AtomicI32::new(-1),
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

    /// Before the handler is installed: where it writes and after how many signals it goes. Returns
    /// the count from which a watch begins.
    pub(super) fn begin(&self, wake: RawFd, most: u32) -> u32 {
        let seen = self.seen.load(Ordering::SeqCst);
        self.last.store(seen.wrapping_add(most), Ordering::SeqCst);
        self.wake.store(wake, Ordering::SeqCst);
        seen
    }

    /// The handler: counts a signal.
    pub(super) fn deliver(&self) -> Delivery {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        let behind = self.last.load(Ordering::SeqCst).wrapping_sub(seen);
        Delivery {
            wake: self.wake.load(Ordering::SeqCst),
            // None is to come, or less: as a signed number `behind` is not positive.
            is_last: behind == 0 || behind > u32::MAX / 2,
        }
    }

    /// How many signals came after `begin` had returned `first`.
    #[inline]
    pub(super) fn since(&self, first: u32) -> u32 {
        self.seen.load(Ordering::SeqCst).wrapping_sub(first)
    }
}

#[cfg(test)]
mod tests;
