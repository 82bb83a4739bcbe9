//! Handles one by one, up to a limit.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::ready_set::Turn;
use crate::{Completion, TimedOut, WaitSet};

pin_project! {
    /// The stream of [`AsCompleted::timeout`](crate::AsCompleted::timeout): each handle once,
    /// done, or an error in place of those that are late.
    ///
    /// Each poll looks at the timer first. When it finds it ready, it looks at the handles a last
    /// time; those that are done by then still come, however late they are asked for. After the
    /// error, or the last handle, the stream has ended and the timer is dropped.
    ///
    /// Leaving it, going on and dropping it are as for [`AsCompleted`](crate::AsCompleted).
    #[must_use = "streams do nothing unless polled"]
    pub struct AsCompletedInTime<H, T> {
        set: WaitSet<H>,
        // `None` once there is nothing more to limit.
        #[pin]
        timer: Option<T>,
        // What the last look found, in the order of completion.
        found_late: VecDeque<H>,
        phase: Phase,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The timer was not found ready yet.
    InTime,
    /// It was, and the handles are to be looked at a last time. Lasts only if a handle panics.
    LastLook,
    /// What the last look found is handed out, and then the error.
    Late,
    /// The error was given.
    Ended,
}

impl<H: Completion, T: Future<Output = ()>> AsCompletedInTime<H, T> {
    pub(super) fn new(set: WaitSet<H>, timer: T) -> Self {
        Self {
            set,
            timer: Some(timer),
            found_late: VecDeque::new(),
            phase: Phase::InTime,
        }
    }

    /// The number of handles that have not come. After the error they are those that are not
    /// going to.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found_late.len() + self.set.len()
    }

    /// Whether all have come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for the next handle that completes, or for the end of the time: `None` once all
    /// have come, or after the error, and for ever after.
    ///
    /// The timer has to be `Unpin`, which evloop's sleeps are; put any other one in a
    /// `Box::pin`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: the next call goes on where it was, in the
    /// same order, and the timer is the same. A cancel request is not forwarded to tasks and
    /// promises.
    ///
    /// # Errors
    ///
    /// The item is [`TimedOut`], once, when the timer was found ready and what was done by then
    /// has come.
    ///
    /// # Panics
    ///
    /// A panic in a handle or the timer goes on through the poll. The handle is the first that
    /// is polled again.
    ///
    /// # Cost
    ///
    /// Constant for each completion: a poll of the timer, and the handles that were woken up to
    /// the first that is done, at most n + 2. Without allocation, but for those that are done
    /// when the time is over.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is awaited; the name is that of every stream"
    )]
    pub fn next(&mut self) -> NextInTime<'_, H, T>
    where
        T: Unpin,
    {
        NextInTime { completed: self }
    }

    /// The handles that have not come, with their registrations, pending or not.
    #[must_use]
    pub fn into_wait_set(self) -> WaitSet<H> {
        let Self {
            mut set,
            found_late,
            ..
        } = self;
        // Their places and keys are free since they were found.
        set.extend(found_late);
        set
    }
}

impl<H: Completion, T: Future<Output = ()>> Stream for AsCompletedInTime<H, T> {
    type Item = Result<H, TimedOut>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if *this.phase == Phase::InTime
            && let Some(timer) = this.timer.as_mut().as_pin_mut()
        {
            // Before the handles: a consumer that is slower than they are would find one done
            // each time, and never reach the limit.
            let is_over = !this.set.is_empty() && timer.poll(cx).is_ready();
            if is_over {
                *this.phase = Phase::LastLook;
            } else {
                let done = ready!(this.set.poll_next(cx));
                if this.set.is_empty() {
                    this.timer.set(None);
                }
                return Poll::Ready(done.map(Ok));
            }
        }
        if *this.phase == Phase::LastLook {
            this.timer.set(None);
            let mut turn = Turn::new(this.set.len());
            this.set
                .take_turn(&mut turn, |handle| this.found_late.push_back(handle));
            // The waker of the poll before was left for the handles, and is not theirs to wake
            // any more.
            this.set.ready_set().unpark();
            *this.phase = Phase::Late;
        }
        if let Some(done) = this.found_late.pop_front() {
            return Poll::Ready(Some(Ok(done)));
        }
        if *this.phase == Phase::Late && !this.set.is_empty() {
            *this.phase = Phase::Ended;
            return Poll::Ready(Some(Err(TimedOut::new(this.set.len()))));
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n_pending = self.set.len();
        let n_found = self.found_late.len();
        match self.phase {
            // The error comes in place of at least one handle.
            Phase::InTime | Phase::LastLook => {
                let n_handles = n_found + n_pending;
                (n_handles.min(n_found + 1), Some(n_handles))
            }
            Phase::Late => {
                let n_left = n_found + n_pending.min(1);
                (n_left, Some(n_left))
            }
            Phase::Ended => (0, Some(0)),
        }
    }
}

impl<H: Completion, T: Future<Output = ()>> FusedStream for AsCompletedInTime<H, T> {
    fn is_terminated(&self) -> bool {
        self.phase == Phase::Ended || self.is_empty()
    }
}

impl<H: fmt::Debug, T> fmt::Debug for AsCompletedInTime<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompletedInTime")
            .field("done", &self.found_late)
            .field("pending", &self.set)
            .field("has_timed_out", &(self.phase == Phase::Ended))
            .finish_non_exhaustive()
    }
}

/// The future of [`AsCompletedInTime::next`].
///
/// Polled again after it was ready, it waits for the item after that.
#[must_use = "futures do nothing unless awaited"]
pub struct NextInTime<'a, H, T> {
    completed: &'a mut AsCompletedInTime<H, T>,
}

impl<H: Completion, T: Future<Output = ()> + Unpin> Future for NextInTime<'_, H, T> {
    type Output = Option<Result<H, TimedOut>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.completed).poll_next(cx)
    }
}

impl<H: fmt::Debug, T> fmt::Debug for NextInTime<'_, H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextInTime")
            .field("completed", &self.completed)
            .finish()
    }
}
