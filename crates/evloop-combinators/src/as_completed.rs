//! Handles one by one, in the order in which they complete.

mod in_time;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

pub use in_time::{AsCompletedInTime, NextInTime};

use crate::{Completion, IntoWaitSet, Next, WaitSet};

/// Gives handles one by one, in the order in which they complete.
///
/// Takes what [`wait`](crate::wait) takes: anything iterable that yields [`Completion`] handles
/// (tasks, promises, [`Waitable`](crate::Waitable)s), or a [`WaitSet`]. What comes out is the
/// handle that went in, done, with its output still readable. Handles with the same key are
/// merged and come once; no handles give nothing.
///
/// [`AsCompleted::next`] is awaited in a loop; the type is a [`Stream`] as well.
/// [`AsCompleted::timeout`] sets a limit for all together.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{Waitable, as_completed};
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// async fn page(id: u32) -> u32 { id * id }
///
/// async fn program() {
///     let mut pages = as_completed((1..=3).map(|id| Waitable::new(Box::pin(page(id)))));
///     let mut sizes = Vec::new();
///     while let Some(done) = pages.next().await {
///         sizes.push(done.into_output().unwrap());
///     }
///     assert_eq!(sizes, [1, 4, 9]);
/// }
/// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// What asyncio refuses with a `TypeError`, a single handle, does not compile, and neither do
/// plain futures:
///
/// ```compile_fail,E0277
/// use evloop_combinators::{Waitable, as_completed};
///
/// let _completed = as_completed(Waitable::new(std::future::ready(1)));
/// ```
///
/// ```compile_fail,E0277
/// use evloop_combinators::as_completed;
///
/// let _completed = as_completed([std::future::ready(1)]);
/// ```
///
/// # Panics
///
/// More than 2³⁰ − 1 handles do not fit.
///
/// # Cost
///
/// That of the set: three allocations, whatever the number of handles, and one more if they have
/// keys.
pub fn as_completed<I, Kind>(handles: I) -> AsCompleted<I::Handle>
where
    I: IntoWaitSet<Kind>,
{
    AsCompleted {
        set: handles.into_wait_set(),
    }
}

/// The stream of [`as_completed`]: each handle once, done.
///
/// A handle counts as completed when it was woken for the last time. Those that are done before
/// anybody asks come first, in the order in which they were given.
///
/// It can be left and gone on with at any time: what completes meanwhile is not lost. Nothing
/// runs in between: handles that make progress only when polled, such as
/// [`Waitable`](crate::Waitable)s, stand still until the next item is asked for.
///
/// Dropping it drops the handles that have not come, each of which does what its own drop says (a
/// task is detached and goes on), and nobody is woken for them any more.
/// [`AsCompleted::into_wait_set`] gives them back instead.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<H> {
    set: WaitSet<H>,
}

impl<H: Completion> AsCompleted<H> {
    /// The number of handles that are still to come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether all have come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Waits for the next handle that completes: `None` once all have come, and for ever after.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: the next call goes on where it was, in the
    /// same order. A cancel request is not forwarded to tasks and promises.
    ///
    /// # Panics
    ///
    /// A panic in a handle goes on through the poll. The handle is the first that is polled again.
    ///
    /// # Cost
    ///
    /// Constant for each completion, without allocation: only handles that were woken are
    /// polled, up to the first that is done, at most n + 2 in one poll.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is awaited; the name is that of every stream"
    )]
    pub fn next(&mut self) -> Next<'_, H> {
        self.set.next()
    }

    /// Ends the stream with an error once `timer` is ready, if handles are pending then.
    ///
    /// The items become `Result<H, TimedOut>`. Any future that ends when the time is over will
    /// do: this crate has no clock. It is one limit for all handles, not one for each, and counts
    /// from wherever the timer does, so make the timer in this call. One that starts at its first
    /// poll, as evloop's `sleep` does, starts when the first item is asked for; where that is
    /// later, give it a fixed end, as `sleep_until` has.
    ///
    /// What is done when the timer is found ready still comes, then one
    /// [`TimedOut`](crate::TimedOut), then nothing more. Nothing is cancelled:
    /// [`AsCompletedInTime::into_wait_set`] gives the pending handles back.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_combinators::{Waitable, as_completed};
    /// use std::{future::{pending, ready}, pin::Pin};
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    ///
    /// type Job = Pin<Box<dyn Future<Output = &'static str>>>;
    ///
    /// async fn program() {
    ///     let jobs: [Job; 3] = [Box::pin(pending()), Box::pin(ready("short")), Box::pin(pending())];
    ///     let at_once = ready(());
    ///     let mut completed = as_completed(jobs.map(Waitable::new)).timeout(at_once);
    ///
    ///     let short = completed.next().await.unwrap().unwrap();
    ///     assert_eq!(short.into_output().unwrap(), "short");
    ///     let error = completed.next().await.unwrap().unwrap_err();
    ///     assert_eq!(
    ///         error.to_string(),
    ///         "failed to complete every handle in time: 2 are still pending",
    ///     );
    ///     assert!(completed.next().await.is_none());
    ///     assert_eq!(completed.into_wait_set().len(), 2);
    /// }
    /// # assert!(pin!(program()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    pub fn timeout<T: Future<Output = ()>>(self, timer: T) -> AsCompletedInTime<H, T> {
        AsCompletedInTime::new(self.set, timer)
    }

    /// The handles that have not come, with their registrations.
    #[must_use]
    pub fn into_wait_set(self) -> WaitSet<H> {
        self.set
    }
}

impl<H: Completion> Stream for AsCompleted<H> {
    type Item = H;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<H>> {
        self.set.poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<H: Completion> FusedStream for AsCompleted<H> {
    fn is_terminated(&self) -> bool {
        self.is_empty()
    }
}

impl<H: fmt::Debug> fmt::Debug for AsCompleted<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("pending", &self.set)
            .finish()
    }
}
