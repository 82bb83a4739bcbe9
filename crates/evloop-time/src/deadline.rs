//! A limit in time for any future.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::sleep::{Sleep, sleep, sleep_until};

/// Gives `future` so long to be ready, counted from the first poll, and drops it if it is not.
///
/// The future is polled first: one that is ready at once is never late, and touches neither clock
/// nor timer. A limit of zero lets it be polled twice, with one suspension between.
///
/// The late future is dropped and so has no chance to clean up asynchronously.
///
/// # Examples
///
/// ```
/// use std::future::{Future, pending, ready};
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Poll, Waker};
/// use std::time::Duration;
///
/// use evloop_time::{ManualClock, TimeDriver, deadline};
///
/// let mut cx = Context::from_waker(Waker::noop());
/// let limit = Duration::from_millis(100);
///
/// // Ready at once: not even a driver is needed.
/// assert_eq!(pin!(deadline(limit, ready(7))).poll(&mut cx), Poll::Ready(Ok(7)));
///
/// let clock = ManualClock::new();
/// let driver = TimeDriver::new(Arc::new(clock.clone()));
/// let _guard = driver.enter();
/// let mut stuck = pin!(deadline(limit, pending::<()>()));
/// assert!(stuck.as_mut().poll(&mut cx).is_pending());
///
/// clock.advance(limit);
/// driver.advance(&mut Vec::new());
/// let Poll::Ready(Err(elapsed)) = stuck.as_mut().poll(&mut cx) else { panic!("it is late") };
/// assert_eq!(elapsed.to_string(), "failed to finish within 100ms");
/// ```
///
/// # Cancel safety
///
/// Dropping it drops the future and takes the timer out at once.
///
/// # Panics
///
/// As [`sleep`], if the future is not ready at once. [`TimeHandle::deadline`] is the bound form.
///
/// [`TimeHandle::deadline`]: crate::TimeHandle::deadline
pub fn deadline<F: IntoFuture>(limit: Duration, future: F) -> Deadline<F::IntoFuture> {
    Deadline::new(sleep(limit), Some(limit), future.into_future())
}

/// Gives `future` until `at` to be ready, and drops it if it is not.
///
/// As [`deadline`], with an instant instead of a limit. One that has passed still lets the future
/// be polled before the driver's next turn.
///
/// # Cancel safety
///
/// Dropping it drops the future and takes the timer out at once.
///
/// # Panics
///
/// As [`sleep_until`], if the future is not ready at once.
pub fn deadline_at<F: IntoFuture>(at: Instant, future: F) -> Deadline<F::IntoFuture> {
    Deadline::new(sleep_until(at), None, future.into_future())
}

pin_project! {
    /// A future with a limit in time. Made by [`deadline`] and [`deadline_at`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Deadline<F> {
        // Dropped as soon as it is ready or late.
        #[pin]
        future: Option<F>,
        sleep: Sleep,
        limit: Option<Duration>,
    }
}

impl<F> Deadline<F> {
    pub(crate) fn new(sleep: Sleep, limit: Option<Duration>, future: F) -> Self {
        Self {
            future: Some(future),
            sleep,
            limit,
        }
    }
}

impl<F: Future> Future for Deadline<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a `Deadline` was polled after it had completed");
        };
        let result = match future.poll(cx) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => match Pin::new(&mut *this.sleep).poll(cx) {
                Poll::Ready(()) => Err(Elapsed { limit: *this.limit }),
                Poll::Pending => return Poll::Pending,
            },
        };
        this.sleep.end();
        this.future.set(None);
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for Deadline<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("sleep", &self.sleep)
            .field("completed", &self.future.is_none())
            .finish_non_exhaustive()
    }
}

/// The error of a future that was not ready by its [`deadline`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elapsed {
    limit: Option<Duration>,
}

impl Elapsed {
    /// The error of a limit that was a duration, or, without one, an instant.
    #[must_use]
    pub fn of(limit: Option<Duration>) -> Self {
        Self { limit }
    }

    /// The limit that was given, if it was a duration.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "failed to finish within {limit:?}"),
            None => f.write_str("failed to finish before the deadline"),
        }
    }
}

impl Error for Elapsed {}
