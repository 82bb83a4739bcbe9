//! The runtime with several threads: workers that steal work from one another, composed of the same
//! machines as the event loop.

mod blocking_on;
mod builder;
mod ending;
mod engine;
mod guest;
mod looks;
mod worker_thread;

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use evloop_task::{Builder, ErrorContext, JoinError, Task, create_task_local, current_task};

use crate::context::get_running_loop;
use crate::error::RunError;
use crate::handle::Handle;
use crate::shared::lock;

pub use builder::RuntimeBuilder;
pub use ending::Leftovers;
pub(crate) use engine::Engine;

/// Runs tasks on several threads.
///
/// The same programs run on it as on an [`EventLoop`](crate::EventLoop), unless they depend on the
/// order of steps or make tasks that are not `Send`. All that can be asked of it from anywhere is on
/// [`Handle`], which it dereferences to; the free functions, such as
/// [`create_task`](crate::create_task), work in its tasks.
///
/// A task that is ready is put at the end of its worker's queue; workers with nothing to do steal from
/// queues that are long or do not move. Tasks made with [`create_task_local`](crate::create_task_local)
/// stay on the worker that made them, and those of [`Handle::create_task_on`] on one that is chosen.
///
/// Dropping it ends it as [`Runtime::close`] does.
///
/// ```
/// use evloop::{Runtime, create_task, gather, yield_now};
///
/// let runtime = Runtime::new()?;
/// let sum = runtime.block_on(async {
///     let tasks = (1..=4).map(|n| {
///         create_task(async move {
///             yield_now().await;
///             n * n
///         })
///     });
///     let squares = gather(tasks).await;
///     squares.into_iter().map(Result::unwrap).sum::<u32>()
/// })?;
/// assert_eq!(sum, 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is not as on one thread
///
/// - Steps and callbacks run in no particular order, and at the same time.
/// - [`Handle::all_tasks`] does not list tasks that have not run yet, nor those that are pinned to other
///   workers.
/// - [`Handle::stop`] does nothing: a runtime runs until it is closed.
pub struct Runtime {
    engine: Arc<Engine>,
    handle: Handle,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
    task_grace: Duration,
    executor_grace: Duration,
}

impl Runtime {
    /// A runtime with a worker for each processor.
    ///
    /// # Errors
    ///
    /// What the system gives when it makes no more descriptors or threads.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// Options of a runtime.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::new()
    }

    /// A handle of this runtime, for any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Number of worker threads.
    #[must_use]
    pub fn n_workers(&self) -> usize {
        self.engine.workers.len()
    }

    /// Runs `future` on this thread until it is done, while the workers run what it spawns: as
    /// [`Handle::block_on`].
    ///
    /// # Errors
    ///
    /// As [`Handle::block_on`].
    ///
    /// # Panics
    ///
    /// When the future does.
    #[track_caller]
    #[doc(alias = "run_until_complete")]
    pub fn block_on<F: IntoFuture>(&self, future: F) -> Result<F::Output, RunError> {
        self.engine.block_on(&self.handle, future.into_future())
    }

    /// Runs the program's main future on this thread, as [`Runtime::block_on`] does, with ctrl-C as in
    /// [`Runner::run`](crate::Runner::run): on the main thread the first SIGINT cancels the future's task,
    /// which may clean up, and the second ends the run at once. Other tasks go on until the runtime is
    /// closed.
    ///
    /// ```
    /// let runtime = evloop::Runtime::new()?;
    /// let answer = runtime.run(async { evloop::create_task(async { 42 }).await })?;
    /// assert_eq!(answer.unwrap(), 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RunError::Interrupted`], and as [`Handle::block_on`].
    ///
    /// # Panics
    ///
    /// When the future does.
    #[track_caller]
    pub fn run<F: IntoFuture>(&self, main: F) -> Result<F::Output, RunError> {
        self.engine
            .run_interruptibly(&self.handle, main.into_future())
    }

    /// Ends it: cancels all tasks and lets them finish, waits for the default executor's work, has the
    /// workers leave, and drops what is left; with the limits of
    /// [`task_grace`](RuntimeBuilder::task_grace) and
    /// [`executor_grace`](RuntimeBuilder::executor_grace). What exceeds them is abandoned, and reported
    /// to the exception handler. Later calls do nothing; dropping the runtime does the same.
    ///
    /// In a task of this runtime, or in the future of a `block_on`, it cannot wait for itself: then a
    /// thread of its own does the rest.
    pub fn close(&self) {
        let left = self.end(self.task_grace, self.executor_grace);
        if !left.is_empty() {
            self.handle
                .call_exception_handler(&ErrorContext::new(left.to_string()));
        }
    }

    /// As [`Runtime::close`], with this limit for the tasks and again for the default executor; returns
    /// what was abandoned instead of reporting it.
    pub fn shutdown(self, grace: Duration) -> Leftovers {
        self.end(grace, grace)
    }

    fn end(&self, task_grace: Duration, executor_grace: Duration) -> Leftovers {
        let threads = std::mem::take(&mut *lock(&self.threads));
        if !self.handle.is_of_this_process() {
            // The threads are the parent's: they cannot be waited for, nor let go.
            std::mem::forget(threads);
            return Leftovers::default();
        }
        if threads.is_empty() {
            return Leftovers::default();
        }
        let engine = Arc::clone(&self.engine);
        let handle = self.handle.clone();
        let is_inside = get_running_loop().is_ok_and(|running| running == handle);
        if !is_inside {
            return ending::end(&engine, &handle, threads, task_grace, executor_grace);
        }
        // One of its own workers or guests cannot wait for itself to leave.
        engine.begin_end();
        let rest = move || {
            let left = ending::end(&engine, &handle, threads, task_grace, executor_grace);
            if !left.is_empty() {
                let context = ErrorContext::new(left.to_string());
                handle.call_exception_handler(&context);
            }
        };
        let spawned = std::thread::Builder::new()
            .name("evloop-closing".into())
            .spawn(rest);
        if let Err(error) = spawned {
            // Without any grace: the last to leave drops what is left.
            self.engine.stop();
            let message = format!("failed to close a runtime from within: {error}");
            self.handle
                .call_exception_handler(&ErrorContext::new(message));
        }
        Leftovers::default()
    }
}

impl Handle {
    /// Number of threads that run tasks: 1 for an event loop.
    #[must_use]
    pub fn n_workers(&self) -> usize {
        self.shared()
            .runtime()
            .map_or(1, |engine| engine.workers.len())
    }

    /// Makes a coroutine on a thread of one's choice, where it stays: it need not be `Send`.
    ///
    /// Worker numbers begin at 0; an event loop has only that one. Cancelling the task cancels the
    /// coroutine.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use evloop::Runtime;
    ///
    /// let runtime = Runtime::builder().n_workers(2).build()?;
    /// let task = runtime.create_task_on(1, async || {
    ///     let local = Rc::new(5);
    ///     evloop::yield_now().await;
    ///     *local
    /// });
    /// assert_eq!(runtime.block_on(task)?.unwrap(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no worker of that number.
    ///
    /// # Cost
    ///
    /// Two tasks.
    #[track_caller]
    pub fn create_task_on<F, C>(&self, worker: usize, make: F) -> Task<C::Output>
    where
        F: FnOnce() -> C + Send + 'static,
        C: Future<Output: Send + 'static> + 'static,
    {
        let there = match self.shared().runtime() {
            // Other threads' tasks are not taken any more, nor are they for all workers.
            Some(engine) if engine.is_ending() && !engine.is_entered() => {
                engine.pinned(worker).map(|_| self.shared().executor)
            }
            Some(engine) => engine.pinned(worker),
            None => (worker == 0).then_some(self.shared().executor),
        };
        let Some(there) = there else {
            panic!(
                "failed to create a task: there is no worker {worker} of {}",
                self.n_workers()
            )
        };
        there.spawn(Builder::new(), async move {
            let inner = create_task_local(make());
            match inner.await {
                Ok(output) => output,
                Err(JoinError::Panicked(panic)) => panic.resume(),
                Err(error) => end_with(&error).await,
            }
        })
    }

    /// Runs `future` on this thread until it is done; what it spawns runs on the workers of the
    /// runtime. For a thread of the program, and for blocking work (see [`to_thread`](crate::to_thread)).
    ///
    /// The future runs as a task, on this thread. It may borrow from the caller. Local tasks that it
    /// makes run on this thread as well, and are ended with it.
    ///
    /// # Errors
    ///
    /// [`RunError`]: the runtime is closed, a loop or runtime runs on this thread already, the future's
    /// task was cancelled, or this is the handle of an event loop, which runs tasks on its own
    /// thread only.
    ///
    /// # Panics
    ///
    /// When the future does.
    #[track_caller]
    pub fn block_on<F: IntoFuture>(&self, future: F) -> Result<F::Output, RunError> {
        match self.shared().runtime() {
            Some(engine) => engine.block_on(self, future.into_future()),
            None if !self.is_of_this_process() => Err(RunError::Forked),
            // While the last worker to leave drops what is left, there is no runtime any more.
            None if self.is_closed() || self.shared().is_of_runtime() => Err(RunError::Closed),
            None => Err(RunError::OneThread),
        }
    }
}

/// Ends the running task as cancelled.
async fn end_with(error: &JoinError) -> ! {
    if let Some(task) = current_task() {
        task.cancel_with(error.to_string());
    }
    match pending::<Infallible>().await {}
}

impl Deref for Runtime {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("n_workers", &self.n_workers())
            .field("closed", &self.handle.is_closed())
            .finish_non_exhaustive()
    }
}
