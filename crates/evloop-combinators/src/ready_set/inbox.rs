//! The list of woken children, and the waker of whoever polls them.
//!
//! The protocol is argued in `wakeup.md`, beside this file.
//!
//! # Invariants
//!
//! 1. One owner at a time calls the `unsafe` methods of an inbox, with the [`Parking`] that was
//!    made for it.
//! 2. While the `is_lent` of a parent cell is false, the owner alone touches the cell. While it is
//!    true, the cell is only read: by the owner, and by the one pusher whose exchange turned the
//!    top from this cell's parked mark into an index, until it sets `is_lent` to false.
//! 3. The owner sets `is_lent` before it publishes the parked mark, and clears it itself only if
//!    it took that mark back before anybody pushed.

#![expect(
    unsafe_code,
    reason = "the parent's waker is used by any thread without a lock"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::slot::{MAX_SLOTS, Slot};
use super::sync::{AtomicBool, AtomicU64, Ordering, UnsafeCell};

/// The list was never pushed to, and nobody has to be woken: the owner is polling, or was told to.
const AWAKE: u32 = u32::MAX;
/// The list is empty, and the first push wakes the waker in the first or the second cell.
const PARKED: [u32; 2] = [u32::MAX - 1, u32::MAX - 2];

const _: () = assert!(MAX_SLOTS < PARKED[1], "an index is never taken for a mark");

/// The link that ends a chain of the owner's.
pub(super) const END: u32 = AWAKE;

/// Whether a link ends a chain of the owner's.
#[inline]
pub(super) fn is_end(link: u32) -> bool {
    link == END
}

/// A stack of woken slots that is taken whole, and the waker of the owner.
#[derive(Debug)]
pub(super) struct Inbox {
    /// A [`Head`].
    head: AtomicU64,
    /// Two, so that the owner can park again while another thread is still inside the call by
    /// which it wakes the owner, which may be as long as a system call.
    parents: [ParentCell; 2],
}

/// What one exchange changes: the top of the stack, above a count of all pushes.
///
/// The top is `AWAKE`, one of `PARKED`, or the index of the slot that was pushed last. The count
/// is what makes a head that the owner has seen recognisable: a slot that is taken from the list
/// without an exchange may be pushed again, and the top is then the same as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head(u64);

/// A list that was taken: `top` was pushed last, and `len - 1` links lead to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) top: u32,
    pub(super) len: u32,
}

#[derive(Debug)]
struct ParentCell {
    /// See invariant 2.
    is_lent: AtomicBool,
    /// The waker of the owner's last poll that found nothing to do. It stays after it was woken
    /// and is replaced only by a different one, which saves a clone for each wake.
    waker: UnsafeCell<Option<Waker>>,
}

/// What the owner knows of the head and of the two cells.
#[derive(Debug)]
pub(super) struct Parking {
    /// The head up to which the owner has taken everything; what was pushed since is the list.
    base: Head,
    /// The cell that was used last.
    current: usize,
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

impl Head {
    const NEW: Self = Self(AWAKE as u64);

    #[inline]
    fn top(self) -> u32 {
        // The lower half.
        self.0 as u32
    }

    #[inline]
    fn n_pushes(self) -> u32 {
        (self.0 >> u32::BITS) as u32
    }

    #[inline]
    fn new(top: u32, n_pushes: u32) -> Self {
        Self(u64::from(n_pushes) << u32::BITS | u64::from(top))
    }

    #[inline]
    fn with_top(self, top: u32) -> Self {
        Self::new(top, self.n_pushes())
    }

    /// One push later. The count wraps without harm: a slot is pushed once at most between two
    /// times that the owner takes the list, and there are fewer than 2³⁰.
    #[inline]
    fn pushed(self, index: u32) -> Self {
        Self::new(index, self.n_pushes().wrapping_add(1))
    }
}

impl Parking {
    /// The state that belongs to a new inbox.
    pub(super) fn new() -> Self {
        Self {
            base: Head::NEW,
            current: 0,
            has_former: false,
        }
    }

    /// Whether a waker was left, and no list was taken since.
    #[inline]
    pub(super) fn is_parked(&self) -> bool {
        (PARKED[1]..=PARKED[0]).contains(&self.base.top())
    }
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            head: AtomicU64::new(Head::NEW.0),
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
        let mut head = Head(self.head.load(Ordering::Relaxed));
        loop {
            slot.set_next(head.top());
            // Release pairs with the Acquire in `take`: it publishes the link. Acquire pairs
            // with the Release in `park`: a top that was parked lends us the cell.
            match self.head.compare_exchange_weak(
                head.0,
                head.pushed(index).0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(current) => head = Head(current),
            }
        }
        if head.top() == PARKED[0] {
            self.parents[0].wake_and_give_back();
        } else if head.top() == PARKED[1] {
            self.parents[1].wake_and_give_back();
        }
    }

    /// Takes what was pushed since the last time. The owner is awake if there is something.
    ///
    /// Nothing is exchanged: the owner remembers how far it has got, and the top stays an index,
    /// which wakes nobody, until the owner parks.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    #[inline]
    pub(super) unsafe fn take(&self, parking: &mut Parking) -> Option<Taken> {
        // Acquire pairs with the Release in `push`: the links are visible, and what was written
        // before the wakes. A push that this load misses is seen by the exchange in `park`.
        let head = Head(self.head.load(Ordering::Acquire));
        if head == parking.base {
            return None;
        }
        let len = head.n_pushes().wrapping_sub(parking.base.n_pushes());
        parking.base = head;
        Some(Taken {
            top: head.top(),
            len,
        })
    }

    /// Takes the parked mark back, unless there is something to take.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    #[cold]
    pub(super) unsafe fn unpark(&self, parking: &mut Parking) {
        if !parking.is_parked() {
            return;
        }
        let awake = parking.base.with_top(AWAKE);
        // Relaxed: nothing is published, and what a failure hides is read by `take`.
        let exchange = self.head.compare_exchange(
            parking.base.0,
            awake.0,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if exchange.is_ok() {
            parking.base = awake;
            // Nobody pushed, so nobody was lent the cell. (3)
            self.parents[parking.current]
                .is_lent
                .store(false, Ordering::Relaxed);
        }
    }

    /// Leaves `waker` to be woken by the next push, if nothing was pushed since the last `take`.
    ///
    /// User code (cloning, dropping and waking wakers) runs only while the inbox is in a state
    /// that a panic may leave behind: awake, or parked.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    #[inline]
    pub(super) unsafe fn park(&self, parking: &mut Parking, waker: &Waker) -> Parked {
        if parking.is_parked() {
            // SAFETY: (2) the owner reads.
            if unsafe { self.parents[parking.current].keeps(waker) } {
                // It is there already; if somebody has pushed, it is being woken.
                return Parked::Yes;
            }
            // SAFETY: (1) passed on from the caller.
            unsafe { self.unpark(parking) };
            if parking.is_parked() {
                return Parked::No;
            }
        }
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
        let former = unsafe { cell.keep(waker) };
        // Relaxed: published by the exchange. (3)
        cell.is_lent.store(true, Ordering::Relaxed);
        let parked = parking.base.with_top(PARKED[parking.current]);
        // Release pairs with the Acquire in `push`: the pusher sees the waker.
        let exchange = self.head.compare_exchange(
            parking.base.0,
            parked.0,
            Ordering::Release,
            Ordering::Relaxed,
        );
        let outcome = if exchange.is_ok() {
            parking.base = parked;
            Parked::Yes
        } else {
            cell.is_lent.store(false, Ordering::Relaxed);
            Parked::No
        };
        if parking.has_former || former.is_some() {
            self.drop_former(parking, former);
        }
        outcome
    }

    /// Drops the wakers of former parents. Last of all: their destructors are user code.
    #[cold]
    fn drop_former(&self, parking: &mut Parking, mut former: Option<Waker>) {
        let other = &self.parents[parking.current ^ 1];
        if parking.has_former && !other.is_lent() {
            parking.has_former = false;
            // SAFETY: (2) the owner found it not lent; only the current cell was published.
            let other = unsafe { other.take() };
            former = former.or(other);
        }
        drop(former);
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
    /// Pushes after this find no parked mark and wake nobody. A waker that is lent just now stays as a
    /// leftover.
    ///
    /// # Safety
    ///
    /// - The caller is the owner and `parking` is this inbox's (invariant 1).
    pub(super) unsafe fn close(&self, parking: &mut Parking) -> [Option<Waker>; 2] {
        if parking.is_parked() {
            // SAFETY: (1) passed on from the caller.
            unsafe { self.unpark(parking) };
        }
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
        // SAFETY: (2) promised by the caller.
        if unsafe { self.keeps(waker) } {
            return None;
        }
        // SAFETY: (2) promised by the caller.
        unsafe { self.replace(waker) }
    }

    /// Whether the content is equal to `waker`.
    ///
    /// # Safety
    ///
    /// - The caller is the owner (invariant 2).
    #[inline]
    unsafe fn keeps(&self, waker: &Waker) -> bool {
        self.waker.with(|kept| {
            // SAFETY: (2) only the owner writes.
            unsafe { &*kept }
                .as_ref()
                .is_some_and(|kept| kept.will_wake(waker))
        })
    }

    /// # Safety
    ///
    /// - The caller is the owner and found the cell not lent (invariant 2).
    #[cold]
    unsafe fn replace(&self, waker: &Waker) -> Option<Waker> {
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
