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
    Timeout::new(Start::after(limit.into()), None, future)
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
    Timeout::new(Start::at(at.into()), None, future)
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
    start: Start,
    control: Arc<Control>,
}

impl TimeLimit {
    /// A limit so long after its first poll; `None` is no limit.
    pub fn after(limit: impl Into<Option<Duration>>) -> Self {
        Self::with(Start::after(limit.into()))
    }

    /// A limit at an instant; `None` is no limit.
    pub fn at(at: impl Into<Option<Instant>>) -> Self {
        Self::with(Start::at(at.into()))
    }

    fn with(start: Start) -> Self {
        let control = Arc::new(Control::new(start));
        Self { start, control }
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
        Timeout::new(self.start, Some(self.control), future)
    }
}

/// What a limit counts from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Never,
    After(Duration),
    At(Instant),
}

impl Start {
    fn after(limit: Option<Duration>) -> Self {
        limit.map_or(Self::Never, Self::After)
    }

    fn at(at: Option<Instant>) -> Self {
        at.map_or(Self::Never, Self::At)
    }

    fn sleep(self) -> Option<Sleep> {
        match self {
            Self::Never => None,
            Self::After(limit) => Some(sleep(limit)),
            Self::At(at) => Some(sleep_until(at)),
        }
    }
}

/// The timer of a limit. It is set by its first poll, and follows the limit's handle.
struct Timer {
    start: Start,
    sleep: Option<Sleep>,
    control: Option<Arc<Control>>,
}

impl Future for Timer {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if let Some(control) = &this.control {
            if let Some(moved) = control.take_moved(cx) {
                this.start = Start::at(moved);
                this.sleep = None;
            }
            let polled = poll_sleep(this.start, &mut this.sleep, cx);
            if polled.is_ready() {
                control.set_state(TimeoutState::Expiring);
            }
            return polled;
        }
        poll_sleep(this.start, &mut this.sleep, cx)
    }
}

impl Drop for Timer {
    /// Dropped before its end: the handle says that there is nothing to move any more.
    #[inline]
    fn drop(&mut self) {
        if let Some(control) = &self.control {
            control.leave(self.sleep.as_ref().is_some_and(Sleep::is_elapsed));
        }
    }
}

#[inline]
fn poll_sleep(start: Start, sleep: &mut Option<Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    if sleep.is_none() {
        *sleep = start.sleep();
    }
    match sleep {
        Some(sleep) => Pin::new(sleep).poll(cx),
        None => Poll::Pending,
    }
}

pin_project! {
    /// The future of [`timeout`], [`timeout_at`] and [`TimeLimit::run`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        scope: TimeoutScope<Timer, F>,
    }
}

impl<F: Future> Timeout<F> {
    #[inline]
    fn new<I>(start: Start, control: Option<Arc<Control>>, future: I) -> Self
    where
        I: IntoFuture<IntoFuture = F>,
    {
        let timer = Timer {
            start,
            sleep: None,
            control,
        };
        Self {
            scope: timeout_scope(timer, future),
        }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut scope = self.project().scope;
        if scope.timer().control.is_some() {
            return poll_controlled(scope, cx);
        }
        let polled = scope.as_mut().poll(cx);
        polled.map(|ended| ended.map_err(|_expired| elapsed(scope.timer().start)))
    }
}

/// A poll that keeps the handle of the limit informed.
#[cold]
fn poll_controlled<F: Future>(
    mut scope: Pin<&mut TimeoutScope<Timer, F>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Elapsed>> {
    let control = scope.timer().control.clone();
    if let Some(control) = &control
        && scope.state() == TimeoutState::Unentered
    {
        control.enter();
    }
    let polled = scope.as_mut().poll(cx);
    let state = scope.state();
    if let Some(control) = &control {
        control.set_state(state);
        return polled.map(|ended| ended.map_err(|_expired| elapsed(control.start())));
    }
    polled.map(|ended| ended.map_err(|_expired| Elapsed::of(None)))
}

#[cold]
fn elapsed(start: Start) -> Elapsed {
    Elapsed::of(match start {
        Start::After(limit) => Some(limit),
        Start::Never | Start::At(_) => None,
    })
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("limit", &self.scope.timer().start)
            .field("state", &self.scope.state())
            .finish_non_exhaustive()
    }
}
