//! `create_task` and `ensure_future` on the scheduler that runs on this thread.

use std::future::{Future, IntoFuture};

use crate::error::NoRunningLoop;
use crate::outcome::{ChildOutput, Given};
use crate::scheduler::{Scheduler, current_scheduler, local_scheduler};
use crate::spawn::Builder;
use crate::task::Task;

/// Starts a coroutine as a task of the running loop. Its first step runs after everything that is
/// ready now.
///
/// Dropping the handle detaches the task: the loop keeps it until it ends.
///
/// # Panics
///
/// When no loop runs on this thread.
#[track_caller]
#[doc(alias = "spawn")]
pub fn create_task<F>(coroutine: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Builder::new().spawn(running(), coroutine)
}

/// Starts a coroutine that returns `()` or a `Result`; the task's result is one `Result` and not two.
///
/// The coroutine's error becomes the task's own, [`JoinError::Failed`](crate::JoinError::Failed), which
/// can be asked for its type. If nobody ever awaits, reads or cancels the task, it is reported to the
/// exception handler, once: asyncio's "exception was never retrieved".
///
/// # Panics
///
/// When no loop runs on this thread.
#[track_caller]
pub fn try_create_task<F>(coroutine: F) -> Task<<F::Output as Given>::Value>
where
    F: Future<Output: ChildOutput> + Send + 'static,
    <F::Output as Given>::Value: Send + 'static,
{
    Builder::new().try_spawn(running(), coroutine)
}

/// As [`create_task`], for a coroutine that is not `Send`: it stays on this thread.
///
/// # Panics
///
/// When no loop runs on this thread.
#[track_caller]
#[doc(alias = "spawn_local")]
pub fn create_task_local<F>(coroutine: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Builder::new().spawn_local(running_here(), coroutine)
}

impl Builder {
    /// As the function [`create_task`], with these options.
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    #[track_caller]
    pub fn create_task<F>(self, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn(running(), coroutine)
    }

    /// As the function [`create_task_local`], with these options.
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    #[track_caller]
    pub fn create_task_local<F>(self, coroutine: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_local(running_here(), coroutine)
    }
}

/// Where a task goes.
#[inline]
#[track_caller]
pub(crate) fn running() -> &'static dyn Scheduler {
    match current_scheduler() {
        Some(scheduler) => scheduler,
        None => panic!("failed to create a task: {NoRunningLoop}"),
    }
}

/// Where a task goes that must not leave this thread.
#[inline]
#[track_caller]
pub(crate) fn running_here() -> &'static dyn Scheduler {
    match local_scheduler() {
        Some(scheduler) => scheduler,
        None => panic!("failed to create a task: {NoRunningLoop}"),
    }
}

/// Makes a task of anything awaitable; a [`Task`] or [`Promise`](crate::Promise) stays what it is.
///
/// Tasks and promises have an inherent method of the same name that returns `self`, and it wins:
/// the very same handle comes back. Use [`ensure_future!`](crate::ensure_future!) to call it
/// without importing the trait.
pub trait EnsureFuture: IntoFuture {
    /// Starts `self` as a task of the running loop.
    ///
    /// # Panics
    ///
    /// When no loop runs on this thread.
    #[track_caller]
    fn ensure_future(self) -> Task<Self::Output>
    where
        Self: Sized,
        Self::IntoFuture: Send + 'static,
        Self::Output: Send + 'static,
    {
        create_task(self.into_future())
    }
}

impl<F: IntoFuture> EnsureFuture for F {}

/// asyncio's `ensure_future`: a task or promise comes back as it is, anything else that can be
/// awaited becomes a task of the running loop.
#[macro_export]
macro_rules! ensure_future {
    ($awaitable:expr) => {{
        #[allow(unused_imports, reason = "unused where the inherent method wins")]
        use $crate::EnsureFuture as _;
        ($awaitable).ensure_future()
    }};
}
