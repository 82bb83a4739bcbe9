//! Blocking work on threads: `run_in_executor` and `to_thread`.

use std::sync::Arc;
use std::time::Duration;

use evloop_blocking::{Abandoned, BlockingPool, Executor, Job, JobError};
use evloop_task::{JoinError, Promise, TaskResult};

use crate::error::LoopClosed;
use crate::handle::Handle;
use crate::shared::{DefaultExecutor, lock};

impl Handle {
    /// Runs `work` on another thread; its result arrives in the returned promise, in a turn of this
    /// loop. The work starts now, whether or not anybody awaits.
    ///
    /// `None` is the loop's default executor, made at the first use. A panic of `work` is the
    /// promise's error. Cancelling the promise succeeds at once; the work is skipped if it has not
    /// started, and goes on unheard otherwise. The default executor does not pass task-locals on.
    ///
    /// For a result that is not `Clone`, read it with [`Promise::wait`], or use
    /// [`to_thread`](crate::to_thread).
    ///
    /// When the loop is closed, or the executor refuses, the promise fails at once and says why.
    ///
    /// # Panics
    ///
    /// When `executor` does.
    ///
    /// # Cancel safety
    ///
    /// Dropping an await loses nothing: the promise can be awaited again.
    pub fn run_in_executor<F, T>(&self, executor: Option<&dyn Executor>, work: F) -> Promise<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + Sync + 'static,
    {
        let promise = self.create_future();
        let outcome = Outcome {
            promise: promise.clone(),
            handle: self.clone(),
            result: None,
        };
        let job = Job::new(move || outcome.fill(work));
        if let Err(refusal) = self.execute(executor, job) {
            // The dropped job has cancelled the promise's outcome; the refusal says more.
            let _already_done = promise.set_exception(refusal);
        }
        promise
    }

    /// Hands a job to `executor`, or to the default one.
    pub(crate) fn execute(&self, executor: Option<&dyn Executor>, job: Job) -> Result<(), Refusal> {
        if self.is_closed() {
            return Err(LoopClosed.into());
        }
        let refused = match executor {
            Some(executor) => executor.execute(job).err(),
            None => self.default_executor()?.execute(job).err(),
        };
        match refused {
            None => Ok(()),
            // Only the text is kept: the error itself carries the job, which holds the promise.
            Some(rejected) => Err(rejected.to_string().into()),
        }
    }

    /// The default executor, made if need be.
    fn default_executor(&self) -> Result<Arc<dyn Executor>, Refusal> {
        let mut place = lock(&self.shared().default_executor);
        match &*place {
            DefaultExecutor::Given(executor) => Ok(Arc::clone(executor)),
            DefaultExecutor::Own(pool) => Ok(Arc::new(pool.clone())),
            DefaultExecutor::Unmade => {
                let pool = BlockingPool::builder().thread_name("evloop").build()?;
                *place = DefaultExecutor::Own(pool.clone());
                Ok(Arc::new(pool))
            }
            DefaultExecutor::ShutDown => Err("the default executor has been shut down".into()),
        }
    }

    /// Replaces the default executor. One that the loop had made is let go: it finishes its work.
    pub fn set_default_executor(&self, executor: impl IntoExecutor) {
        let given = DefaultExecutor::Given(executor.into_executor());
        let old = std::mem::replace(&mut *lock(&self.shared().default_executor), given);
        drop(old);
    }

    /// Waits for the work of the default executor to end, at most `timeout`, and ends it;
    /// `run_in_executor(None, ..)` fails from here on. An executor that was given by the user is
    /// only forgotten: it is the user's to end.
    ///
    /// # Errors
    ///
    /// [`Abandoned`] says what had not ended in time; those threads go on by themselves.
    ///
    /// # Cancel safety
    ///
    /// Dropping it once it has been polled loses nothing but the report: the executor is shut down.
    /// Dropped before that, it does nothing.
    pub async fn shutdown_default_executor(&self, timeout: Duration) -> Result<(), Abandoned> {
        match self.take_default_executor() {
            DefaultExecutor::Own(pool) => {
                let ending = pool.shutdown_async();
                match self.shared().time.deadline(timeout, ending).await {
                    Ok(ended) => ended,
                    Err(_elapsed) => pool.shutdown(Duration::ZERO),
                }
            }
            _ => Ok(()),
        }
    }

    /// Lets the default executor go without waiting.
    pub(crate) fn close_default_executor(&self) {
        if let DefaultExecutor::Own(pool) = self.take_default_executor() {
            pool.close();
        }
    }

    fn take_default_executor(&self) -> DefaultExecutor {
        let mut place = lock(&self.shared().default_executor);
        std::mem::replace(&mut *place, DefaultExecutor::ShutDown)
    }
}

/// Why an executor did not take a job.
type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// What can be a default executor: an [`Executor`], or an `Arc` of one.
pub trait IntoExecutor {
    /// The executor, shared.
    fn into_executor(self) -> Arc<dyn Executor>;
}

impl<E: Executor + 'static> IntoExecutor for E {
    fn into_executor(self) -> Arc<dyn Executor> {
        Arc::new(self)
    }
}

/// Brings a result, or the news that there will be none, to the promise by way of the loop.
struct Outcome<T: Send + Sync + 'static> {
    promise: Promise<T>,
    handle: Handle,
    result: Option<TaskResult<T>>,
}

impl<T: Send + Sync + 'static> Outcome<T> {
    fn fill(mut self, work: impl FnOnce() -> T) {
        if self.promise.done() {
            return;
        }
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        self.result =
            Some(worked.map_err(|payload| JoinError::from_panic(payload, "work in an executor")));
    }
}

impl<T: Send + Sync + 'static> Drop for Outcome<T> {
    fn drop(&mut self) {
        let result = self.result.take().unwrap_or_else(|| {
            Err(JoinError::from_cancel(
                "the executor dropped the work without running it",
            ))
        });
        let promise = self.promise.clone();
        // On a closed loop nobody is left to be told.
        let _closed = self.handle.call_soon_threadsafe(move || {
            let _cancelled_meanwhile = promise.set(result);
        });
    }
}

/// Runs `work` on a thread of the running loop's default executor and waits for it.
///
/// Nothing starts before it is awaited. Unlike [`Handle::run_in_executor`] it needs no `Clone`.
///
/// ```
/// let length = evloop::run(async { evloop::to_thread(|| "blocking".len()).await });
/// assert_eq!(length.unwrap(), 8);
/// ```
///
/// # Errors
///
/// [`JoinError`]: `work` panicked, or no thread could take it.
///
/// # Cancel safety
///
/// Dropping it does not stop work that has started: it goes on, and its result is dropped.
///
/// # Panics
///
/// When no loop runs on this thread.
#[doc(alias = "spawn_blocking")]
pub async fn to_thread<F, T>(work: F) -> Result<T, JoinError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (job, result) = Job::with_handle(work);
    if let Err(refusal) = Handle::current().execute(None, job) {
        return Err(JoinError::Failed(Arc::from(refusal)));
    }
    result.await.map_err(|error| match error {
        JobError::Panicked(payload) => {
            JoinError::from_panic(payload.into_inner(), "work in an executor")
        }
        error => JoinError::from_cancel(error.to_string()),
    })
}
