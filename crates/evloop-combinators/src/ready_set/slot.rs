//! What the ready list knows of one child: eight bytes.

use super::sync::{AtomicU32, Ordering};

/// Set while the slot is in the ready list or about to be linked into it.
const QUEUED: u32 = 0b01;
/// Set once the child is finished for good. Only the owner sets it, together with `QUEUED`, so
/// that late wakes of a finished child find it queued and do nothing.
const FINISHED: u32 = 0b10;
/// Bits below the index.
const FLAG_BITS: u32 = 2;

/// The number of slots one set can have.
pub(super) const MAX_SLOTS: u32 = u32::MAX >> FLAG_BITS;

/// One child's place in the ready list.
///
/// ```text
///            request (any waker)            begin_poll (owner)
///   idle ───────────────────────▶ queued ───────────────────────▶ idle
///     └────── finish (owner) ───────┴──▶ finished: queued for good
/// ```
#[derive(Debug)]
pub(super) struct Slot {
    /// The index of this slot in its block, above the two flags. The index never changes.
    word: AtomicU32,
    /// The link to the slot below in the list. Written by whoever made the slot queued, until
    /// it is published; by the owner afterwards.
    next: AtomicU32,
}

/// What the owner finds when it takes a slot out of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Popped {
    /// The child was woken and is to be polled.
    Woken,
    /// The child finished while it was linked.
    Finished,
}

impl Slot {
    pub(super) fn new(index_in_block: u32) -> Self {
        debug_assert!(index_in_block < MAX_SLOTS);
        Self {
            word: AtomicU32::new(index_in_block << FLAG_BITS),
            next: AtomicU32::new(0),
        }
    }

    /// The index of this slot in its block.
    #[inline]
    pub(super) fn index_in_block(&self) -> u32 {
        // Relaxed: the index bits never change.
        self.word.load(Ordering::Relaxed) >> FLAG_BITS
    }

    /// Asks for a poll. True if the caller has to link the slot now.
    ///
    /// A false is as good as a link: whoever queued the slot has not been served yet, and the
    /// poll that will serve it sees what was written before this call.
    #[inline]
    pub(super) fn request(&self) -> bool {
        // Release pairs with the Acquire in `begin_poll`: the poll sees what the waking thread
        // wrote. Acquire pairs with the Release there: the owner has read `next` before we
        // overwrite it.
        self.word.fetch_or(QUEUED, Ordering::AcqRel) & QUEUED == 0
    }

    /// Takes a slot that the owner unlinked out of the queued state, unless its child is gone.
    #[inline]
    pub(super) fn begin_poll(&self) -> Popped {
        if self.is_finished() {
            return Popped::Finished;
        }
        // Pairs with `request`, in both directions. It precedes the poll: a wake that arrives
        // during the poll must queue the slot again.
        self.word.fetch_and(!QUEUED, Ordering::AcqRel);
        Popped::Woken
    }

    /// Whether the child asked for another poll. A hint: other threads may change it.
    #[inline]
    pub(super) fn is_queued(&self) -> bool {
        self.word.load(Ordering::Relaxed) & QUEUED != 0
    }

    /// Whether the child is finished. Exact for the owner, who alone changes it.
    #[inline]
    pub(super) fn is_finished(&self) -> bool {
        self.word.load(Ordering::Relaxed) & FINISHED != 0
    }

    /// Marks the child finished for good; late wakes do nothing from here on.
    ///
    /// A plain store is enough. A concurrent `request` only sets `QUEUED`, which is set in the
    /// stored value too, so the two end the same in either order.
    #[inline]
    pub(super) fn finish(&self) {
        // Relaxed: the index bits never change.
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word | QUEUED | FINISHED, Ordering::Relaxed);
    }

    /// The link to the slot below.
    #[inline]
    pub(super) fn next(&self) -> u32 {
        // Relaxed: the owner's Acquire on the head of the list made the link visible.
        self.next.load(Ordering::Relaxed)
    }

    /// Sets the link to the slot below; the head of the list publishes it.
    #[inline]
    pub(super) fn set_next(&self, index: u32) {
        self.next.store(index, Ordering::Relaxed);
    }
}
