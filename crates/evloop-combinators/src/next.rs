//! The next member of a set that finishes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{Completion, WaitSet};

/// The future of [`WaitSet::next`] and [`AsCompleted::next`](crate::AsCompleted::next).
///
/// Polled again after it was ready, it waits for the member after that.
#[must_use = "futures do nothing unless awaited"]
pub struct Next<'a, H> {
    set: &'a mut WaitSet<H>,
}

impl<'a, H> Next<'a, H> {
    pub(crate) fn new(set: &'a mut WaitSet<H>) -> Self {
        Self { set }
    }
}

impl<H: Completion> Future for Next<'_, H> {
    type Output = Option<H>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<H>> {
        self.set.poll_next(cx)
    }
}

impl<H: fmt::Debug> fmt::Debug for Next<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("set", &self.set).finish()
    }
}
