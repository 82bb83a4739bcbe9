//! evloop-executor alone: the same tasks without timers and I/O.

use std::future::Future;

use evloop_executor::{ExecutorHandle, LocalExecutor};
use evloop_task::Builder;

use super::{Runtime, SendRuntime};
use crate::send::AssertSend;

pub(crate) enum BareExecutor {}

impl Runtime for BareExecutor {
    const NAME: &'static str = "evloop-executor";

    type Join<T: Send + 'static> = evloop_task::Task<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let executor = LocalExecutor::new();
        let task = executor.spawn(AssertSend::new(main));
        executor
            .block_on(task)
            .expect("the main task ends by itself")
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        evloop_task::create_task(AssertSend::new(future))
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        evloop_task::yield_now()
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }
}

impl SendRuntime for BareExecutor {
    const NAME: &'static str = <Self as Runtime>::NAME;

    type Join<T: Send + 'static> = <Self as Runtime>::Join<T>;

    type Handle = ExecutorHandle;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let executor = LocalExecutor::new();
        let task = executor.spawn(main(executor.handle()));
        executor
            .block_on(task)
            .expect("the main task ends by itself")
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        evloop_task::create_task(future)
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }

    #[inline]
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        drop(handle.spawn(Builder::new(), future));
    }

    #[inline]
    fn block_on_task<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        let task = handle.spawn(Builder::new(), future);
        evloop_executor::block_on(task).expect("the task ends by itself");
    }
}
