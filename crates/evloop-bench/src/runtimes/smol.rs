//! smol: async-executor's `LocalExecutor`, driven by `async_io::block_on`, which turns the reactor.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use async_io::Timer;
use futures_lite::FutureExt as _;

use super::{Runtime, Timers, async_executor};

pub(crate) enum Smol {}

impl Runtime for Smol {
    const NAME: &'static str = "smol";

    type Join<T: Send + 'static> = ::async_executor::Task<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let executor = async_executor::local();
        async_io::block_on(executor.run(executor.spawn(main)))
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        async_executor::local().spawn(future)
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        futures_lite::future::yield_now()
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        join.detach();
    }
}

impl Timers for Smol {
    type Sleep = Timer;

    #[inline]
    fn sleep(delay: Duration) -> Self::Sleep {
        Timer::after(delay)
    }

    #[inline]
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
        sleep.get_mut().set_at(deadline);
    }

    #[inline]
    fn limit<F: Future + 'static>(limit: Duration, future: F) -> impl Future + 'static {
        // The way that smol's documentation shows.
        async move { Some(future.await) }.or(async move {
            Timer::after(limit).await;
            None
        })
    }
}
