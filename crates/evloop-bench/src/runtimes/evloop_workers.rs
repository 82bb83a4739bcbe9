//! The workers of evloop-executor alone: the same tasks without timers and I/O.

use std::future::Future;
use std::thread;

use evloop_executor::{ExecutorHandle, Workers};
use evloop_task::Builder;

use super::{N_WORKERS, SendRuntime};
use crate::stopwatch;

pub(crate) enum EvloopWorkers {}

impl SendRuntime for EvloopWorkers {
    const NAME: &'static str = "evloop-executor";

    type Join<T: Send + 'static> = evloop_task::Task<T>;

    type Handle = ExecutorHandle;

    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let workers = Workers::new(N_WORKERS, stopwatch::now);
        let task = workers.spawn(main(workers.handle()));
        thread::scope(|scope| {
            for index in 0..N_WORKERS {
                let workers = &workers;
                let turn = move || {
                    let worker = workers.worker(index);
                    worker.expect("nobody else takes it").run();
                };
                let thread = thread::Builder::new().spawn_scoped(scope, turn);
                thread.expect("the system gives a thread");
            }
            let ended = evloop_executor::block_on(task);
            workers.stop();
            ended.expect("the main task ends by itself")
        })
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
