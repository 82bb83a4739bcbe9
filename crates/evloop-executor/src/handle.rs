//! The reference to an executor that every thread may hold.

use std::fmt;

use evloop_task::{Builder, Promise, Scheduler, Task, TaskRef};

use crate::block::Block;
use crate::call::CallHandle;
use crate::job::Job;
use crate::local_executor::all_tasks_of;
use crate::workers::Pool;

/// Sends work to a [`LocalExecutor`](crate::LocalExecutor) or to [`Workers`](crate::Workers) from any
/// thread. Cheap to copy; outlives its executor, which then refuses.
#[derive(Clone, Copy)]
pub struct ExecutorHandle {
    place: Place,
    generation: u64,
}

#[derive(Clone, Copy)]
enum Place {
    Local(&'static Block),
    Workers(&'static Pool),
}

/// The executor has been dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event loop is closed: it runs nothing any more")
    }
}

impl std::error::Error for Closed {}

impl ExecutorHandle {
    pub(crate) fn new(block: &'static Block, generation: u64) -> Self {
        Self {
            place: Place::Local(block),
            generation,
        }
    }

    pub(crate) fn of_workers(pool: &'static Pool, generation: u64) -> Self {
        Self {
            place: Place::Workers(pool),
            generation,
        }
    }

    /// What tasks see of the executor; of its successor, once it is closed.
    #[must_use]
    pub fn scheduler(&self) -> &'static dyn Scheduler {
        match self.place {
            Place::Local(block) => block,
            Place::Workers(pool) => pool,
        }
    }

    /// True until the executor is dropped.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.place {
            Place::Local(block) => block.is_open(self.generation),
            Place::Workers(pool) => pool.is_open(self.generation),
        }
    }

    /// True on the executor's own thread, or one of them.
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.is_open()
            && match self.place {
                Place::Local(block) => block.home.get().is_some(),
                Place::Workers(pool) => pool.here().is_some(),
            }
    }

    /// The same handle as it will be once the executor is closed: for who knows that it runs nothing any more.
    #[must_use]
    pub fn into_closed(self) -> Self {
        // Of a use that never comes.
        Self {
            generation: u64::MAX,
            ..self
        }
    }

    /// Starts a task. On a closed executor it ends at once, cancelled, with a message that says so.
    #[track_caller]
    pub fn spawn<F>(&self, builder: Builder, coroutine: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let scheduler = self.scheduler();
        let eager = builder.starts_eagerly_on(scheduler);
        let (step, task) = builder.prepare(scheduler, coroutine);
        if eager && self.is_open() {
            match self.place {
                Place::Local(block) => {
                    if let Some(local) = block.eager_place() {
                        block.run_eagerly(local, step);
                        return task;
                    }
                }
                Place::Workers(pool) => {
                    if pool.here().is_some() {
                        scheduler.start_eagerly(step);
                        return task;
                    }
                }
            }
        }
        // Meant for this use of the block: the next one must not run it.
        if let Err(refused) = self.queue_job(Job::Task(step)) {
            refused.discard();
        }
        task
    }

    fn queue_job(&self, job: Job) -> Result<(), Job> {
        match self.place {
            Place::Local(block) => block.queue(self.generation, job),
            Place::Workers(pool) => pool.queue(self.generation, job),
        }
    }

    /// As [`ExecutorHandle::spawn`], but says so when the executor is closed, and then drops the
    /// coroutine without making a task. One that closes during this call may also end the task, as
    /// it ends all others.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the executor has been dropped.
    #[track_caller]
    pub fn try_spawn<F>(&self, builder: Builder, coroutine: F) -> Result<Task<F::Output>, Closed>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if !self.is_open() {
            return Err(Closed);
        }
        Ok(self.spawn(builder, coroutine))
    }

    /// A promise whose callbacks run on this executor, and nowhere once it is closed.
    #[must_use]
    pub fn promise<T>(&self) -> Promise<T> {
        Promise::new_in_use(self.scheduler(), self.generation)
    }

    /// Queues a callback behind everything that is ready.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the executor has been dropped.
    #[track_caller]
    pub fn call_soon(
        &self,
        callback: impl FnOnce() + Send + 'static,
    ) -> Result<CallHandle, Closed> {
        let handle = CallHandle::new(callback);
        self.queue(&handle)?;
        Ok(handle)
    }

    /// Queues the callback of `handle`; it runs once, however often it is queued.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the executor has been dropped.
    pub fn queue(&self, handle: &CallHandle) -> Result<(), Closed> {
        self.queue_job(Job::Call(handle.job()))
            .map_err(|_job| Closed)
    }

    /// The tasks that have not ended. `None` on another thread than that of a
    /// [`LocalExecutor`](crate::LocalExecutor). Of [`Workers`](crate::Workers) those that have not run
    /// yet are not among them, nor those that are pinned to a worker.
    #[must_use]
    pub fn tasks(&self) -> Option<Vec<TaskRef>> {
        let block = match self.place {
            Place::Local(block) => block,
            Place::Workers(pool) => return self.is_open().then(|| pool.all_tasks()),
        };
        let local = self.is_open().then(|| block.home.get()).flatten()?;
        let stale = block.drain_inbox(local, self.generation, block.n_arrivals());
        let tasks = all_tasks_of(block, local);
        // Last, because their destructors may end the executor.
        stale.into_iter().for_each(Job::discard);
        Some(tasks)
    }
}

impl fmt::Debug for ExecutorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorHandle")
            .field("open", &self.is_open())
            .finish()
    }
}
