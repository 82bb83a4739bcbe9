//! The list of woken children, and the waker of whoever polls them.
//!
//! The protocol is argued in `wakeup.md`, beside this file.
//!
//! # Invariants
//!
//! 1. One owner at a time calls the `unsafe` methods of an inbox, with the [`Parking`] that was
//!    made for it.
//! 2. While the `lent` of a parent cell is false, the owner alone touches the cell. While it is
//!    true, the cell is only read: by the one pusher whose exchange turned the head from this
//!    cell's parked mark into an index, until it sets `lent` to false.
//! 3. The owner sets `lent` before it publishes the parked mark, and clears it itself only if it
//!    took that mark back before anybody pushed.

#![expect(
    unsafe_code,
    reason = "the parent's waker is used by any thread without a lock"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::slot::{MAX_SLOTS, Slot};
use super::sync::{AtomicBool, AtomicU32, Ordering, UnsafeCell};

/// The list is empty and nobody has to be woken: the owner is polling, or was told to poll.
const AWAKE: u32 = u32::MAX;
/// The list is empty, and the first push wakes the waker in the first or the second cell.
const PARKED: [u32; 2] = [u32::MAX - 1, u32::MAX - 2];

const _: () = assert!(MAX_SLOTS < PARKED[1], "an index is never taken for a mark");

/// The link that ends a list.
pub(super) const END: u32 = AWAKE;

/// Whether a link or a head ends the list. Any mark does.
#[inline]
pub(super) fn is_end(link: u32) -> bool {
    link >= PARKED[1]
}

/// A stack of woken slots that is taken whole, and the waker of the owner.
#[derive(Debug)]
pub(super) struct Inbox {
    /// `AWAKE`, one of `PARKED`, or the index of the slot that was woken last.
    head: AtomicU32,
    /// Two, so that the owner can park again while another thread is still inside the call by
    /// which it wakes the owner, which may be as long as a system call.
    parents: [ParentCell; 2],
}

#[derive(Debug)]
struct ParentCell {
    /// See invariant 2.
    is_lent: AtomicBool,
    /// The waker of the owner's last poll that found nothing to do. It stays after it was woken
    /// and is replaced only by a different one, which saves a clone for each wake.
    waker: UnsafeCell<Option<Waker>>,
}

/// What the owner knows of the two cells.
#[derive(Debug)]
pub(super) struct Parking {
    /// The cell that was used last.
    current: usize,
    /// Whether that cell's mark was published, and not taken back since.
    is_parked: bool,
    /// Whether the other cell may hold a former waker.
    has_former: bool,
}

/// What became of an attempt to park.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    /// The next child that is woken wakes the parent, or the parent has been woken already.
    Yes,
    /// A child was woken meanwhile: take the list first.
    No,
}

// SAFETY: the cells are the only fields that are not `Sync` by themselves; they hold wakers,
// which are `Send` and `Sync`, and invariant 2 keeps readers and the writer apart.
unsafe impl Sync for Inbox {}

impl Parking {
    /// The state that belongs to a new inbox.
    pub(super) fn new() -> Self {
        Self {
            current: 0,
            is_parked: false,
            has_former: false,
        }
    }

    #[inline]
    pub(super) fn is_parked(&self) -> bool {
        self.is_parked
    }
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            head: AtomicU32::new(AWAKE),
            parents: [ParentCell::new(), ParentCell::new()],
        }
    }

    /// Links a slot that the caller has just made queued, and wakes the parent if this is the
    /// first one since it parked.
    ///
    /// Never unwinds. The caller keeps the inbox alive throughout.
    #[inline]
    pub(super) fn push(&self, slot: &Slot, index: u32) {
        // Relaxed: only the exchange below decides.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            slot.set_next(head);
            // Release pairs with the Acquire in `take`: it publishes the link. Acquire pairs
            // with the Release in `park`: a head that was parked lends us the cell.
            match self
                .head
                .compare_exchange_weak(head, index, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(current) => head = current,
            }
        }
        if head == PARKED[0] {
            self.parents[0].wake_and_give_back();
        } else if head == PARKED[1] {
            self.parents[1].wake_and_give_back();
        }
    }

    /// Takes the whole list, last woken first, and marks the owner awake.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    #[inline]
    pub(super) unsafe fn take(&self, parking: &mut Parking) -> Option<u32> {
        // Relaxed: a push that this load misses is seen by the exchange in `park`.
        if !parking.is_parked && self.head.load(Ordering::Relaxed) == AWAKE {
            return None;
        }
        // Acquire pairs with the Release in `push`: the links are visible. Nothing is released:
        // what we read of a slot is ordered before its next push by the slot itself.
        let head = self.head.swap(AWAKE, Ordering::Acquire);
        parking.is_parked = false;
        if !is_end(head) {
            return Some(head);
        }
        if head != AWAKE {
            // Nobody pushed, so nobody was lent the cell. (3)
            self.parents[parking.current]
                .is_lent
                .store(false, Ordering::Relaxed);
        }
        None
    }

    /// Leaves `waker` to be woken by the next push, if the list is still empty.
    ///
    /// User code (cloning, dropping and waking wakers) runs only while the inbox is in a state
    /// that a panic may leave behind: awake, or parked.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    /// - The owner has taken the list since it parked last.
    #[inline]
    pub(super) unsafe fn park(&self, parking: &mut Parking, waker: &Waker) -> Parked {
        debug_assert!(!parking.is_parked);
        if self.parents[parking.current].is_lent() {
            parking.current ^= 1;
            parking.has_former = true;
            if self.parents[parking.current].is_lent() {
                // Two threads are waking the two former wakers just now. The present one is
                // ours to wake.
                waker.wake_by_ref();
                return Parked::Yes;
            }
        }
        let cell = &self.parents[parking.current];
        // SAFETY: (2) the owner found it not lent.
        let mut former = unsafe { cell.keep(waker) };
        // Relaxed: published by the exchange. (3)
        cell.is_lent.store(true, Ordering::Relaxed);
        let mark = PARKED[parking.current];
        // Release pairs with the Acquire in `push`: the pusher sees the waker.
        let exchange =
            self.head
                .compare_exchange(AWAKE, mark, Ordering::Release, Ordering::Relaxed);
        let parked = if exchange.is_ok() {
            parking.is_parked = true;
            Parked::Yes
        } else {
            cell.is_lent.store(false, Ordering::Relaxed);
            Parked::No
        };
        if parking.has_former {
            let other = &self.parents[parking.current ^ 1];
            if !other.is_lent() {
                parking.has_former = false;
                // SAFETY: (2) the owner found it not lent; only the current cell was published.
                let other = unsafe { other.take() };
                former = former.or(other);
            }
        }
        // Dropped last: a waker's destructor is user code and may panic.
        drop(former);
        parked
    }

    /// Takes the wakers that were lent when the owner left.
    ///
    /// # Safety
    ///
    /// - The owner is gone, and every push is over (invariant 2).
    pub(super) unsafe fn take_leftovers(&self) -> [Option<Waker>; 2] {
        self.parents.each_ref().map(|cell| {
            // SAFETY: (2) nobody else has the inbox.
            unsafe { cell.take() }
        })
    }

    /// Marks the owner gone and returns the wakers that it left.
    ///
    /// Pushes after this find `AWAKE` and wake nobody. A waker that is lent just now stays as a
    /// leftover.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    pub(super) unsafe fn close(&self, parking: &mut Parking) -> [Option<Waker>; 2] {
        // SAFETY: (1) passed on from the caller.
        let _abandoned = unsafe { self.take(parking) };
        self.parents.each_ref().map(|cell| {
            if cell.is_lent() {
                return None;
            }
            // SAFETY: (2) the owner found it not lent.
            unsafe { cell.take() }
        })
    }
}

impl ParentCell {
    fn new() -> Self {
        Self {
            is_lent: AtomicBool::new(false),
            waker: UnsafeCell::new(None),
        }
    }

    /// Whether a pusher may be reading the cell, as the owner sees it.
    #[inline]
    fn is_lent(&self) -> bool {
        // Acquire pairs with the Release in `wake_and_give_back`: the pusher is done reading.
        self.is_lent.load(Ordering::Acquire)
    }

    /// Wakes the parent from inside a child's waker, out of which nothing may unwind: whoever
    /// wakes a child (another task, another thread, a destructor) has no part in the fault.
    #[inline]
    fn wake_and_give_back(&self) {
        self.waker.with(|waker| {
            // SAFETY: (2) the caller's exchange replaced this cell's mark.
            if let Some(waker) = unsafe { &*waker } {
                contain(|| waker.wake_by_ref());
            }
        });
        // Pairs with the Acquire in `is_lent`.
        self.is_lent.store(false, Ordering::Release);
    }

    /// Makes `waker` the content, unless an equal one is; returns the former one.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and found the cell not lent (invariant 2).
    #[inline]
    unsafe fn keep(&self, waker: &Waker) -> Option<Waker> {
        let is_kept = self.waker.with(|kept| {
            // SAFETY: (2) promised by the caller.
            unsafe { &*kept }
                .as_ref()
                .is_some_and(|kept| kept.will_wake(waker))
        });
        if is_kept {
            return None;
        }
        // User code: it may panic, or wake children, which finds the owner awake.
        let fresh = Some(waker.clone());
        // SAFETY: (2) promised by the caller.
        self.waker.with_mut(|kept| unsafe { kept.replace(fresh) })
    }

    /// # Safety
    ///
    /// - The caller is the owner and found the cell not lent, or the only one that is left
    ///   (invariant 2).
    unsafe fn take(&self) -> Option<Waker> {
        // SAFETY: (2) promised by the caller.
        self.waker.with_mut(|kept| unsafe { kept.replace(None) })
    }
}

/// Runs foreign code out of which nothing may unwind, not even the payload of its panic, whose
/// destructor may panic in turn.
#[inline]
pub(super) fn contain(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        discard(payload);
    }
}

#[cold]
fn discard(payload: Box<dyn std::any::Any + Send>) {
    if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(worse);
    }
}
