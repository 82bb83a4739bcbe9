//! Limits in time for code that may clean up when they have passed: a cancel scope with a timer.

mod control;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use evloop_cancel::{TimeoutScope, TimeoutState, timeout_scope};
use evloop_time::{Elapsed, Sleep, sleep, sleep_until};
use pin_project_lite::pin_project;

use crate::timeout::control::Control;

pub use control::{NotActive, TimeLimitHandle};

/// Gives `future` so long to be ready, then asks it to end: asyncio's `async with timeout(..)`.
///
/// The time counts from the first poll; `None` is no limit. A future that is ready at once touches
/// neither clock nor timer. When the time has passed, the innermost scopes inside are asked to end,
/// and may clean up asynchronously; an awaited task is cancelled and waited for; code that refuses
/// gives its value. Of nested limits that are due together the outermost reports. For one that can
/// be moved, see [`TimeLimit`].
///
/// ```
/// use std::time::Duration;
/// use evloop::{sleep, timeout};
///
/// evloop::run(async {
///     assert_eq!(timeout(Duration::from_secs(600), async { 7 }).await, Ok(7));
///     let late = timeout(Duration::from_millis(1), sleep(Duration::from_secs(600))).await;
///     assert_eq!(late.unwrap_err().to_string(), "failed to finish within 1ms");
/// });
/// ```
///
/// # Errors
///
/// [`Elapsed`] when the limit has ended it.
///
/// # Panics
///
/// When no loop runs on this thread and `future` is not ready at once.
///
/// # Cancel safety
///
/// Dropping it drops `future` and takes the timer out at once. A request from outside passes through
/// to what is inside.
pub fn timeout<F: IntoFuture>(
    limit: impl Into<Option<Duration>>,
    future: F,
) -> Timeout<F::IntoFuture> {
    Limit::after(limit.into()).run(future)
}

/// Gives `future` until `at` to be ready, then asks it to end; `None` is no limit.
///
/// As [`timeout`]. An instant that has passed ends what suspends; what is ready at once succeeds.
///
/// # Errors
///
/// As [`timeout`].
///
/// # Panics
///
/// As [`timeout`].
///
/// # Cancel safety
///
/// As [`timeout`].
pub fn timeout_at<F: IntoFuture>(
    at: impl Into<Option<Instant>>,
    future: F,
) -> Timeout<F::IntoFuture> {
    Limit::at(at.into()).run(future)
}

/// A limit in time that can be looked at and moved while it runs: asyncio's `Timeout` object.
///
/// ```
/// use std::time::{Duration, Instant};
/// use evloop::{TimeLimit, sleep};
///
/// evloop::run(async {
///     let limit = TimeLimit::after(Duration::from_millis(1));
///     let handle = limit.handle();
///     let done = limit.run(async move {
///         // It takes longer than was thought.
///         handle.reschedule(Instant::now() + Duration::from_secs(600)).unwrap();
///         sleep(Duration::from_millis(2)).await;
///         "done"
///     });
///     assert_eq!(done.await, Ok("done"));
/// });
/// ```
#[derive(Debug)]
#[must_use = "a limit does nothing until something is run in it"]
pub struct TimeLimit {
    limit: Limit,
    control: Arc<Control>,
}

impl TimeLimit {
    /// A limit so long after its first poll; `None` is no limit.
    pub fn after(limit: impl Into<Option<Duration>>) -> Self {
        Self::with(Limit::after(limit.into()))
    }

    /// A limit at an instant; `None` is no limit.
    pub fn at(at: impl Into<Option<Instant>>) -> Self {
        Self::with(Limit::at(at.into()))
    }

    fn with(limit: Limit) -> Self {
        let control = Arc::new(Control::new(limit.start));
        Self { limit, control }
    }

    /// A handle to look at and move it, for any thread.
    #[must_use]
    pub fn handle(&self) -> TimeLimitHandle {
        TimeLimitHandle::new(Arc::clone(&self.control))
    }

    /// Runs `future` within the limit, as [`timeout`] does.
    ///
    /// # Errors
    ///
    /// As [`timeout`].
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    ///
    /// # Cancel safety
    ///
    /// As [`timeout`].
    pub fn run<F: IntoFuture>(self, future: F) -> Timeout<F::IntoFuture> {
        self.limit.run_with(Some(self.control), future)
    }
}

/// When a limit ends, as it was given.
#[derive(Clone, Copy, Debug)]
struct Limit {
    start: Start,
}

/// What a limit counts from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Never,
    After(Duration),
    At(Instant),
}

impl Limit {
    fn after(limit: Option<Duration>) -> Self {
        Self {
            start: limit.map_or(Start::Never, Start::After),
        }
    }

    fn at(at: Option<Instant>) -> Self {
        Self {
            start: at.map_or(Start::Never, Start::At),
        }
    }

    fn run<F: IntoFuture>(self, future: F) -> Timeout<F::IntoFuture> {
        self.run_with(None, future)
    }

    fn run_with<F: IntoFuture>(
        self,
        control: Option<Arc<Control>>,
        future: F,
    ) -> Timeout<F::IntoFuture> {
        let sleep = match self.start {
            Start::Never => None,
            Start::After(limit) => Some(sleep(limit)),
            Start::At(at) => Some(sleep_until(at)),
        };
        let timer = Timer {
            sleep,
            control: control.clone(),
        };
        Timeout {
            limit: self,
            control,
            scope: timeout_scope(timer, future),
        }
    }
}

/// The timer of a limit, which follows its handle.
struct Timer {
    sleep: Option<Sleep>,
    control: Option<Arc<Control>>,
}

impl Future for Timer {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if let Some(control) = &this.control
            && let Some(moved) = control.take_moved(cx)
        {
            this.sleep = moved.map(sleep_until);
        }
        let Some(sleep) = &mut this.sleep else {
            return Poll::Pending;
        };
        let polled = Pin::new(sleep).poll(cx);
        if polled.is_ready()
            && let Some(control) = &this.control
        {
            control.set_state(TimeoutState::Expiring);
        }
        polled
    }
}

pin_project! {
    /// The future of [`timeout`], [`timeout_at`] and [`TimeLimit::run`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Timeout<F> {
        limit: Limit,
        control: Option<Arc<Control>>,
        #[pin]
        scope: TimeoutScope<Timer, F>,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(control) = this.control
            && this.scope.state() == TimeoutState::Unentered
        {
            control.enter();
        }
        let polled = this.scope.as_mut().poll(cx);
        if let Some(control) = this.control {
            control.set_state(this.scope.state());
        }
        polled.map(|ended| {
            ended.map_err(|_expired| {
                Elapsed::of(match this.limit.start {
                    Start::After(limit) => Some(limit),
                    Start::Never | Start::At(_) => None,
                })
            })
        })
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("limit", &self.limit.start)
            .field("state", &self.scope.state())
            .finish_non_exhaustive()
    }
}
