//! The readiness of one direction of one source: a few flags and a wide generation in one word.

use crate::sync::{AtomicU64, Ordering};

#[cfg(test)]
mod tests;

/// An event said that an operation may succeed, and none has come back empty since.
const READY: u64 = 1;
/// A short transfer says nothing here: the peer has ended, or failed, or sent urgent data, and no
/// further event may come. Only `WouldBlock` ends the readiness.
const DRAIN: u64 = 1 << 1;
/// No operation was tried yet, so the first one need not wait for an event.
const UNTRIED: u64 = 1 << 2;
/// The reactor is gone and no event will ever come. Never cleared.
const GONE: u64 = 1 << 3;
/// Somebody has begun to wait since the last event, which may have been taken back: whoever makes the
/// direction ready has to look for wakers. Only an event clears it.
const AWAITED: u64 = 1 << 4;
/// One step of the generation, which takes all the higher bits and wraps after 2^59 events.
const GENERATION: u64 = 1 << 5;
/// All bits of the generation.
const GENERATION_MASK: u64 = !(GENERATION - 1);

/// The word as it was at one moment. Storage, event and comparison all use this one type, so that
/// no conversion can narrow the generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot(u64);

impl Snapshot {
    pub(crate) fn is_ready(self) -> bool {
        self.0 & READY != 0
    }

    /// Whether an operation is worth its system call: ready, or never tried.
    pub(crate) fn is_worth_trying(self) -> bool {
        self.0 & (READY | UNTRIED) != 0
    }

    pub(crate) fn is_gone(self) -> bool {
        self.0 & GONE != 0
    }

    pub(crate) fn is_awaited(self) -> bool {
        self.0 & AWAITED != 0
    }

    fn must_drain(self) -> bool {
        self.0 & DRAIN != 0
    }

    fn same_generation(self, other: Self) -> bool {
        (self.0 ^ other.0) & GENERATION_MASK == 0
    }
}

/// Whether a short transfer may be trusted to mean that nothing is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShortTransfer {
    MeansEmpty,
    MeansNothing,
}

/// The word of one direction.
#[derive(Debug)]
pub(crate) struct Readiness {
    word: AtomicU64,
}

impl Readiness {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicU64::new(UNTRIED),
        }
    }

    /// A word whose generation has `remaining` steps to go until it wraps.
    #[cfg(test)]
    pub(crate) fn close_to_wrapping(remaining: u64) -> Self {
        let generation = 0u64.wrapping_sub(remaining * GENERATION);
        Self {
            word: AtomicU64::new(generation | UNTRIED),
        }
    }

    pub(crate) fn load(&self) -> Snapshot {
        // Acquire pairs with the Release of `set_ready` and `set_gone`.
        Snapshot(self.word.load(Ordering::Acquire))
    }

    /// An event arrived: ready, in a new generation, and awaited no longer. Returns the word before.
    pub(crate) fn set_ready(&self, short: ShortTransfer) -> Snapshot {
        self.update(|word| {
            let drain = match short {
                ShortTransfer::MeansEmpty => word & DRAIN,
                ShortTransfer::MeansNothing => DRAIN,
            };
            let generation = (word & GENERATION_MASK).wrapping_add(GENERATION);
            Some(generation | (word & GONE) | READY | drain)
        })
    }

    /// Somebody begins to wait: the next event will hear of it. Returns the word before, by which it may
    /// be too late.
    pub(crate) fn set_awaited(&self) -> Snapshot {
        // Acquire pairs with the Release of `set_ready` and `set_gone`; Release is for the waker, should
        // `set_ready` be the one that comes later.
        Snapshot(self.word.fetch_or(AWAITED, Ordering::AcqRel))
    }

    /// An operation begun at `seen` came back empty: not ready, unless an event arrived since.
    pub(crate) fn clear(&self, seen: Snapshot) {
        self.update(|word| {
            let current = Snapshot(word).same_generation(seen);
            current.then_some(word & !(READY | UNTRIED | DRAIN))
        });
    }

    /// An operation begun at `seen` moved less than it was asked to: not ready, unless an event
    /// arrived since or a short transfer says nothing.
    pub(crate) fn clear_after_short(&self, seen: Snapshot) {
        self.update(|word| {
            let now = Snapshot(word);
            let current = now.same_generation(seen) && !now.must_drain();
            current.then_some(word & !(READY | UNTRIED))
        });
    }

    /// The reactor is gone.
    pub(crate) fn set_gone(&self) {
        self.word.fetch_or(GONE, Ordering::AcqRel);
    }

    /// Returns the word before, changed or not.
    fn update(&self, step: impl FnMut(u64) -> Option<u64>) -> Snapshot {
        let before = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
        Snapshot(before.unwrap_or_else(|before| before))
    }
}
