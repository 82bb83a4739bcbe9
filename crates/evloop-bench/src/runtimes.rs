//! What a workload may ask of a runtime, so that its text is the same for all.

mod async_executor;
mod async_task;
mod boxes;
mod event_loop;
mod evloop_executor;
mod monoio;
mod smol;
mod tokio;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

pub(crate) use self::async_executor::AsyncExecutor;
pub(crate) use self::async_task::BareAsyncTask;
pub(crate) use self::boxes::Boxes;
pub(crate) use self::event_loop::EventLoop;
pub(crate) use self::evloop_executor::BareExecutor;
pub(crate) use self::monoio::Monoio;
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;

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

/// A runtime that takes tasks from other threads.
pub(crate) trait Remote: Runtime {
    /// What another thread needs for it.
    type Handle: Send + 'static;

    /// Runs `main` with a handle for other threads.
    fn run_remote<M, F>(main: M) -> F::Output
    where
        M: FnOnce(Self::Handle) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    fn spawn_remote<F: Future<Output = ()> + Send + 'static>(handle: &Self::Handle, future: F);
}
