//! Data that only one thread at a time may touch, inside a block that all threads can reach.
//!
//! # Invariants
//!
//! 1. `value` is accessed only by the thread whose number is in `owner`. Numbers of threads are
//!    never used twice, and only the owner itself gives ownership up, so the check cannot be
//!    outrun: a thread that reads its own number there stays the owner until it says otherwise.
//! 2. Ownership passes from one thread to the next through `acquire` and `release`, which
//!    synchronise: the next owner sees all that the former one did.

#![expect(
    unsafe_code,
    reason = "thread-confined data in a Sync block, checked at every access"
)]

use std::fmt;

use evloop_task::thread_number;

use crate::sync::{AtomicU64, Ordering, UnsafeCell};

/// See the module's invariants.
pub(crate) struct HomeCell<T> {
    /// Number of the owning thread; 0 when there is none.
    owner: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: (1) a shared reference to the cell gives access to `value` on the owning thread only.
// What is in it when ownership passes is for the owner to decide: the executor empties it first.
unsafe impl<T: Send> Sync for HomeCell<T> {}
// SAFETY: as for `Sync`: moving the cell moves no access to `value`.
unsafe impl<T: Send> Send for HomeCell<T> {}

impl<T> HomeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            owner: AtomicU64::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Makes this thread the owner. False when there is one.
    pub(crate) fn acquire(&self) -> bool {
        // Acquire pairs with the Release in `release`.
        self.owner
            .compare_exchange(0, thread_number(), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Gives ownership up. No effect on a thread that is not the owner.
    pub(crate) fn release(&self) {
        if self.get().is_some() {
            self.owner.store(0, Ordering::Release);
        }
    }

    /// The value, on the owning thread.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // Relaxed: a thread always sees its own stores, and another thread's number is a refusal.
        if self.owner.load(Ordering::Relaxed) != thread_number() {
            return None;
        }
        // SAFETY: (1) this thread is the owner. Only shared references are ever given out.
        Some(self.value.with_mut(|value| unsafe { &*value }))
    }
}

impl<T> fmt::Debug for HomeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HomeCell")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}
