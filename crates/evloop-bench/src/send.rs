//! One workload text for runtimes that ask for `Send` and for those that do not.

#![expect(
    unsafe_code,
    reason = "one text for executors with and without Send bounds"
)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that says it is `Send`.
pub(crate) struct AssertSend<F>(F);

// SAFETY: futures in here are given to single-thread runtimes only, on the runtime's own thread:
// they are polled and dropped on the thread that made them.
unsafe impl<F> Send for AssertSend<F> {}

impl<F: Future> AssertSend<F> {
    /// Wraps a future for a runtime that runs on this thread alone.
    pub(crate) fn new(future: F) -> Self {
        Self(future)
    }
}

impl<F: Future> Future for AssertSend<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the field is pinned with the whole and never moved out.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }.poll(cx)
    }
}
