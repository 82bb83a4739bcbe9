//! tokio's multi_thread runtime, with its timer and I/O drivers.

use std::future::Future;

use tokio::runtime::Builder;

use super::tokio::run_on;
use super::{Clocked, N_WORKERS, SendRuntime, Tokio};

pub(crate) enum TokioWorkers {}

impl SendRuntime for TokioWorkers {
    const NAME: &'static str = "tokio";

    type Join<T: Send + 'static> = tokio::task::JoinHandle<T>;

    type Handle = tokio::runtime::Handle;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(N_WORKERS).enable_all().build();
        run_on(&runtime.expect("the system gives threads"), main)
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

impl Clocked for TokioWorkers {
    type Clock = Tokio;
}
