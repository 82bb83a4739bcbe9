//! asyncio's `wait_for` and `shield`, for anything that can be awaited.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use evloop_task::{JoinError, Promise, Shield, Shielded, Task, TaskResult};
use evloop_time::Elapsed;
use pin_project_lite::pin_project;

use crate::timeout::{Timeout, timeout};

/// Waits so long for a task or promise, then cancels it and waits for its end: asyncio's `wait_for`.
///
/// `None` is no limit. When the limit has passed, the task is cancelled and may clean up; what it
/// gives then decides: cancelled gives [`Elapsed`], a value or an error of its own is returned, so it
/// may take longer than the limit. A limit of zero gives the result of what is done, and cancels at
/// once what is not: a task that has not started never does. For any other future see [`wait_for!`](crate::wait_for!) and [`timeout`]; to keep the
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
pub fn wait_for<H: Awaited>(handle: H, limit: impl Into<Option<Duration>>) -> WaitFor<H> {
    let limit = limit.into();
    WaitFor(if limit == Some(Duration::ZERO) {
        Waiting::AtOnce {
            handle,
            is_asked: false,
        }
    } else {
        Waiting::Within(timeout(limit, handle))
    })
}

/// A handle that [`wait_for`] takes: a [`Task`], a [`Promise`], or a borrowed or shielded one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handle that `wait_for` takes",
    note = "for any future: `wait_for!(future, limit)`, or `timeout(limit, future)`"
)]
pub trait Awaited: Future<Output = TaskResult<Self::Value>> + Unpin {
    /// What it gives.
    type Value;

    /// Asks it to end, now that the time is over. False when it is not to be asked nor waited for.
    #[doc(hidden)]
    fn give_up(&self) -> bool;
}

impl<T> Awaited for Task<T> {
    type Value = T;

    fn give_up(&self) -> bool {
        self.cancel();
        true
    }
}

impl<T: Clone> Awaited for Promise<T> {
    type Value = T;

    fn give_up(&self) -> bool {
        self.cancel();
        true
    }
}

impl<H: Awaited> Awaited for &mut H {
    type Value = H::Value;

    fn give_up(&self) -> bool {
        (**self).give_up()
    }
}

impl<T, H: Shielded<Output = TaskResult<T>>> Awaited for Shield<H> {
    type Value = T;

    fn give_up(&self) -> bool {
        false
    }
}

/// The future of [`wait_for`](fn@crate::wait_for).
#[must_use = "a future does nothing until it is awaited"]
pub struct WaitFor<H>(Waiting<H>);

enum Waiting<H> {
    Within(Timeout<H>),
    /// The limit is zero.
    AtOnce {
        handle: H,
        is_asked: bool,
    },
}

impl<H: Awaited> Future for WaitFor<H> {
    type Output = Result<H::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Waiting::Within(timeout) => Pin::new(timeout).poll(cx),
            Waiting::AtOnce { handle, is_asked } => poll_at_once(handle, is_asked, cx),
        }
    }
}

fn poll_at_once<H: Awaited>(
    handle: &mut H,
    is_asked: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Result<H::Output, Elapsed>> {
    let elapsed = Err(Elapsed::of(Some(Duration::ZERO)));
    match Pin::new(&mut *handle).poll(cx) {
        Poll::Ready(Err(JoinError::Cancelled(_))) if *is_asked => Poll::Ready(elapsed),
        Poll::Ready(result) => Poll::Ready(Ok(result)),
        Poll::Pending if *is_asked => Poll::Pending,
        Poll::Pending => {
            // What it has registered tells it of the end.
            *is_asked = handle.give_up();
            if *is_asked {
                Poll::Pending
            } else {
                Poll::Ready(elapsed)
            }
        }
    }
}

impl<H: fmt::Debug> fmt::Debug for WaitFor<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Waiting::Within(timeout) => f.debug_tuple("WaitFor").field(timeout).finish(),
            Waiting::AtOnce { handle, .. } => f.debug_tuple("WaitFor").field(handle).finish(),
        }
    }
}

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
        Awaited, Duration, Future, IntoFuture, Promise, Task, WaitFor, WaitForFuture, wait_for,
    };

    /// Something that can be awaited.
    #[derive(Debug)]
    pub struct ByKind<A>(pub A);

    impl<T> ByKind<Task<T>> {
        pub fn wait_for(self, limit: impl Into<Option<Duration>>) -> WaitFor<Task<T>> {
            wait_for(self.0, limit)
        }
    }

    impl<T: Clone> ByKind<Promise<T>> {
        pub fn wait_for(self, limit: impl Into<Option<Duration>>) -> WaitFor<Promise<T>> {
            wait_for(self.0, limit)
        }
    }

    impl<'a, H> ByKind<&'a mut H>
    where
        &'a mut H: Awaited,
    {
        pub fn wait_for(self, limit: impl Into<Option<Duration>>) -> WaitFor<&'a mut H> {
            wait_for(self.0, limit)
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
