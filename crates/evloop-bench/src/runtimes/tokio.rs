//! tokio's current_thread runtime, with its timer and I/O drivers.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use super::{Remote, Runtime, Timers};
use crate::send::AssertSend;

pub(crate) enum Tokio {}

fn runtime() -> tokio::runtime::Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a descriptor")
}

impl Runtime for Tokio {
    const NAME: &'static str = "tokio";

    type Join<T: Send + 'static> = tokio::task::JoinHandle<T>;

    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let main = AssertSend::new(main);
        let task = async {
            tokio::spawn(main)
                .await
                .expect("the main task ends by itself")
        };
        runtime().block_on(task)
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

impl Remote for Tokio {
    type Handle = tokio::runtime::Handle;

    fn run_remote<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = runtime();
        let main = main(runtime.handle().clone());
        let task = async {
            tokio::spawn(main)
                .await
                .expect("the main task ends by itself")
        };
        runtime.block_on(task)
    }

    #[inline]
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F) {
        drop(handle.spawn(future));
    }
}
