//! async-executor alone, on one thread: its `LocalExecutor`.

use std::future::Future;

use async_executor::LocalExecutor;
use futures_lite::future::block_on;

use super::Runtime;

pub(crate) enum AsyncExecutor {}

thread_local! {
    /// Leaked, because tasks refer to it for as long as they like.
    static EXECUTOR: &'static LocalExecutor<'static> = Box::leak(Box::default());
}

pub(super) fn local() -> &'static LocalExecutor<'static> {
    EXECUTOR.with(|executor| *executor)
}

impl Runtime for AsyncExecutor {
    const NAME: &'static str = "async-executor";

    type Join<T: Send + 'static> = async_executor::Task<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        block_on(local().run(local().spawn(main)))
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        local().spawn(future)
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
