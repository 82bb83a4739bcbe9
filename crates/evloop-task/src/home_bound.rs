//! A value that may be touched on one thread only, inside something that is `Send`.
//!
//! # Invariants
//!
//! 1. `value` is accessed and dropped only on the thread that made it; elsewhere access is refused
//!    and drop leaks it. Threads are told apart by a number that is never used twice.
//!
//! The value has an allocation of its own: a leaked one must stay where it is, since it may be
//! pinned and count on its destructor, while the task around it is freed.

#![expect(
    unsafe_code,
    reason = "carries a !Send future through queues that may cross threads"
)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::thread_number::thread_number;

/// A future bound to the thread that made it.
pub(crate) struct HomeBound<F> {
    home: u64,
    /// `None` only inside `drop`.
    value: Option<Pin<Box<F>>>,
}

// SAFETY: (1) every access checks the thread first.
unsafe impl<F> Send for HomeBound<F> {}

impl<F> HomeBound<F> {
    pub(crate) fn new(value: F) -> Self {
        Self {
            home: thread_number(),
            value: Some(Box::pin(value)),
        }
    }
}

impl<F: Future> Future for HomeBound<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// On another thread than the one that made it.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        assert!(
            self.home == thread_number(),
            "a local task was polled by a thread that did not create it; its scheduler must run \
             it where it was spawned"
        );
        let value = self.value.as_mut().expect("it is taken only by drop");
        value.as_mut().poll(cx)
    }
}

impl<F> Drop for HomeBound<F> {
    fn drop(&mut self) {
        let value = self.value.take();
        if self.home != thread_number() {
            std::mem::forget(value);
        }
    }
}
