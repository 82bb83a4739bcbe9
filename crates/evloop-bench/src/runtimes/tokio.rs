//! tokio's current_thread runtime, with its timer and I/O drivers.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use super::{Runtime, SendRuntime, Timers};
use crate::send::AssertSend;

pub(crate) enum Tokio {}

fn runtime() -> tokio::runtime::Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a descriptor")
}

/// Runs `main` as a task of `runtime`.
pub(super) fn run_on<M, F>(runtime: &tokio::runtime::Runtime, main: M) -> F::Output
where
    M: FnOnce(tokio::runtime::Handle) -> F,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let main = main(runtime.handle().clone());
    let ended = runtime.block_on(async { tokio::spawn(main).await });
    ended.expect("the main task ends by itself")
}

impl Runtime for Tokio {
    const NAME: &'static str = "tokio";

    type Join<T: Send + 'static> = tokio::task::JoinHandle<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        run_on(&runtime(), |_| AssertSend::new(main))
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(AssertSend::new(future))
    }

    #[inline]
    fn yield_now() -> impl Future<Output = ()> + 'static {
        tokio::task::yield_now()
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }
}

impl Timers for Tokio {
    type Sleep = tokio::time::Sleep;

    #[inline]
    fn sleep(delay: Duration) -> Self::Sleep {
        tokio::time::sleep(delay)
    }

    #[inline]
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
        sleep.reset(deadline.into());
    }

    #[inline]
    fn limit<F: Future + 'static>(limit: Duration, future: F) -> impl Future + 'static {
        tokio::time::timeout(limit, future)
    }
}

impl SendRuntime for Tokio {
    const NAME: &'static str = <Self as Runtime>::NAME;

    type Join<T: Send + 'static> = <Self as Runtime>::Join<T>;

    type Handle = tokio::runtime::Handle;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        run_on(&runtime(), main)
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(future)
    }

    #[inline]
    fn detach<T: Send + 'static>(join: Self::Join<T>) {
        drop(join);
    }

    #[inline]
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        drop(handle.spawn(future));
    }

    #[inline]
    fn block_on_task<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        let ended = handle.block_on(handle.spawn(future));
        ended.expect("the task ends by itself");
    }
}
