//! asyncio's `wait_for` and `shield`, for anything that can be awaited.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use evloop_task::{Promise, Shield, Task};
use evloop_time::Elapsed;
use pin_project_lite::pin_project;

use crate::timeout::{Timeout, timeout};

/// Waits so long for a task or promise, then cancels it and waits for its end: asyncio's `wait_for`.
///
/// `None` is no limit. When the limit has passed, the task is cancelled and may clean up; what it
/// gives then decides: cancelled gives [`Elapsed`], a value or an error of its own is returned, so it
/// may take longer than the limit. A limit of zero gives the result of what is done, and cancels
/// what is not. For any other future see [`wait_for!`](crate::wait_for!) and [`timeout`]; to keep the
/// task, [`shield`](fn@crate::shield) it.
///
/// ```
/// use std::time::Duration;
/// use evloop::{create_task, sleep, wait_for};
///
/// evloop::run(async {
///     let task = create_task(sleep(Duration::from_secs(600)));
///     assert!(wait_for(task, Duration::from_millis(1)).await.is_err());
/// });
/// ```
///
/// # Errors
///
/// [`Elapsed`] when the limit has ended it.
///
/// # Cancel safety
///
/// A cancel request is forwarded to the task, which is waited for; then it goes on, unless the task
/// refused it and gave a value. A task that had ended before is not asked, and its result goes with the
/// handle. Dropping the future detaches the task.
pub fn wait_for<H: Awaited>(handle: H, limit: impl Into<Option<Duration>>) -> Timeout<H> {
    timeout(limit, handle)
}

/// A handle that [`wait_for`] takes: a [`Task`], a [`Promise`], or a borrowed or shielded one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handle that `wait_for` takes",
    note = "for any future: `wait_for!(future, limit)`, or `timeout(limit, future)`"
)]
pub trait Awaited: Future {}

impl<T> Awaited for Task<T> {}
impl<T> Awaited for &mut Task<T> {}
impl<T: Clone> Awaited for Promise<T> {}
impl<T: Clone> Awaited for &mut Promise<T> {}
impl<H> Awaited for Shield<H> where Self: Future {}

/// Waits so long for anything that can be awaited: asyncio's `wait_for`.
///
/// `wait_for!(task, limit)` is [`wait_for`](fn@crate::wait_for)`(task, limit)`, for a promise too. Any
/// other future runs under a [`timeout`](crate::timeout()), except that a limit of zero never starts
/// it.
///
/// ```
/// use std::time::Duration;
/// use evloop::wait_for;
///
/// evloop::run(async {
///     assert_eq!(wait_for!(async { 7 }, Duration::from_secs(1)).await, Ok(7));
///     assert!(wait_for!(async { unreachable!() }, Duration::ZERO).await.is_err());
/// });
/// ```
///
/// # Cancel safety
///
/// For a task or promise as [`wait_for`](fn@crate::wait_for); any other future is dropped with it, and
/// asked to end with it, as by [`timeout`](crate::timeout()).
#[macro_export]
macro_rules! wait_for {
    ($awaitable:expr, $limit:expr $(,)?) => {{
        #[allow(unused_imports, reason = "unused where the inherent method wins")]
        use $crate::by_kind::OfFuture as _;
        $crate::by_kind::ByKind($awaitable).wait_for($limit)
    }};
}

/// Waits for anything that can be awaited, and keeps cancel requests from it.
///
/// `shield!(task)` is [`shield`](fn@crate::shield)`(task)`, for a promise too; any other future is made
/// a task first, which goes on by itself when the waiter is cancelled.
///
/// ```
/// evloop::run(async {
///     assert_eq!(evloop::shield!(async { 7 }).await.unwrap(), 7);
/// });
/// ```
///
/// # Cancel safety
///
/// As [`shield`](fn@crate::shield): dropped or cancelled, what it waits for goes on.
#[macro_export]
macro_rules! shield {
    ($awaitable:expr $(,)?) => {
        $crate::shield($crate::ensure_future!($awaitable))
    };
}

/// What the macros use to tell handles from other futures: an inherent method wins over a trait's.
#[doc(hidden)]
pub mod by_kind {
    use super::{
        Awaited, Duration, Future, IntoFuture, Promise, Task, Timeout, WaitForFuture, timeout,
    };

    /// Something that can be awaited.
    #[derive(Debug)]
    pub struct ByKind<A>(pub A);

    impl<T> ByKind<Task<T>> {
        pub fn wait_for(self, limit: impl Into<Option<Duration>>) -> Timeout<Task<T>> {
            timeout(limit, self.0)
        }
    }

    impl<T: Clone> ByKind<Promise<T>> {
        pub fn wait_for(self, limit: impl Into<Option<Duration>>) -> Timeout<Promise<T>> {
            timeout(limit, self.0)
        }
    }

    impl<'a, H> ByKind<&'a mut H>
    where
        &'a mut H: Awaited,
    {
        pub fn wait_for(self, limit: impl Into<Option<Duration>>) -> Timeout<&'a mut H> {
            timeout(limit, self.0)
        }
    }

    /// Any other future.
    pub trait OfFuture {
        /// The future inside.
        type Future: Future;

        fn wait_for(self, limit: impl Into<Option<Duration>>) -> WaitForFuture<Self::Future>;
    }

    impl<F: IntoFuture> OfFuture for ByKind<F> {
        type Future = F::IntoFuture;

        fn wait_for(self, limit: impl Into<Option<Duration>>) -> WaitForFuture<F::IntoFuture> {
            WaitForFuture::new(self.0.into_future(), limit.into())
        }
    }
}

pin_project! {
    /// The future of [`wait_for!`](crate::wait_for!) for a future that is no handle.
    #[must_use = "a future does nothing until it is awaited"]
    pub struct WaitForFuture<F> {
        // `None` when the limit is zero.
        #[pin]
        inner: Option<Timeout<F>>,
    }
}

impl<F: Future> WaitForFuture<F> {
    fn new(future: F, limit: Option<Duration>) -> Self {
        let inner = (limit != Some(Duration::ZERO)).then(|| timeout(limit, future));
        Self { inner }
    }
}

impl<F: Future> Future for WaitForFuture<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().inner.as_pin_mut() {
            Some(inner) => inner.poll(cx),
            None => Poll::Ready(Err(Elapsed::of(Some(Duration::ZERO)))),
        }
    }
}

impl<F> fmt::Debug for WaitForFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitForFuture").field(&self.inner).finish()
    }
}
