//! What a workload may ask of a runtime, so that its text is the same for all.

mod async_executor;
mod async_task;
mod boxes;
mod event_loop;
mod evloop_executor;
mod evloop_runtime;
mod evloop_workers;
mod executor_threads;
mod monoio;
mod smol;
mod tokio;
mod tokio_workers;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

pub(crate) use self::async_executor::AsyncExecutor;
pub(crate) use self::async_task::BareAsyncTask;
pub(crate) use self::boxes::Boxes;
pub(crate) use self::event_loop::EventLoop;
pub(crate) use self::evloop_executor::BareExecutor;
pub(crate) use self::evloop_runtime::EvloopRuntime;
pub(crate) use self::evloop_workers::EvloopWorkers;
pub(crate) use self::executor_threads::{ExecutorThreads, SmolThreads};
pub(crate) use self::monoio::Monoio;
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;
pub(crate) use self::tokio_workers::TokioWorkers;

/// Threads of those runtimes that have several.
pub(crate) const N_WORKERS: usize = 2;

/// Runs tasks on one thread.
pub(crate) trait Runtime: 'static {
    const NAME: &'static str;

    /// What spawning gives: a future of the task's end.
    type Join<T: Send + 'static>: Future + 'static;

    /// Makes a runtime, runs `main` on it **as a task** and gives its output.
    ///
    /// As a task, because awaiting in the future given to a `block_on` is another, slower path in
    /// some runtimes.
    fn run<F>(main: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: Send + 'static;

    /// Starts a task, from inside a task.
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static;

    /// The runtime's own way to let others run.
    fn yield_now() -> impl Future<Output = ()> + 'static;

    /// Lets a task run without anybody waiting for it.
    fn detach<T: Send + 'static>(join: Self::Join<T>);
}

/// A runtime with a clock.
pub(crate) trait Timers: Runtime {
    type Sleep: Future + 'static;

    fn sleep(delay: Duration) -> Self::Sleep;

    /// Moves a sleep that is being waited for to another deadline.
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant);

    /// The future with a limit in time, in the form that drops it when it is late.
    fn limit<F: Future + 'static>(limit: Duration, future: F) -> impl Future + 'static;
}

/// A runtime whose tasks are `Send`: it takes them from other threads, and may have several.
pub(crate) trait SendRuntime: 'static {
    const NAME: &'static str;

    /// What spawning gives: a future of the task's end.
    type Join<T: Send + 'static>: Future + Send + 'static;

    /// What another thread needs for it.
    type Handle: Clone + Send + 'static;

    /// Makes a runtime, runs `main` on it **as a task** with a handle for other threads, and gives its
    /// output.
    fn run<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a task, from inside a task.
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Lets a task run without anybody waiting for it.
    fn detach<T: Send + 'static>(join: Self::Join<T>);

    /// Starts a task from another thread, without anybody waiting for it.
    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F);

    /// Starts a task from another thread, which waits for it.
    fn block_on_task<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F);
}

/// With the timers of [`Clocked::Clock`].
pub(crate) trait Clocked: SendRuntime {
    type Clock: Timers;
}
