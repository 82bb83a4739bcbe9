//! One child and, later, its output in the same place.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

pin_project! {
    /// A future, its output, or nothing once that was taken.
    #[project = Projected]
    #[project_replace = Replaced]
    pub(super) enum MaybeDone<F: Future> {
        Future { #[pin] future: F },
        Done { output: F::Output },
        Gone,
    }
}

impl<F: Future> MaybeDone<F> {
    pub(super) fn new(future: F) -> Self {
        Self::Future { future }
    }

    /// Polls the future unless it is finished.
    ///
    /// If the future's destructor panics, the output is in place nevertheless.
    // Always: the loop over all children of few would else call it, which costs as much as many a poll.
    #[inline(always)]
    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Projected::Future { future } = self.as_mut().project() {
            let output = ready!(future.poll(cx));
            self.set(Self::Done { output });
        }
        Poll::Ready(())
    }

    /// The output, if the future is finished and it was not taken.
    pub(super) fn output(self: Pin<&mut Self>) -> Option<&mut F::Output> {
        match self.project() {
            Projected::Done { output } => Some(output),
            Projected::Future { .. } | Projected::Gone => None,
        }
    }

    /// Takes the output.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub(super) fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Self::Gone) {
            Replaced::Done { output } => output,
            Replaced::Future { .. } | Replaced::Gone => {
                unreachable!("outputs are taken once, when their children are finished")
            }
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self, Self::Future { .. })
    }

    /// Drops the future or the output.
    pub(super) fn clear(mut self: Pin<&mut Self>) {
        self.set(Self::Gone);
    }
}
