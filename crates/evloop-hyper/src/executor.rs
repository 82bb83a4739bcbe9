//! hyper's tasks on the running loop.

use std::future::Future;

use evloop_task::{create_task, create_task_local};
use hyper::rt::Executor;

/// Starts hyper's tasks on the loop or runtime of the thread that it is used on.
///
/// They are detached: a connection that is dropped ends them.
///
/// # Panics
///
/// hyper panics through it where no loop is running.
///
/// # Examples
///
/// ```
/// use evloop_hyper::HyperExecutor;
/// use hyper::rt::Executor;
///
/// let (say, heard) = std::sync::mpsc::channel();
/// let executor = evloop_executor::LocalExecutor::new();
/// executor.block_on(async move {
///     HyperExecutor.execute(async move { say.send("done") });
///     evloop_task::yield_now().await;
/// });
/// assert_eq!(heard.recv(), Ok("done"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperExecutor;

impl<F> Executor<F> for HyperExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        create_task(future).detach();
    }
}

/// As [`HyperExecutor`], for connections and services that are not `Send`: their tasks stay on the thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalHyperExecutor;

impl<F> Executor<F> for LocalHyperExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        create_task_local(future).detach();
    }
}
