//! What can be wrong with the input of a combinator, and being late.

use std::error::Error;
use std::fmt;

/// A [`wait`](crate::wait) was given no handles, so it has nothing to wait for.
///
/// asyncio raises a `ValueError` here. In a loop over `pending`, ask
/// [`WaitSet::is_empty`](crate::WaitSet::is_empty) first.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{EmptyWait, Waitable, wait};
/// use std::future::Ready;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// let nothing: Vec<Waitable<Ready<()>>> = Vec::new();
/// # let mut cx = Context::from_waker(Waker::noop());
/// let Poll::Ready(Err(error)) = pin!(wait(nothing)).poll(&mut cx) else { unreachable!() };
/// assert_eq!(error.to_string(), "failed to wait: the set of handles is empty");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptyWait;

impl fmt::Display for EmptyWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to wait: the set of handles is empty")
    }
}

impl Error for EmptyWait {}

/// A [`race`](crate::race()) was given no children, so nobody can win it.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{EmptyRace, race};
/// use std::future::Ready;
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// let nobody: Vec<Ready<u32>> = Vec::new();
/// # let mut cx = Context::from_waker(Waker::noop());
/// let Poll::Ready(Err(error)) = pin!(race(nobody)).poll(&mut cx) else { unreachable!() };
/// assert_eq!(error.to_string(), "failed to race: there are no children");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptyRace;

impl fmt::Display for EmptyRace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to race: there are no children")
    }
}

impl Error for EmptyRace {}

/// The time of an [`as_completed`](crate::as_completed()) was over before every handle was done.
///
/// asyncio raises a `TimeoutError` here. The pending handles go on, and are still in the stream:
/// [`AsCompletedInTime::into_wait_set`](crate::AsCompletedInTime::into_wait_set) gives them back.
///
/// # Examples
///
/// ```
/// use evloop_combinators::{Waitable, as_completed};
/// use std::future::{pending, ready};
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
///
/// let mut completed = as_completed([Waitable::new(pending::<()>())]).timeout(ready(()));
/// # let mut cx = Context::from_waker(Waker::noop());
/// let Poll::Ready(Some(Err(error))) = pin!(completed.next()).poll(&mut cx) else { unreachable!() };
/// assert_eq!(error.n_pending(), 1);
/// assert_eq!(
///     error.to_string(),
///     "failed to complete every handle in time: 1 is still pending",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimedOut {
    n_pending: usize,
}

impl TimedOut {
    pub(crate) fn new(n_pending: usize) -> Self {
        Self { n_pending }
    }

    /// How many handles were pending when the time was over. At least one.
    #[must_use]
    pub fn n_pending(&self) -> usize {
        self.n_pending
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.n_pending;
        let verb = if n == 1 { "is" } else { "are" };
        write!(
            f,
            "failed to complete every handle in time: {n} {verb} still pending"
        )
    }
}

impl Error for TimedOut {}
