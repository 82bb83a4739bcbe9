//! Making tasks.

#![expect(unsafe_code, reason = "local futures are Send by contract only")]

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::anchor::Anchor;
use crate::conclude::{Conclude, Plain};
use crate::home_bound::HomeBound;
use crate::meta::Meta;
use crate::runnable::Runnable;
use crate::scheduler::Scheduler;
use crate::shell::Shell;
use crate::task::Task;

/// Options of a new task.
///
/// ```
/// # fn with(scheduler: &'static dyn evloop_task::Scheduler) {
/// let task = evloop_task::Builder::new().name("fetch").spawn(scheduler, async { 7 });
/// assert_eq!(&*task.name(), "fetch");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: Option<Arc<str>>,
}

impl Builder {
    /// A task without a name of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task. Without a name it is called `Task-N`.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Spawns a coroutine on `scheduler`; its first step is queued like a callback.
    ///
    /// Dropping the handle detaches the task: it runs on, kept alive by its scheduler.
    ///
    /// # Cost
    ///
    /// One allocation, for the coroutine, its state and its result together.
    #[track_caller]
    pub fn spawn<F>(self, scheduler: &'static dyn Scheduler, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (step, task) = self.prepare(scheduler, coroutine);
        step.schedule();
        task
    }

    /// As [`Builder::spawn`], but leaves it to the caller to queue the first step.
    #[track_caller]
    pub fn prepare<F>(
        self,
        scheduler: &'static dyn Scheduler,
        coroutine: F,
    ) -> (Runnable, Task<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.prepare_as(scheduler, Plain, coroutine)
    }

    /// As [`Builder::prepare`], with what is made of the end of the coroutine.
    #[track_caller]
    pub(crate) fn prepare_as<F, C>(
        self,
        scheduler: &'static dyn Scheduler,
        conclude: C,
        coroutine: F,
    ) -> (Runnable, Task<C::Value>)
    where
        F: Future + Send + 'static,
        C: Conclude<F::Output> + Send + 'static,
        C::Value: Send + 'static,
    {
        let meta = Meta::new(scheduler, Location::caller(), self.name);
        let (runnable, task) = async_task::Builder::new().metadata(meta).spawn(
            |meta| Shell::new(anchor_in_task(meta), conclude, coroutine),
            schedule,
        );
        (Runnable::new(runnable), Task::new(task))
    }

    /// Spawns a coroutine that is not `Send`, from the thread that runs `scheduler`.
    ///
    /// The scheduler must run it on this thread; elsewhere its poll panics (which ends the task)
    /// and its drop leaks it. Wakers of the task may go anywhere.
    ///
    /// # Cost
    ///
    /// Two allocations, since a coroutine that must be leaked on a foreign thread has to outlive its
    /// task; and a comparison of thread numbers for each step.
    #[track_caller]
    pub fn spawn_local<F>(self, scheduler: &'static dyn Scheduler, coroutine: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (step, task) = self.prepare_local_as(scheduler, Plain, coroutine);
        step.schedule();
        task
    }

    /// As [`Builder::spawn_local`], with what is made of the end of the coroutine; leaves it to the
    /// caller to queue the first step.
    #[track_caller]
    pub(crate) fn prepare_local_as<F, C>(
        self,
        scheduler: &'static dyn Scheduler,
        conclude: C,
        coroutine: F,
    ) -> (Runnable, Task<C::Value>)
    where
        F: Future + 'static,
        C: Conclude<F::Output> + Send + 'static,
        C::Value: 'static,
    {
        let meta = Meta::new(scheduler, Location::caller(), self.name);
        let coroutine = HomeBound::new(coroutine);
        let builder = async_task::Builder::new().metadata(meta);
        // SAFETY: `spawn_unchecked` asks for four things. The future and the schedule function are
        // `'static`. The schedule function is `Send + Sync`. The future is accessed and dropped on
        // its home thread only: `HomeBound` sees to it; what concludes it is `Send`. The output is
        // not `Send`: it is made on the home thread and leaves the slot through the handle, which
        // is then not `Send` either, or through the run of the step that made it.
        let (runnable, task) = unsafe {
            builder.spawn_unchecked(
                |meta| Shell::new(anchor_in_task(meta), conclude, coroutine),
                schedule,
            )
        };
        (Runnable::new(runnable), Task::new(task))
    }
}

/// The anchor that goes into the future beside `meta`.
fn anchor_in_task(meta: &Meta) -> Anchor {
    // SAFETY: (1) async-task calls this with the metadata in its final place; (2) the anchor is
    // stored in the future of the same allocation.
    unsafe { Anchor::new(meta) }
}

/// What async-task calls when a task has to be run. A function without captures, so that
/// async-task takes no reference around the call; the scheduler is copied out of the metadata
/// first, because once it is queued the task may be freed by another thread.
#[inline]
fn schedule(runnable: async_task::Runnable<Meta>) {
    let scheduler = runnable.metadata().scheduler;
    scheduler.schedule(Runnable::new(runnable));
}
