//! The run queue of a worker: a FIFO ring of pointers that one thread fills and any thread empties.
//!
//! Positions are counted for ever, wrap, and are compared by subtraction only: position `p` lies
//! in slot `p & mask`. What is queued are the positions from `head` up to `tail`. The owner pushes
//! at the tail, without a read-modify-write. Everybody takes at the head, by one exchange however
//! many they take: first they copy, then they move the head, and who loses forgets the copies.
//!
//! ```text
//!                 head           tail
//!                   v              v
//!   ... taken ...   | a  b  c  d | free ...      a thief takes a and b, the owner takes a
//! ```
//!
//! # Invariants
//!
//! 1. One thread at a time, the owner, calls `push` and `pop`, and whoever becomes the owner has
//!    synchronised with the one before.
//! 2. Only an exchange moves `head`, forwards and never beyond `tail`; only the owner moves
//!    `tail`, forwards and at most one capacity ahead of `head`. The exchange releases, and who
//!    reads `head` in order to overwrite a slot acquires.
//! 3. The owner writes a slot again, for position `p + capacity`, only after it has acquired a
//!    head beyond `p`.
//! 4. `buffer` points to a buffer that `Box::into_raw` made, and heads a chain of all that the
//!    ring ever had. A buffer is published with everything in it that is queued. Afterwards only
//!    the newest is written to. All live until the ring is dropped, as thieves may still read.
//!
//! # Why each item is taken once, and is the one that was pushed
//!
//! An exchange from `h` to `h + n` succeeds only if the head is `h`, so the positions in between
//! are taken by nobody else (2). A head that came back to `h` would need as many items as there
//! are numbers in a `usize` while a thief copies at most [`MOST_STOLEN`] of them.
//!
//! What the thief has copied from the slot of such a position `p` is not older than its push: the
//! thief acquired a tail beyond `p`, whose store by the owner followed the store of the slot, and
//! the publication of the buffer that the thief therefore finds, or of a newer one. One that is
//! newer has `p` as well, unless the owner saw a head beyond `p` when it copied (4).
//!
//! Nor is it younger, and nor is `p` missing in a buffer for that reason. The owner writes the
//! slot again, or leaves `p` behind, only after it acquired a head beyond `p` (3, 4). The first
//! head beyond `p` is the thief's own exchange, as that succeeded. It releases, and the exchanges
//! after it continue what it released: so the thief's copies happened before the owner's write,
//! and cannot have seen it.
//!
//! A thief that reads an old head may copy anything that a slot ever held, null included, from a
//! place that is always in bounds. Its exchange fails.
//!
//! The owner sees its own stores, so its copy is right whenever its exchange succeeds.

#![expect(
    unsafe_code,
    reason = "thieves read buffers that the owner has replaced; and items are owned by pointers"
)]

#[cfg(any(test, loom))]
pub(crate) mod owner;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ptr::{self, NonNull};
use std::thread::panicking;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicPtr, AtomicUsize, Ordering};

/// Most jobs that one steal takes.
pub(crate) const MOST_STOLEN: usize = 256;

/// How many slots a ring has before it grows: 2 KiB.
const INITIAL_CAPACITY: usize = 256;

/// A growable queue with one producer and many consumers. See the module.
///
/// It does not own the items: whoever drops a ring has emptied it before, or what the pointers own
/// is leaked. It never shrinks, and takes at most twice the memory of its largest size.
pub(crate) struct Ring {
    /// The first position that nobody has taken. A line of its own: everybody writes to it.
    head: CachePadded<AtomicUsize>,
    /// Only the owner writes to this line.
    owned: CachePadded<Owned>,
}

struct Owned {
    /// The first position that is free.
    tail: AtomicUsize,
    /// The newest buffer; see invariant 4.
    buffer: AtomicPtr<Buffer>,
    /// A head that the owner has acquired: no later than the head. For the owner only, who would
    /// otherwise fetch the line of the head for each push while thieves take from it.
    seen_head: AtomicUsize,
}

/// The slots, a power of two of them.
struct Buffer {
    slots: Box<[AtomicPtr<()>]>,
    /// The buffer that this one replaced, or null.
    previous: *mut Buffer,
}

/// What a thief means to take.
struct Claim<'a> {
    head: usize,
    n_items: usize,
    buffer: &'a Buffer,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self::with(INITIAL_CAPACITY, 0)
    }

    /// A ring of two slots whose counters start there.
    #[cfg(any(test, loom))]
    pub(crate) fn starting_at(position: usize) -> Self {
        Self::with(2, position)
    }

    fn with(capacity: usize, position: usize) -> Self {
        let buffer = Box::into_raw(Buffer::new(capacity, ptr::null_mut()));
        Self {
            head: CachePadded::new(AtomicUsize::new(position)),
            owned: CachePadded::new(Owned {
                tail: AtomicUsize::new(position),
                buffer: AtomicPtr::new(buffer),
                seen_head: AtomicUsize::new(position),
            }),
        }
    }

    /// Adds an item at the end.
    ///
    /// # Safety
    ///
    /// 1. This is the owner: the one thread at a time that pushes and pops. Who passes ownership
    ///    on synchronises with the next owner.
    #[inline]
    pub(crate) unsafe fn push(&self, item: NonNull<()>) {
        // Relaxed, here and below: the owner reads what it has written itself (1).
        let tail = self.owned.tail.load(Ordering::Relaxed);
        let buffer = self.buffer(Ordering::Relaxed);
        let seen_head = self.owned.seen_head.load(Ordering::Relaxed);
        if tail.wrapping_sub(seen_head) >= buffer.capacity() {
            // Acquire pairs with the Release of each exchange: thieves have read what is
            // overwritten from here on.
            let head = self.head.load(Ordering::Acquire);
            self.owned.seen_head.store(head, Ordering::Relaxed);
            if tail.wrapping_sub(head) >= buffer.capacity() {
                return self.push_and_grow(item, head, tail);
            }
        }
        self.append(buffer, tail, item);
    }

    /// Takes the first item, and says whether that was the last one. Tries again whenever a thief was
    /// quicker, so at most once more for each item there was.
    ///
    /// # Safety
    ///
    /// 1. This is the owner, as for [`Self::push`].
    #[inline]
    pub(crate) unsafe fn pop(&self) -> Option<(NonNull<()>, bool)> {
        // Relaxed: the owner's own.
        let tail = self.owned.tail.load(Ordering::Relaxed);
        let buffer = self.buffer(Ordering::Relaxed);
        // Relaxed: an old one costs an exchange that fails, and does not become `seen_head`.
        let mut head = self.head.load(Ordering::Relaxed);
        while head != tail {
            let item = buffer.slot(head).load(Ordering::Relaxed);
            match self.advance(head, 1) {
                Ok(_) => {
                    let was_last = head.wrapping_add(1) == tail;
                    // Never null: `push` wrote it.
                    return NonNull::new(item).map(|item| (item, was_last));
                }
                Err(moved) => head = moved,
            }
        }
        None
    }

    /// How many there are, from any thread: a snapshot.
    ///
    /// It counts all that was there from before the call until after it, and may count some that
    /// were taken meanwhile.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let (head, tail) = self.ends();
        tail.wrapping_sub(head)
    }

    /// Whether there are none, with the same reserve as [`Self::len`].
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves on with each item that is taken: two looks that see the same position, with
    /// `len() > 0`, show that nobody took any in between.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        // Relaxed: it is compared with itself, nothing is read because of it.
        self.head.load(Ordering::Relaxed)
    }

    /// Takes the first half, rounded up and at most [`MOST_STOLEN`], and appends it to `taken` in
    /// order. Returns how many; a race that is lost gives 0, as does an empty ring.
    pub(crate) fn steal(&self, taken: &mut Vec<NonNull<()>>) -> usize {
        let claim = self.claim();
        let n_before = taken.len();
        if claim.copy(taken) && self.take(&claim) {
            return claim.n_items;
        }
        taken.truncate(n_before);
        0
    }

    /// Looks at what there is to steal.
    fn claim(&self) -> Claim<'_> {
        let (head, tail) = self.ends();
        let len = tail.wrapping_sub(head);
        Claim {
            head,
            n_items: (len - len / 2).min(MOST_STOLEN),
            // After the tail, or it might be one that the items of that tail never reached.
            // Acquire pairs with the Release in `push_and_grow`: a buffer may be newer than the tail.
            buffer: self.buffer(Ordering::Acquire),
        }
    }

    /// Makes what was copied the thief's. False when somebody was quicker.
    fn take(&self, claim: &Claim<'_>) -> bool {
        claim.n_items > 0 && self.advance(claim.head, claim.n_items).is_ok()
    }

    /// Moves the head, if it is still there.
    #[inline]
    fn advance(&self, head: usize, n_items: usize) -> Result<usize, usize> {
        // Release pairs with the Acquire in `push`, and with that in `ends`. A failure reads
        // nothing but the number.
        self.head.compare_exchange(
            head,
            head.wrapping_add(n_items),
            Ordering::Release,
            Ordering::Relaxed,
        )
    }

    /// Head and tail, where the tail is not before the head.
    #[inline]
    fn ends(&self) -> (usize, usize) {
        // In this order, and with Acquire, which pairs with the Release of each exchange: who
        // moved the head there knew a tail that far. The other way round the head could have
        // passed the tail, which subtraction takes for a ring that is full to the brim.
        let head = self.head.load(Ordering::Acquire);
        // Acquire pairs with the Release in `push`.
        let tail = self.owned.tail.load(Ordering::Acquire);
        (head, tail)
    }

    /// Puts the item into a slot that is free, and publishes it.
    #[inline]
    fn append(&self, buffer: &Buffer, tail: usize, item: NonNull<()>) {
        // Relaxed: the tail publishes it.
        buffer.slot(tail).store(item.as_ptr(), Ordering::Relaxed);
        // Release pairs with the Acquire of `claim`: who sees the tail sees the slot and the
        // buffer that has it, and what the item points to. Before the slot, a thief would take
        // what was there before.
        let next = tail.wrapping_add(1);
        self.owned.tail.store(next, Ordering::Release);
    }

    /// The newest buffer. Relaxed is for the owner, who made it; others acquire it.
    #[inline]
    fn buffer(&self, ordering: Ordering) -> &Buffer {
        let buffer = self.owned.buffer.load(ordering);
        // SAFETY: (4) it lives as long as the ring, and only shared references are ever made. The
        // owner made it, or acquired it together with the ownership (1); a thief acquires it.
        unsafe { &*buffer }
    }

    /// Replaces the buffer by one of twice the size, and pushes.
    #[cold]
    #[inline(never)]
    fn push_and_grow(&self, item: NonNull<()>, head: usize, tail: usize) {
        let previous = self.owned.buffer.load(Ordering::Relaxed);
        let full = self.buffer(Ordering::Relaxed);
        let larger = Buffer::new(full.capacity() * 2, previous);
        let mut position = head;
        while position != tail {
            let copied = full.slot(position).load(Ordering::Relaxed);
            larger.slot(position).store(copied, Ordering::Relaxed);
            position = position.wrapping_add(1);
        }
        // Release pairs with the Acquire in `claim`. Before the next store of the tail, or
        // thieves would look for its item in the former buffer.
        let larger = Box::into_raw(larger);
        self.owned.buffer.store(larger, Ordering::Release);
        self.append(self.buffer(Ordering::Relaxed), tail, item);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        debug_assert!(
            self.is_empty() || panicking(),
            "a ring is emptied before it is dropped, or its items leak"
        );
        // Relaxed: nobody else is left, and whoever was has synchronised with this.
        let mut next = self.owned.buffer.load(Ordering::Relaxed);
        while !next.is_null() {
            // SAFETY: (4) it is from `Box::into_raw` and in the chain once; thieves are gone.
            let buffer = unsafe { Box::from_raw(next) };
            next = buffer.previous;
        }
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("position", &self.position())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Buffer {
    fn new(capacity: usize, previous: *mut Self) -> Box<Self> {
        debug_assert!(capacity.is_power_of_two(), "positions wrap at such a power");
        let slots = (0..capacity).map(|_| AtomicPtr::new(ptr::null_mut()));
        Box::new(Self {
            slots: slots.collect(),
            previous,
        })
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    fn slot(&self, position: usize) -> &AtomicPtr<()> {
        &self.slots[position & (self.slots.len() - 1)]
    }
}

impl Claim<'_> {
    /// Copies the items. False if one of them is not there, which shows that the head has moved.
    fn copy(&self, taken: &mut Vec<NonNull<()>>) -> bool {
        taken.reserve(self.n_items);
        (0..self.n_items).all(|n| {
            let slot = self.buffer.slot(self.head.wrapping_add(n));
            // Relaxed: the tail and the buffer were acquired; see the module for the rest.
            let item = NonNull::new(slot.load(Ordering::Relaxed));
            taken.extend(item);
            item.is_some()
        })
    }
}
