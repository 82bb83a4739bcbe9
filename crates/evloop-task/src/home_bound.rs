//! A value that may be touched on one thread only, inside something that is `Send`.
//!
//! # Invariants
//!
//! 1. `value` is accessed and dropped only on the thread that made it; elsewhere access is refused
//!    and drop leaks it. Threads are told apart by a number that is never used twice.

#![expect(
    unsafe_code,
    reason = "carries a !Send future through queues that may cross threads"
)]

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::thread_number::thread_number;

/// A future bound to the thread that made it.
pub(crate) struct HomeBound<F> {
    home: u64,
    value: ManuallyDrop<F>,
}

// SAFETY: (1) every access checks the thread first.
unsafe impl<F> Send for HomeBound<F> {}

impl<F> HomeBound<F> {
    pub(crate) fn new(value: F) -> Self {
        Self {
            home: thread_number(),
            value: ManuallyDrop::new(value),
        }
    }
}

impl<F: Future> Future for HomeBound<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// On another thread than the one that made it.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        assert!(
            self.home == thread_number(),
            "a local task was polled by a thread that did not create it; its scheduler must run \
             it where it was spawned"
        );
        // SAFETY: (1) this is the home thread. The value is pinned with `self` and never moved.
        let value = unsafe { self.map_unchecked_mut(|this| &mut *this.value) };
        value.poll(cx)
    }
}

impl<F> Drop for HomeBound<F> {
    fn drop(&mut self) {
        if self.home == thread_number() {
            // SAFETY: (1) this is the home thread, and the value is dropped nowhere else.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}
